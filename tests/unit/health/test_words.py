"""The status line reads as the issue has it."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.health.samples import waiting
from uptime_bot.contract.health import Health
from uptime_bot.health.sample import Waiting
from uptime_bot.health.verdict import Verdict
from uptime_bot.health.words import Figures, count, duration, status_words

NEXT_TRY = datetime(2026, 11, 21, 14, 2, 10, tzinfo=UTC)
NOW = NEXT_TRY - timedelta(seconds=8)
FIGURES = Figures(guilds=12, shards=1, latency_s=0.0434, up_s=3 * 86_400 + 7)


def words(
    health: Health, reason: str = "", figures: Figures = FIGURES, waits: tuple[Waiting, ...] = (), now: datetime = NOW
) -> str:
    return status_words(Verdict(health=health, reason=reason), figures, waits, now)


def test_ready() -> None:
    assert words(Health.HEALTHY) == "ready: 12 guilds, latency 43 ms, up 3 d"


def test_ready_with_shards_and_before_the_first_ack() -> None:
    figures = Figures(guilds=1, shards=4, latency_s=math.inf, up_s=0.2)
    assert words(Health.HEALTHY, figures=figures) == "ready: 1 guild, 4 shards, up 0 s"


WAITS = (waiting("Discord answers 503", until_at=NEXT_TRY.timestamp()),)


def test_waiting_tells_the_next_try() -> None:
    expected = "waiting: Discord answers 503, next try 14:02:10"
    assert words(Health.WAITING, "Discord answers 503", waits=WAITS) == expected


def test_the_next_try_is_told_in_the_zone_of_now() -> None:
    now = NOW.astimezone(timezone(timedelta(hours=-3)))
    assert words(Health.WAITING, "x", waits=WAITS, now=now) == "waiting: x, next try 11:02:10"


def test_a_try_that_is_under_way() -> None:
    assert words(Health.WAITING, "x", waits=WAITS, now=NEXT_TRY) == "waiting: x, trying now"


def test_waiting_for_rest_to_answer_has_no_next_try() -> None:
    assert words(Health.WAITING, "Discord's REST does not answer") == "waiting: Discord's REST does not answer"


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
