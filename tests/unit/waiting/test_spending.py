"""What was spent survives every end of a process, a reboot and a damaged file, and nothing makes it less."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakes.login import FIRST
from unit.waiting.test_identify_budget import discord_, limit_of
from uptime_bot.contract.tokens import Token
from uptime_bot.waiting.elapsed import Moment, elapsed_s, this_moment
from uptime_bot.waiting.identify_budget import Hold, Leave
from uptime_bot.waiting.record_file import RecordFile
from uptime_bot.waiting.spending import IdentifyLedger, RefusalLedger, Spending
from uptime_bot.waiting.start_limit import DAY_S, TOTAL, StartLimit
from uptime_drill.discord.budgets import IdentifyVerdict, SessionStarts

LIMIT = StartLimit(total=1000, remaining=900, reset_after_s=3600, max_concurrency=1)


@dataclass(slots=True, kw_only=True)
class Machine:
    """A machine whose clock since boot goes at the right pace, and which can be booted anew."""

    boots: int = 0
    at_s: float = 50.0

    def moment(self) -> Moment:
        return Moment(boot=f"boot {self.boots}", at_s=self.at_s)

    def boot(self) -> None:
        self.boots += 1
        self.at_s = 20.0


def ledger_at(path: Path, machine: Machine, *, presumed: int = TOTAL) -> IdentifyLedger:
    return IdentifyLedger(RecordFile(path, "1", moment=machine.moment), moment=machine.moment, presumed=presumed)


def take(ledger: IdentifyLedger) -> Leave:
    return ledger.take(0, shards=1, reserve=0.1)


ACTIONS = st.sampled_from(
    [
        "identify", "identify", "identify", "crash before the record", "crash before the IDENTIFY",
        "crash after the IDENTIFY", "corrupt", "cut the file", "reboot", "disk full", "disk fine", "no HELLO",
    ]
)  # fmt: skip
GAPS_S = st.sampled_from([6.0, 0.0, 0.5, 6.0, 6.0, 6.0, 6.0, 100.0, 2000.0, 20_000.0, 90_000.0])


class Life:
    """One application on one machine through everything that may happen, against Discord's own count.

    Discord gives no application fewer than a thousand; the few that `total` stands for are presumed as those are.
    """

    def __init__(self, folder: Path, *, total: int = 8) -> None:
        self.path = folder / "identifies-1.json"
        self.machine = Machine()
        self.now = 0.0
        self.discord: SessionStarts = discord_(total)
        self.disk_full = False
        self.ledger = self.process()
        self.ledger.hear(limit_of(self.discord, self.now), self.ledger.mark())  # the first start ever has a login
        assert self.ledger.save(durable=False)

    def process(self) -> IdentifyLedger:
        return ledger_at(self.path, self.machine, presumed=self.discord.total)

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.machine.at_s += seconds

    def step(self, action: str, *, rest_answers: bool) -> None:
        match action:
            case "corrupt":
                self.path.write_bytes(b'{"version": 1, "of": "1"')
                self.ledger = self.process()
            case "cut the file":
                self.path.write_bytes(self.path.read_bytes()[:-20])
                self.ledger = self.process()
            case "reboot":
                self.machine.boot()
                self.passes(20.0)
                self.ledger = self.process()
            case "disk full" | "disk fine":
                self.disk_full = action == "disk full"
            case _:
                self.identify(action, rest_answers=rest_answers)

    def identify(self, how: str, *, rest_answers: bool) -> None:
        if rest_answers:
            self.ledger.hear(limit_of(self.discord, self.now), self.ledger.mark())
        if take(self.ledger).hold is not None:
            return
        if how == "crash before the record":
            self.ledger = self.process()
            return
        saved = not self.disk_full and self.ledger.save(durable=False)
        if how == "crash before the IDENTIFY":
            self.ledger = self.process()
            return
        if not self.ledger.confirm(saved=saved) or how == "no HELLO":
            self.ledger.take_back(0)
            return
        assert self.discord.take(0, self.now) is not IdentifyVerdict.EXHAUSTED
        if how == "crash after the IDENTIFY":
            self.ledger = self.process()
            return
        self.ledger.sent(0)
        if not self.disk_full:
            self.ledger.save(durable=False)


@settings(max_examples=150)
@given(st.lists(st.tuples(ACTIONS, GAPS_S, st.booleans()), min_size=60, max_size=150), st.booleans())
@example(steps=[("corrupt", 6.0, False), ("identify", 90_000.0, False), *[("identify", 6.0, False)] * 60], rest=False)
def test_nothing_that_happens_resets_the_token(steps: Sequence[tuple[str, float, bool]], rest: bool) -> None:
    """Starts, crashes at each point, damaged files, full disks, reboots, a REST that answers now and then or never."""
    with TemporaryDirectory() as folder:
        life = Life(Path(folder))
        for action, gap_s, answers in steps:
            life.passes(gap_s)
            life.step(action, rest_answers=rest and answers)


@pytest.mark.parametrize("rest_answers", [False, True])
@pytest.mark.parametrize(
    "again",
    [
        ("crash after the IDENTIFY",),
        ("corrupt", "identify"),
        ("cut the file", "crash after the IDENTIFY"),
        ("reboot", "identify"),
        ("disk full", "crash after the IDENTIFY"),
        ("identify", "disk full", "crash after the IDENTIFY", "disk fine"),
    ],
    ids=", ".join,
)
def test_the_same_misfortune_again_and_again_does_not_reset_the_token(
    again: tuple[str, ...], rest_answers: bool, tmp_path: Path
) -> None:
    life = Life(tmp_path)
    for _ in range(100):
        for action in again:
            life.passes(6.0)
            life.step(action, rest_answers=rest_answers)
    assert 0 < life.discord.used <= 7 or not rest_answers


def test_a_lost_record_and_a_silent_day_leave_the_thousand_that_each_application_has(tmp_path: Path) -> None:
    """With the record Discord's own total is lost: the least that there is counts, and from nothing."""
    life = Life(tmp_path, total=TOTAL)
    life.step("corrupt", rest_answers=False)
    life.step("identify", rest_answers=False)
    assert life.discord.used == 0
    life.passes(DAY_S)
    for _ in range(1500):
        life.passes(6.0)
        life.step("crash after the IDENTIFY", rest_answers=False)
    assert TOTAL / 2 <= life.discord.used <= TOTAL * 0.9


def test_the_wall_clock_is_not_asked(tmp_path: Path) -> None:
    """Whatever it is set to, forth or back, the day goes on as before: time is counted since the boot."""
    before = this_moment()
    assert elapsed_s(before, this_moment()) < 60
    assert elapsed_s(Moment(boot="a", at_s=5000.0), Moment(boot="b", at_s=30.0)) == 30.0
    assert elapsed_s(Moment(boot="a", at_s=5000.0), Moment(boot="a", at_s=30.0)) == 0.0


def test_a_new_process_knows_what_the_last_one_spent(tmp_path: Path) -> None:
    machine, path = Machine(), tmp_path / "identifies-1.json"
    ledger = ledger_at(path, machine)
    assert take(ledger).hold is None
    assert ledger.save(durable=True)  # and is killed here
    machine.at_s += 2.0
    assert take(ledger_at(path, machine)) == Leave(wait_s=3.5, hold=Hold.CONCURRENCY, remaining=999, total=1000)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\x00", id="binary"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{" * 100_000, id="deeply nested"),
        pytest.param(b'{"version": 2, "of": "1", "boot": "", "at_s": 0, "record": {}}', id="another version"),
        pytest.param(b'{"version": 1, "of": "2", "boot": "", "at_s": 0, "record": {}}', id="another application's"),
        pytest.param(b'{"version": 1, "of": "1", "boot": "", "at_s": NaN, "record": {}}', id="no time"),
        pytest.param(b'{"version": 1, "of": "1", "boot": "", "at_s": 0, "record": {"spent": [[1e999, 1]], '
                     b'"turns": [], "heard": null, "doubted_for_s": null}}', id="an endless age"),
        pytest.param(b" " * 300_000, id="too large"),
    ],
)  # fmt: skip
def test_a_damaged_or_foreign_record_is_kept_aside_and_only_discord_is_believed(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine, path = Machine(), tmp_path / "identifies-1.json"
    path.write_bytes(content)
    assert take(ledger_at(path, machine)).hold is Hold.UNVOUCHED
    ledger = ledger_at(path, machine)  # a process that dies of it leaves no clean slate to the next
    assert take(ledger).hold is Hold.UNVOUCHED
    assert (tmp_path / "identifies-1.json.corrupt").read_bytes() == content[: 256 * 1024]
    assert "cannot be understood" in caplog.text
    ledger.hear(LIMIT, ledger.mark())
    assert take(ledger).hold is None


def test_a_record_that_cannot_be_written_needs_discords_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine, folder = Machine(), tmp_path / "state"
    folder.mkdir()
    ledger = ledger_at(folder / "identifies-1.json", machine)
    folder.rmdir()
    assert take(ledger).hold is None
    assert not ledger.save(durable=True)
    assert not ledger.confirm(saved=False)
    ledger.take_back(0)
    assert take(ledger).hold is Hold.UNVOUCHED
    ledger.hear(LIMIT, ledger.mark())
    assert take(ledger).hold is None
    assert not ledger.save(durable=True)
    assert ledger.confirm(saved=False)
    assert caplog.text.count("cannot write") == 1


def test_the_record_is_the_applications_whatever_its_token(tmp_path: Path) -> None:
    """A reset token begins no new day; and no token stands in the folder."""
    spending = Spending(tmp_path)
    ledger = spending.identifies(Token(FIRST))
    assert take(ledger).hold is None
    assert ledger.save(durable=False)
    assert spending.identifies(Token(FIRST[:-3] + "ZZZ")) is ledger
    assert [path.name for path in tmp_path.iterdir()] == ["identifies-198622483471925248.json"]
    assert not any(part in path.read_text() for path in tmp_path.iterdir() for part in FIRST.split("."))
    odd = spending.identifies(Token("token-of-another-server"))
    assert odd.save(durable=False)
    assert Token("token-of-another-server").fingerprint in " ".join(path.name for path in tmp_path.iterdir())


def test_records_of_many_applications_are_bounded(tmp_path: Path) -> None:
    for number in range(30):
        path = tmp_path / f"identifies-{number}.json"
        path.write_text("{}")
        os.utime(path, (number, number))
    Spending(tmp_path).identifies(Token(FIRST))
    left = {path.name for path in tmp_path.glob("identifies-*.json")}
    assert left == {f"identifies-{number}.json" for number in range(14, 30)}


def test_refused_requests_are_counted_over_restarts_and_written_seldom(tmp_path: Path) -> None:
    machine, path = Machine(), tmp_path / "invalid-requests.json"

    def process() -> RefusalLedger:
        return RefusalLedger(RecordFile(path, "address", moment=machine.moment), limit=200, moment=machine.moment)

    ledger, saves = process(), 0
    for _ in range(250):
        if ledger.admit(200) == 0.0:
            due = ledger.ended(refused=True)
            saves += due
            if due:
                ledger.save()
        machine.at_s += 0.001
    assert ledger.recent == 200
    assert saves <= 4
    ledger.save()
    machine.at_s += 100.0
    later = process()
    assert later.recent == 200
    assert later.admit(200) == pytest.approx(500.0, abs=6.0)
    machine.boot()
    assert process().recent == 200
    machine.at_s = 700.0
    assert process().recent == 0


def test_a_damaged_record_of_refused_requests_counts_as_half_of_them(tmp_path: Path) -> None:
    path = tmp_path / "invalid-requests.json"
    path.write_text("{")
    assert RefusalLedger(RecordFile(path, "address"), limit=5000).recent == 2500


def test_the_files_are_small_and_for_the_owner_alone(tmp_path: Path) -> None:
    spending = Spending(tmp_path)
    ledger = spending.identifies(Token(FIRST))
    for _ in range(300):
        ledger.take(0, shards=1, reserve=0.1)
        ledger.sent(0)
    ledger.hear(LIMIT, ledger.mark())
    assert ledger.save(durable=True)
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size < 1000
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["of"] == "198622483471925248"
