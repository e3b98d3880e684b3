"""The real compaction process beside a recorder: the journal is folded while events go on, and kills do no harm."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from harness.invented_events import a_key, a_session
from harness.recordings import AT, found_in, store_in
from harness.waiting import until
from uptime_bot.continuity.compacting import Compacting
from uptime_bot.continuity.found import Found
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.limits import Limits
from uptime_bot.continuity.recorder import Recorder
from uptime_bot.continuity.writer import Writer

GUILD, CHANNELS, JOINED = 5, 20, 1
LIMITS = Limits(batch_s=0.002, small_journal=20_000, settling_s=0.0)


def _frame(sequence: int, name: str, data: dict[str, Any], guild_id: int = GUILD, entity_id: int = 0) -> Frame:
    payload = json.dumps({"t": name, "s": sequence, "op": 0, "d": data}).encode()
    return Frame(Kind.EVENT, sequence, guild_id, entity_id, payload)


def _channel(place: int, name: str) -> dict[str, Any]:
    channel_id = str(100 + place % CHANNELS)
    return {"id": channel_id, "guild_id": str(GUILD), "type": 0, "name": name, "position": 0}


class Bot:
    """A bot that hears of a guild, of its channels' new names, and of messages."""

    def __init__(self, folder: Path) -> None:
        self.writer = Writer(LIMITS)
        self.recorder = Recorder(store_in(folder).files(a_key()), self.writer)
        self.sequences: Iterator[int] = count(1)
        self.names: dict[str, str] = {}
        self.messages: dict[str, str] = {}

    def begin(self) -> None:
        ready = {"guilds": [{"id": str(GUILD), "unavailable": True}], "user": {"id": "1"}}
        self.recorder.received(next(self.sequences))
        self.recorder.begin(a_session("s1"), _frame(1, "READY", ready, 0))
        self.recorder.touch(AT)
        self._done(1)
        guild = {"id": str(GUILD), "name": "g", "owner_id": "1", "member_count": 1, "roles": [], "members": []}
        guild["channels"] = [_channel(place, "new") for place in range(CHANNELS)]
        self.recorder.state(_frame(sequence := next(self.sequences), "GUILD_CREATE", guild, GUILD, JOINED))
        self._done(sequence)

    def go_on(self, events: int) -> int:
        sequence = 0
        for _ in range(events):
            sequence = next(self.sequences)
            self.recorder.received(sequence)
            channel = _channel(sequence, f"name {sequence}")
            if sequence % 3:
                self.recorder.state(_frame(sequence, "CHANNEL_UPDATE", channel))
                self.names[channel["id"]] = channel["name"]
            else:
                self.recorder.last_message(sequence, GUILD, int(channel["id"]), sequence)
                self.messages[channel["id"]] = str(sequence)
            self._done(sequence)
        assert self.recorder.flush(10.0)
        return sequence

    def _done(self, sequence: int) -> None:
        self.recorder.parsed(sequence)
        self.recorder.delivered(sequence)


def _picture(found: Found) -> tuple[dict[str, str], dict[str, str]]:
    """The channels' names and last messages, as a start would have them."""
    names: dict[str, str] = {}
    messages: dict[str, str] = {}
    for entry in found.entries.guilds[GUILD]:
        payload = found.load(entry)
        if entry.kind is Kind.LAST_MESSAGE:
            messages[str(entry.entity_id)] = str(int.from_bytes(payload, "big"))
            continue
        data = json.loads(payload)
        folded = data["channels"] if entry.kind is Kind.GUILD else data["d"].get("channels", [data["d"]])
        for channel in folded:
            names[channel["id"]] = channel["name"]
            if channel.get("last_message_id"):
                messages[channel["id"]] = str(channel["last_message_id"])
    return names, messages


def _assert_right(folder: Path, bot: Bot, sequence: int) -> Found:
    found = found_in(folder)
    assert (found.resume_sequence, found.delivered) == (sequence, sequence)
    names, messages = _picture(found)
    assert {key: names[key] for key in bot.names} == bot.names
    assert messages == bot.messages
    found.close()
    return found


def test_the_journal_is_folded_while_events_go_on(tmp_path: Path) -> None:
    bot = Bot(tmp_path)
    bot.begin()
    for edition in range(1, 4):
        until(lambda: bot.go_on(200) > 0 and _edition(tmp_path) >= edition, within_s=60.0)  # noqa: B023
        _assert_right(tmp_path, bot, bot.go_on(10))
    sequence = bot.go_on(10)
    bot.recorder.close(10.0)
    assert bot.writer.close(10.0)
    found = _assert_right(tmp_path, bot, sequence)
    folder = found.files.journal.parent
    assert sorted(path.suffix for path in folder.iterdir()) == [".journal", ".position"]


def test_a_process_that_is_killed_whenever_it_begins_leaves_the_journal_as_it_is(tmp_path: Path) -> None:
    killed: list[int] = []

    def start_and_kill(journal: Path, end: int, limit_s: float) -> Compacting:
        process = Compacting(journal, end, limit_s)
        os.kill(process._process.pid, signal.SIGKILL)
        killed.append(process._process.pid)
        return process

    bot = Bot(tmp_path)
    bot.writer = Writer(LIMITS, start_and_kill)
    bot.recorder = Recorder(store_in(tmp_path).files(a_key()), bot.writer)
    bot.begin()
    until(lambda: bot.go_on(200) > 0 and len(killed) > 1, within_s=60.0)
    sequence = bot.go_on(10)
    assert bot.writer.close(10.0)
    assert not _assert_right(tmp_path, bot, sequence).head.edition


def test_a_bot_that_is_killed_at_any_moment_of_a_compaction_is_gone_on_with(tmp_path: Path) -> None:
    for lives_s in (0.05, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5):
        folder = tmp_path / f"{lives_s}"
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        run = subprocess.run([sys.executable, __file__, folder, str(lives_s)], env=environment, timeout=60, check=False)
        assert run.returncode == -signal.SIGKILL
        found = found_in(folder)
        assert found.delivered == found.position.delivered
        names, _ = _picture(found)
        newest = _newest(found.resume_sequence)
        assert {key: names[key] for key in newest} == newest
        found.close()


def _live_until_killed(folder: Path, lives_s: float) -> None:
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    bot = Bot(folder)
    bot.begin()
    assert bot.recorder.flush(10.0)
    signal.setitimer(signal.ITIMER_REAL, lives_s)
    while True:
        bot.go_on(30)


def _newest(until_sequence: int) -> dict[str, str]:
    updates = (sequence for sequence in range(3, until_sequence + 1) if sequence % 3)
    return {_channel(sequence, "")["id"]: f"name {sequence}" for sequence in updates}


def _edition(folder: Path) -> int:
    found = found_in(folder)
    found.close()
    return found.head.edition


if __name__ == "__main__":
    _live_until_killed(Path(sys.argv[1]), float(sys.argv[2]))
