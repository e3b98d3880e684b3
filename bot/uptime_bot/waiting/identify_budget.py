"""Keeps the IDENTIFYs of an application below Discord's limit of a day, whatever goes wrong. Pure.

Times are seconds on one clock that never runs faster than the truth and is given by the caller (elapsed.py). The law
(docs/decisions/0005-identify-budget.md): as long as each spend is recorded before its IDENTIFY goes out, no 24 hours
hold more than `total` less the reserve.
"""

import math
from enum import StrEnum
from typing import NamedTuple

from uptime_bot.waiting.spent_window import SpentWindow
from uptime_bot.waiting.start_limit import DAY_S, TOTAL, StartLimit

SPACING_S = 5.5
"""Discord allows one IDENTIFY in 5 s for each shard_id % max_concurrency; the rest is for the way there."""

IN_FLIGHT_S = 75.0
"""From a turn until its IDENTIFY is out or given up: a handshake and a bot's own queue in before_identify_hook."""

IN_FLIGHT_LOOK_S = 0.1

FREE = 0.5
"""Of what may be spent in a day, the part that is spent at once; behind it pacing begins."""

BUCKET_S = 300.0

FRESH_S = 60.0
"""An answer of Discord's that is older is asked for again; Discord says not to keep it for long."""


class Hold(StrEnum):
    """Why an IDENTIFY has to wait."""

    CONCURRENCY = "concurrency"
    """Another one of the same rate limit key went out less than 5 s ago."""

    PACE = "pace"
    """Much of the day's budget is spent: the rest is spread."""

    RESERVE = "reserve"
    """Only the reserve is left: until the reset."""

    UNVOUCHED = "unvouched"
    """How many were spent is known neither from the record nor from Discord."""


class Leave(NamedTuple):
    """Whether an IDENTIFY may go out: now, where wait_s is 0."""

    wait_s: float
    hold: Hold | None
    remaining: int
    total: int


class Heard(NamedTuple):
    """An answer of Discord's, when it came, and how many were spent since that it does not count yet."""

    limit: StartLimit
    at: float
    spent_since: int

    def remaining(self, now: float) -> float:
        """What Discord has left; infinity once it has reset its count, which it does without saying so."""
        return math.inf if self.wait_s(now) <= 0 else self.limit.remaining - self.spent_since

    def wait_s(self, now: float) -> float:
        """Seconds until Discord resets its count."""
        return max(self.at + self.limit.reset_after_s - now, 0.0)


class BudgetState(NamedTuple):
    """What outlives the process; every time is an age in seconds."""

    spent: tuple[tuple[float, int], ...] = ()
    turns: tuple[tuple[int, float], ...] = ()
    """Shard ids, and how long ago each sent its last IDENTIFY."""

    heard: Heard | None = None
    """Its `at` is an age."""

    doubted_for_s: float | None = None
    """Since when the record is known to be incomplete; None for one that can be trusted."""


class IdentifyBudget:
    """What one application has spent, and when the next IDENTIFY may go out.

    `state` is what the last process left behind. take() spends; sent() or take_back() has to follow. `presumed` is the
    day's total where Discord has not been heard, or what it said is lost: the least that it gives any application.
    """

    def __init__(self, now: float, state: BudgetState, *, presumed: int = TOTAL) -> None:
        self._presumed = presumed
        self._spent = SpentWindow(DAY_S, BUCKET_S, ((now - age, count) for age, count in state.spent))
        self._sent: dict[int, float] = {shard_id: now - age for shard_id, age in state.turns}
        self._in_flight: dict[int, float] = {}
        self._heard = _moved(state.heard, now)
        self._vouched_at = -math.inf  # an answer that an earlier process heard vouches for nothing that followed it
        self._doubted_at = None if state.doubted_for_s is None else now - state.doubted_for_s
        self._taken = 0

    def mark(self, now: float) -> int:
        """Note the moment at which Discord is asked; goes to hear() with the answer.

        What was spent in the last seconds may have missed Discord's count, and counts twice rather than never.
        """
        recent = sum(now - at < SPACING_S for at in self._sent.values())
        return self._taken - recent - len(self._in_flight)

    def hear(self, now: float, limit: StartLimit | None, mark: int) -> None:
        """Note what Discord says; None for a server that has no such limit. What was in doubt no longer is."""
        self._heard = None if limit is None else Heard(limit=limit, at=now, spent_since=self._taken - mark)
        self._vouched_at = now
        self._doubted_at = None

    def doubt(self, now: float) -> None:
        """Note that the record does not hold all that was spent: only Discord knows from here on."""
        self._doubted_at = now

    def trust(self) -> None:
        """Note that the record holds all again."""
        self._doubted_at = None

    def vouched(self, now: float) -> bool:
        """Whether Discord was heard by this process within the last minute."""
        return now - self._vouched_at <= FRESH_S

    @property
    def doubted(self) -> bool:
        """Whether only Discord knows what was spent."""
        return self._doubted_at is not None

    def take(self, now: float, shard_id: int, *, shards: int, reserve: float) -> Leave:
        """Spend one IDENTIFY if it may go out now; otherwise say how long it has to wait.

        `shards` is how many the client has, `reserve` a fraction of the day's total.
        """
        leave = self.leave(now, shard_id, shards=shards, reserve=reserve)
        if leave.wait_s <= 0:
            self._spent.add(now)
            self._taken += 1
            self._in_flight[shard_id] = now
            if self._heard is not None:
                self._heard = _with_one_more(self._heard, 1)
        return leave

    def sent(self, now: float, shard_id: int) -> None:
        """The IDENTIFY is out, or may be."""
        self._in_flight.pop(shard_id, None)
        self._sent = {key: at for key, at in self._sent.items() if now - at < SPACING_S} | {shard_id: now}

    def take_back(self, shard_id: int) -> None:
        """The IDENTIFY was certainly not sent."""
        if self._in_flight.pop(shard_id, None) is not None:
            self._spent.take_back()
            self._taken -= 1
            if self._heard is not None:
                self._heard = _with_one_more(self._heard, -1)

    def leave(self, now: float, shard_id: int, *, shards: int, reserve: float) -> Leave:
        """How long an IDENTIFY of a shard has to wait, and why."""
        total = self._total
        remaining = self.remaining(now)
        usable = max(total - math.ceil(total * reserve), 1)
        waits = {
            Hold.CONCURRENCY: self._concurrency_wait_s(now, shard_id),
            Hold.PACE: self._pace_wait_s(now, usable, used=total - remaining, shards=shards),
            Hold.RESERVE: self._reserve_wait_s(now, usable, total),
            Hold.UNVOUCHED: self._doubt_wait_s(now),
        }
        hold = max(waits, key=lambda key: waits[key])
        wait_s = waits[hold]
        return Leave(wait_s=wait_s, hold=hold if wait_s > 0 else None, remaining=remaining, total=total)

    def remaining(self, now: float) -> int:
        """What is left of the day: the lesser of what the record and what Discord say."""
        theirs = math.inf if self._heard is None else self._heard.remaining(now)
        return int(max(min(self._total - self._spent.count(now), theirs), 0))

    def state(self, now: float) -> BudgetState:
        """What the next process has to know."""
        # One that is in flight may be out by the time anybody reads this.
        turns = self._sent | dict.fromkeys(self._in_flight, now)
        return BudgetState(
            spent=tuple(self._spent.ages(now)),
            turns=tuple((shard_id, now - at) for shard_id, at in turns.items() if now - at < SPACING_S),
            heard=None if self._heard is None else _moved(self._heard, now),
            doubted_for_s=None if self._doubted_at is None else now - self._doubted_at,
        )

    @property
    def _total(self) -> int:
        return self._presumed if self._heard is None else self._heard.limit.total

    def _concurrency_wait_s(self, now: float, shard_id: int) -> float:
        keys = 1 if self._heard is None else self._heard.limit.max_concurrency
        same = [at for other, at in self._sent.items() if other % keys == shard_id % keys]
        wait_s = max((at + SPACING_S - now for at in same), default=0.0)
        flying = [at for other, at in self._in_flight.items() if other % keys == shard_id % keys]
        if any(now - at < IN_FLIGHT_S for at in flying):
            wait_s = max(wait_s, IN_FLIGHT_LOOK_S)
        return max(wait_s, 0.0)

    def _pace_wait_s(self, now: float, usable: int, *, used: int, shards: int) -> float:
        return max(self._spent.newest() + pace_s(used, usable, shards=shards) - now, 0.0)

    def _reserve_wait_s(self, now: float, usable: int, total: int) -> float:
        ours = self._spent.wait_s(now, below=usable)
        if self._heard is not None and self._heard.remaining(now) <= total - usable:
            ours = max(ours, self._heard.wait_s(now))
        return min(ours, DAY_S)

    def _doubt_wait_s(self, now: float) -> float:
        if self._doubted_at is None or self.vouched(now):
            return 0.0
        return max(self._doubted_at + DAY_S - now, 0.0)


def pace_s(used: int, usable: int, *, shards: int) -> float:
    """Seconds between two IDENTIFYs when `used` of the `usable` ones of a day are spent.

    0 for the first half, or for one start of all shards where those are more; then growing evenly to the pace that can
    be kept up for ever, which is one in 96 s with Discord's thousand and a reserve of 10 % (86.4 s without a reserve).
    """
    free = max(usable * FREE, min(shards, usable))
    if used < free or usable <= free:
        return 0.0
    return DAY_S / usable * min((used - free) / (usable - free), 1.0)


def _moved(heard: Heard | None, now: float) -> Heard | None:
    """The same with its time as an age, or its age as a time."""
    return None if heard is None else Heard(limit=heard.limit, at=now - heard.at, spent_since=heard.spent_since)


def _with_one_more(heard: Heard, spent: int) -> Heard:
    return Heard(limit=heard.limit, at=heard.at, spent_since=max(heard.spent_since + spent, 0))
