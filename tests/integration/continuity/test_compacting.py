"""The process that compacts: started, waited for, killed; with nothing of the bot's in its environment."""

import json
import os
from pathlib import Path

import pytest

from harness.invented_events import a_session
from harness.waiting import until
from uptime_bot.continuity.compacting import Compacting
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.journal import load, read_head, scan
from uptime_bot.continuity.journal_file import JournalFile
from uptime_bot.continuity.session import session_payload

READY = {"t": "READY", "s": 1, "op": 0, "d": {"guilds": [{"id": "5", "unavailable": True}], "user": {"id": "1"}}}


def a_journal(path: Path) -> JournalFile:
    frames = [
        Frame(Kind.SESSION, 0, 0, 0, session_payload(a_session("s1"))),
        Frame(Kind.EVENT, 1, 0, 0, json.dumps(READY).encode()),
        *(Frame(Kind.EVENT, sequence, 5, 0, b'{"t": "UNKNOWN", "d": {}}') for sequence in range(2, 50)),
    ]
    return JournalFile.created(path, generation=0, frames=frames)


def _outcome(process: Compacting) -> Path | str:
    answers: list[Path | str] = []

    def answered() -> bool:
        answer = process.outcome()
        if answer is not None:
            answers.append(answer)
        return bool(answers)

    until(answered, within_s=60.0)
    return answers[0]


def test_a_journal_is_compacted(tmp_path: Path) -> None:
    file = a_journal(tmp_path / "0-of-0.journal")
    process = Compacting(file.path, file.length, 60.0)
    out = _outcome(process)
    assert isinstance(out, Path), out
    descriptor = os.open(out, os.O_RDONLY)
    head = read_head(descriptor)
    assert (head.edition, head.folded_sequence) == (1, 49)
    entries = list(scan(descriptor, head.generation, end=out.stat().st_size))
    assert [entry.kind for entry in entries[:2]] == [Kind.SESSION, Kind.EVENT]
    assert json.loads(load(descriptor, entries[1]))["t"] == "READY"
    os.close(descriptor)


def test_a_journal_that_cannot_be_compacted_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "0-of-0.journal"
    path.write_bytes(b"x" * 100)
    process = Compacting(path, 100, 60.0)
    assert "DamagedError" in str(_outcome(process))
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_killed_when_it_takes_too_long_and_leaves_nothing(tmp_path: Path) -> None:
    file = a_journal(tmp_path / "0-of-0.journal")
    process = Compacting(file.path, file.length, 0.0)
    assert process.outcome() == "it took longer than 0 s"
    assert list(tmp_path.iterdir()) == [file.path]


def test_it_leaves_nothing_when_it_is_stopped_before_its_file_has_its_name(tmp_path: Path) -> None:
    file = a_journal(tmp_path / "0-of-0.journal")
    process = Compacting(file.path, file.length, 60.0)
    until(lambda: len(list(tmp_path.iterdir())) > 1, within_s=60.0)
    process.stop()
    assert list(tmp_path.iterdir()) == [file.path]


def test_it_is_given_nothing_of_the_bots_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "x")
    file = a_journal(tmp_path / "0-of-0.journal")
    process = Compacting(file.path, file.length, 60.0)
    environ = Path(f"/proc/{process._process.pid}/environ").read_bytes()
    process.stop()
    assert b"DISCORD_TOKEN" not in environ
