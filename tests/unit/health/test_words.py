"""The status line reads as the issue has it."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.health.samples import waiting
from uptime_bot.contract.health import Health
from uptime_bot.health.sample import Waiting
from uptime_bot.health.verdict import Verdict
from uptime_bot.health.words import Figures, count, duration, status_words

TWO_O_CLOCK = datetime(2026, 11, 21, 14, 2, 10, tzinfo=UTC).timestamp()
FIGURES = Figures(guilds=12, shards=1, latency_s=0.0434, up_s=3 * 86_400 + 7)


def utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def words(health: Health, reason: str = "", figures: Figures = FIGURES, waits: tuple[Waiting, ...] = ()) -> str:
    return status_words(Verdict(health=health, reason=reason), figures, waits, utc)


def test_ready() -> None:
    assert words(Health.HEALTHY) == "ready: 12 guilds, latency 43 ms, up 3 d"


def test_ready_with_shards_and_before_the_first_ack() -> None:
    figures = Figures(guilds=1, shards=4, latency_s=math.inf, up_s=0.2)
    assert words(Health.HEALTHY, figures=figures) == "ready: 1 guild, 4 shards, up 0 s"


def test_waiting_tells_the_next_try() -> None:
    waits = (waiting("Discord answers 503", until_at=TWO_O_CLOCK),)
    expected = "waiting: Discord answers 503, next try 14:02:10"
    assert words(Health.WAITING, "Discord answers 503", waits=waits) == expected


def test_waiting_for_no_known_time() -> None:
    waits = (waiting("the network", until_at=None),)
    assert words(Health.WAITING, "the network", waits=waits) == "waiting: the network"


def test_degraded_tells_why_and_how_it_goes_on() -> None:
    expected = "degraded: shard 1 resuming; 12 guilds, latency 43 ms, up 3 d"
    assert words(Health.DEGRADED, "shard 1 resuming") == expected


@pytest.mark.parametrize("health", [Health.STARTING, Health.DEAF, Health.STALLED, Health.STOPPING])
def test_the_others_tell_their_reason(health: Health) -> None:
    assert words(health, "because") == f"{health}: because"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86_400, "1 d")],
)
def test_durations(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_counts() -> None:
    assert [count(number, "guild") for number in (0, 1, 2)] == ["0 guilds", "1 guild", "2 guilds"]


@given(health=st.sampled_from(Health), figures=st.builds(Figures, up_s=st.floats(0, 1e9)))
def test_every_verdict_has_words(health: Health, figures: Figures) -> None:
    assert words(health, "because", figures)
