"""Commands that talk to a person at a terminal."""

import os
import pty
import select
import subprocess
import time

from rig.machine import MACHINE_SH, Machine

QUESTION = b": "
DEADLINE_S = 120


def at_a_terminal(machine: Machine, *argv: str, answer: str) -> str:
    """Run a command inside on a terminal of its own, answer its first question, and return all that it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(MACHINE_SH), "run", machine.name, *argv],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    answered = False
    deadline = time.monotonic() + DEADLINE_S
    try:
        while time.monotonic() < deadline and (chunk := _read(ours)) is not None:
            shown += chunk
            if not answered and shown.endswith(QUESTION):
                os.write(ours, answer.encode() + b"\n")
                answered = True
        assert process.wait(timeout=DEADLINE_S) == 0, shown.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return shown.decode(errors="replace")


def _read(terminal: int) -> bytes | None:
    """What came within a moment; None once the other side has closed it."""
    if not select.select([terminal], [], [], 0.2)[0]:
        return b""
    try:
        return os.read(terminal, 4096) or None
    except OSError:  # EIO is how Linux says it
        return None
