"""The law of the breaker: no ten minutes hold more refused requests than the limit."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uptime_bot.waiting.invalid_requests import WINDOW_S, InvalidRequests, is_invalid

STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 1.0, 30.0, 400.0]), st.integers(1, 40), st.booleans()), max_size=60
)


@pytest.mark.parametrize(
    ("status", "scope", "counts"),
    [
        (200, None, False), (400, None, False), (404, None, False), (500, None, False),
        (401, None, True), (403, None, True), (429, None, True),
        (429, "user", True), (429, "global", True), (429, "shared", False), (403, "shared", True),
    ],
)  # fmt: skip
def test_what_discord_counts(status: int, scope: str | None, counts: bool) -> None:
    assert is_invalid(status, {} if scope is None else {"X-RateLimit-Scope": scope}) is counts


@settings(max_examples=60)
@given(steps=STEPS, limit=st.integers(100, 150))
def test_no_ten_minutes_hold_more_than_the_limit(steps: Sequence[tuple[float, int, bool]], limit: int) -> None:
    """Bursts of requests that are under way together and are all refused, with restarts between them."""
    requests, now, refused = InvalidRequests(), 0.0, list[float]()
    for gap_s, burst, restarts in steps:
        now += gap_s
        for _ in range(burst):
            if requests.wait_s(now, limit) == 0.0:
                requests.under_way += 1
        for _ in range(requests.under_way):
            requests.count(now)
            refused.append(now)
        requests.under_way = 0
        if restarts:
            requests = InvalidRequests((now - age, count) for age, count in requests.ages(now))
        assert sum(now - at < WINDOW_S for at in refused) <= limit


def test_it_lets_all_pass_as_long_as_few_are_refused() -> None:
    requests = InvalidRequests()
    requests.under_way = 1_000_000
    assert requests.wait_s(0.0, 5000) == 0.0


def test_it_opens_again_when_the_window_has_room() -> None:
    requests = InvalidRequests([(0.0, 5000)])
    assert requests.wait_s(100.0, 5000) == 500.0
    assert requests.wait_s(600.0, 5000) == 0.0


def test_the_record_stays_small() -> None:
    requests = InvalidRequests()
    for tenth in range(20_000):
        requests.count(tenth / 10)
    assert len(requests.ages(2000.0)) <= 122
