"""One process per bot; the one that is turned away says who holds the lock."""

import fcntl
import os
from pathlib import Path

import pytest

from uptime_bot.service.instance_lock import InstanceLock, InstanceLocked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instance.lock"


def test_the_second_one_is_told_who_holds_it_and_what_to_do(path: Path) -> None:
    held = InstanceLock(path)
    held.acquire("bot.py")
    with pytest.raises(InstanceLocked) as refused:
        InstanceLock(path).acquire("bot.py")
    words = str(refused.value)
    assert f"another process runs this bot: pid {os.getpid()} (" in words
    assert ", running bot.py. It holds " in words
    assert str(path) in words
    assert "systemctl stop uptime-bot" in words
    assert "--set paths.state_dir=DIR" in words


def test_being_turned_away_leaves_the_holders_words_and_lock(path: Path) -> None:
    held = InstanceLock(path)
    held.acquire("bot.py")
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(InstanceLocked):
            InstanceLock(path).acquire("another.py")
    assert path.read_bytes() == before


def test_a_file_that_nobody_holds_is_taken_over_whole(path: Path) -> None:
    path.write_text('{"pid": 1, "since": 0, "target": "' + "x" * 500 + '"}')
    InstanceLock(path).acquire("bot.py")
    assert b"xxx" not in path.read_bytes()


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(b"", id="taken a moment ago"),
        pytest.param(b"\xff\xfe{", id="no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"pid": "x", "since": 0, "target": ""}', id="no pid"),
        pytest.param(b'{"pid": 1e999, "since": 0, "target": ""}', id="an infinite pid"),
        pytest.param(b'{"pid": 1, "since": 1e18, "target": ""}', id="a time far away"),
        pytest.param(b"[" * 4096, id="nested without end"),
    ],
)
def test_a_holder_that_has_said_nothing_sensible(path: Path, written: bytes) -> None:
    path.write_bytes(written)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InstanceLocked, match="a process that has not said which it is"):
            InstanceLock(path).acquire("bot.py")


def test_a_holder_that_is_gone_from_here(path: Path) -> None:
    path.write_bytes(b'{"pid": 4194304999, "since": 0, "target": "bot.py"}')
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InstanceLocked, match="another process runs this bot: "):
            InstanceLock(path).acquire("bot.py")
