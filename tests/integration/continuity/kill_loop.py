"""Kills a process that records, at random moments, and checks what the next one would find: run by test_kills.py.

`python kill_loop.py FOLDER KILLS SEED`; writes what was wrong to stdout, and how much of what was seen. Each life of
the bot is a fork of this process, which has no threads: a life costs milliseconds, not the start of an interpreter.
"""

import copy
import json
import os
import random
import select
import signal
import struct
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from harness.invented_events import a_key, a_session, event, objection
from uptime_bot.continuity.compact_process import compact, unfolded
from uptime_bot.continuity.found import Found, Nothing
from uptime_bot.continuity.frames import Kind
from uptime_bot.continuity.journal_file import JournalFile
from uptime_bot.continuity.limits import Limits
from uptime_bot.continuity.outbox import Outbox
from uptime_bot.continuity.position import Position
from uptime_bot.continuity.recorder import Recorder
from uptime_bot.continuity.store import RecordStore
from uptime_bot.continuity.writer import Writer

LIMITS = Limits(batch_s=0.002, copy_s=0.01, small_journal=4000, growth=1, settling_s=0.0)
KEY = a_key()
REPORT = struct.Struct("<cQ")
WINDOW_S = 1000.0
LONGEST_LIFE_S = 0.05


STEPS: tuple[tuple[type, str], ...] = (
    *((JournalFile, name) for name in ("append", "moved_behind", "take_place_of")),
    *((Outbox, name) for name in ("established", "written", "announce", "replaced")),
    *((Position, name) for name in ("begin", "take_over", "store")),
)
"""Between these a kill changes what is found; chance alone hits some of the gaps too seldom."""


def die_at_a_step(chance: random.Random) -> None:
    """Have this process kill itself just before or just after one of the steps."""
    owner, name = chance.choice(STEPS)
    step, calls_left, before = getattr(owner, name), chance.choice((1, 1, 2, 5)), chance.random() < 0.3

    def step_and_die(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls_left
        calls_left -= 1
        if before and not calls_left:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = step(*args, **kwargs)
        if not calls_left:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, step_and_die)


class CompactingHere:
    """Compaction in the writer thread, so that kills hit it; the process around it is tested by itself."""

    def __init__(self, journal: Path, until: int, limit_s: float) -> None:
        self._out = journal.with_name(journal.name + ".compacted")
        compact(journal, self._out, until, fold=unfolded)

    def outcome(self) -> Path | str | None:
        return self._out

    def stop(self) -> None:
        self._out.unlink(missing_ok=True)


class Life:
    """One life of a bot, in a process of its own, until it is killed."""

    def __init__(self, store: RecordStore, reports: int, chance: random.Random) -> None:
        self.chance = chance
        self.reports = reports
        self.found: Found | Nothing | None = store.find(KEY, now=now(), window_s=WINDOW_S)
        self.recorder = Recorder(store.files(KEY), Writer(LIMITS, CompactingHere))
        self.at_least_once = chance.random() < 0.5
        self.running: list[int] = []

    def live(self, *, dies_at_a_step: bool) -> NoReturn:
        if dies_at_a_step:
            die_at_a_step(self.chance)
        if isinstance(self.found, Found) and self.chance.random() < 0.9:
            self.session_id, self.sequence = self.found.session.session_id, self.found.resume_sequence
            self.recorder.resume(self.found)
        else:
            self.begin()
        while True:
            for _ in range(self.chance.randrange(60)):
                self.handle()
            time.sleep(self.chance.random() * 0.002)
            if self.chance.random() < 0.02:
                self.recorder.flush(1.0)
                self.report(b"F", self.sequence)
            if self.chance.random() < 0.01:
                self.begin()

    def begin(self) -> None:
        number = self.chance.randrange(1 << 40)
        self.session_id, self.sequence, self.found = f"s{number}", 1, None
        self.running.clear()
        self.report(b"B", number)
        if self.chance.random() < 0.5:
            self.recorder.forget()
        self.recorder.received(1)
        ready = event(self.session_id, 1)
        assert ready is not None
        self.recorder.begin(a_session(self.session_id, KEY), ready)
        self.recorder.touch(now())
        self.recorder.parsed(1)
        self.recorder.delivered(1)

    def handle(self) -> None:
        self.sequence += 1
        sequence, recorder = self.sequence, self.recorder
        recorder.received(sequence)
        frame = event(self.session_id, sequence)
        if frame is not None and frame.kind is Kind.EVENT:
            recorder.state(frame)
        elif frame is not None:
            recorder.last_message(sequence, frame.guild_id, frame.entity_id, sequence)
        recorder.parsed(sequence)
        if isinstance(self.found, Found) and self.found.muted(sequence):
            recorder.delivered(sequence)
            return
        if self.at_least_once:
            recorder.started(sequence)
            self.running.append(sequence)
        self.report(b"S" if self.at_least_once else b"D", sequence)
        recorder.delivered(sequence)
        if self.running and (not self.at_least_once or self.chance.random() < 0.95):
            self.finish(self.running.pop(self.chance.randrange(len(self.running))))
        elif isinstance(self.found, Found) and sequence in self.found.in_flight and not self.at_least_once:
            self.finish(sequence)

    def finish(self, sequence: int) -> None:
        self.report(b"f", sequence)
        self.recorder.finished(sequence)
        self.report(b"e", sequence)

    def report(self, kind: bytes, value: int) -> None:
        os.write(self.reports, REPORT.pack(kind, value))


class Witness:
    """What a bot's lives have told, and what must therefore be found."""

    def __init__(self) -> None:
        self.before: Witness | None = None  # until the first report of a session that begins, the one before may stand
        self.session_id = ""
        self.recorded = False
        self.certain = False
        self.delivered = 0
        self.unfinished: set[int] = set()
        self.finishing: set[int] = set()
        self.seen: Counter[str] = Counter()

    def hear(self, kind: bytes, value: int) -> str | None:
        """What is wrong with a report, if anything."""
        before, self.before = copy.copy(self), None
        if kind == b"B":
            self.before = before
            self.session_id, self.certain, self.delivered = f"s{value}", False, 1
            self.unfinished, self.finishing = set(), set()
        elif kind == b"F":
            self.certain = True
        elif kind == b"f":
            self.finishing.add(value)
        elif kind == b"e":
            self.finishing.discard(value)
            self.unfinished.discard(value)
        else:
            return self._hear_delivery(value, in_flight=kind == b"S")
        return None

    def _hear_delivery(self, sequence: int, *, in_flight: bool) -> str | None:
        again = sequence in self.unfinished
        if in_flight:
            self.unfinished.add(sequence)
        if sequence == self.delivered + 1:
            self.delivered = sequence
        elif sequence == self.delivered or again:
            self.seen["again"] += 1  # killed after the handler began, before that was stored; or at-least-once
        else:
            return f"{sequence} was delivered after {self.delivered}"
        return None

    def lose_position(self, store: RecordStore) -> str | None:
        """As after a reboot: what is left is the copy, which may be older. What is wrong with that, if anything."""
        store.files(KEY).position.unlink(missing_ok=True)
        self.certain, self.before = False, None
        found = store.find(KEY, now=now(), window_s=WINDOW_S)
        if store.problems:
            return f"set aside: {store.problems}"
        if not isinstance(found, Found):
            return None
        self.seen["from copy"] += 1
        if found.session.session_id != self.session_id and self.recorded:
            return "the copy is of another session"
        if found.session.session_id == self.session_id and found.delivered > self.delivered:
            return "the copy is ahead"
        self.session_id, self.delivered = found.session.session_id, found.delivered
        self.unfinished, self.finishing = set(found.in_flight), set()
        wrong = objection(found)
        found.close()
        return wrong

    def judge(self, store: RecordStore) -> str | None:
        """What is wrong with the record, if anything."""
        found = store.find(KEY, now=now(), window_s=WINDOW_S)
        if store.problems:
            return f"set aside: {store.problems}"
        self.recorded = isinstance(found, Found)
        if not isinstance(found, Found):
            self.seen["nothing"] += 1
            self.seen[found.reason] += 1
            return f"nothing found: {found.reason}" if self.certain else None
        try:
            self.seen["found"] += 1
            self.certain |= not found.from_copy  # from now on, until another begins, at every instant
            self.seen["behind"] += found.resume_sequence < found.delivered
            self.seen["compacted"] += found.head.edition > 0
            if self.before and found.session.session_id == self.before.session_id:
                vars(self).update(vars(self.before))
            if found.session.session_id != self.session_id:
                return "another session was found"
            if not self.delivered - 1 <= found.delivered <= self.delivered:
                return f"delivered {found.delivered}, reported {self.delivered}"
            if forgotten := [each for each in self.unfinished - self.finishing if found.muted(each)]:
                return f"{forgotten} were still running, and would not be delivered again"
            return objection(found)
        finally:
            found.close()


def now() -> datetime:
    return datetime.now(UTC)


def a_life(store: RecordStore, witness: Witness, chance: random.Random) -> str | None:
    """One life and its end; what was wrong, if anything."""
    ours, theirs = os.pipe()
    seed, at_a_step = chance.random(), chance.random() < 0.4
    process = os.fork()
    if not process:
        os.close(ours)
        try:
            Life(store, theirs, random.Random(seed)).live(dies_at_a_step=at_a_step)  # noqa: S311 - a simulation
        finally:
            os._exit(99)
    os.close(theirs)
    told = _hear_until(ours, time.monotonic() + (1 if at_a_step else chance.random() ** 2) * LONGEST_LIFE_S)
    os.kill(process, signal.SIGKILL)
    status = os.waitpid(process, 0)[1]
    told += _hear_until(ours, None)
    os.close(ours)
    if not os.WIFSIGNALED(status):
        return f"the bot ended by itself: {os.waitstatus_to_exitcode(status)}"
    for kind, value in REPORT.iter_unpack(told):
        if wrong := witness.hear(kind, value):
            return wrong
    wrong = witness.judge(store)
    return witness.lose_position(store) if wrong is None and chance.random() < 0.1 else wrong


def _hear_until(reports: int, deadline_mono: float | None) -> bytes:
    told = b""
    while deadline_mono is None or (left := deadline_mono - time.monotonic()) > 0:
        if select.select([reports], [], [], None if deadline_mono is None else left)[0]:
            piece = os.read(reports, 65536)
            if not piece:
                break
            told += piece
    return told


def main(folder: Path, kills: int, seed: int) -> int:
    chance, witness = random.Random(seed), Witness()  # noqa: S311 - a simulation
    for kill in range(kills):
        wrong = a_life(RecordStore(folder / "state", folder / "run"), witness, chance)
        if wrong is not None:
            print(json.dumps({"kill": kill, "seed": seed, "wrong": wrong, "seen": witness.seen}))
            return 1
    print(json.dumps({"seen": witness.seen}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
