"""Wherever a SIGKILL hits the recording, the next process finds a record that is right, or none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILL_LOOP = Path(__file__).with_name("kill_loop.py")
TESTS = Path(__file__).parents[2]
KILLS = 125


@pytest.mark.parametrize("seed", range(4))  # 500 kills; four, so that they run side by side
def test_a_record_that_is_accepted_is_right(tmp_path: Path, seed: int) -> None:
    run = subprocess.run(
        [sys.executable, KILL_LOOP, tmp_path, str(KILLS), str(seed)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    seen = json.loads(run.stdout)["seen"]
    assert seen["found"] > KILLS / 2, "kills that leave a session prove more"
    assert seen["behind"], "some must hit while events wait to be written"
    assert seen["compacted"], "some must hit compacted journals"
