"""Laws of the limits, over any order of requests in time."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_drill.discord.budgets import Bucket, IdentifyVerdict, InvalidRequests, SessionStarts, SlidingWindow

STEPS = st.lists(st.integers(0, 50).map(lambda eighths: eighths / 8), max_size=80)
"""Seconds that add up without rounding."""


def times(steps: Sequence[float]) -> list[float]:
    now, at = 0.0, []
    for step in steps:
        now += step
        at.append(now)
    return at


class TestSlidingWindow:
    @given(STEPS, st.integers(1, 10))
    def test_no_window_ever_holds_more_than_the_limit(self, steps: Sequence[float], limit: int) -> None:
        window = SlidingWindow(limit, 5.0)
        taken = [now for now in times(steps) if window.take(now)]
        assert all(sum(start <= at < start + 5.0 for at in taken) <= limit for start in taken)

    @given(STEPS, st.integers(1, 10))
    def test_it_refuses_only_when_full(self, steps: Sequence[float], limit: int) -> None:
        window = SlidingWindow(limit, 5.0)
        for now in times(steps):
            used = window.used(now)
            assert window.take(now) is (used < limit)


class TestBucket:
    @given(STEPS, st.integers(1, 10))
    def test_what_the_headers_promise_is_kept(self, steps: Sequence[float], limit: int) -> None:
        """After `remaining` more requests, or `reset_after`, whichever is first, the answer is as announced."""
        bucket = Bucket(limit, 5.0)
        promised: tuple[float, int] | None = None
        for now in times(steps):
            state = bucket.take(now)
            if promised is not None and now < promised[0]:
                assert state.allowed is (promised[1] > 0)
            elif promised is not None and now > promised[0] + 0.001:
                assert state.allowed
            promised = (now + state.reset_after_s - 0.001, state.remaining)
            assert 0 <= state.remaining < limit + (not state.allowed)


class TestSessionStarts:
    @given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 7)), max_size=60), st.integers(1, 4))
    def test_one_identify_an_interval_for_each_key(self, asked: Sequence[tuple[int, int]], concurrency: int) -> None:
        starts = SessionStarts(total=1000, window_s=86_400, max_concurrency=concurrency, interval_s=5.0)
        last: dict[int, float] = {}
        now = 0.0
        for tenths, shard in asked:
            now += tenths / 10
            verdict = starts.take(shard, now)
            key = shard % concurrency
            too_fast = key in last and now - last[key] < 5.0
            assert verdict is (IdentifyVerdict.TOO_FAST if too_fast else IdentifyVerdict.ALLOWED)
            if not too_fast:
                last[key] = now

    def test_every_identify_counts_until_the_day_is_over(self) -> None:
        starts = SessionStarts(total=2, window_s=100, max_concurrency=1, interval_s=5)
        verdicts = [starts.take(0, now) for now in (0.0, 1.0, 50.0, 99.9, 100.0)]
        assert verdicts == ["allowed", "too-fast", "exhausted", "exhausted", "allowed"]
        assert starts.remaining(100.0) == 1
        assert starts.reset_after_ms(150.0) == 50_000


class TestInvalidRequests:
    @pytest.mark.parametrize(("gap_s", "banned"), [(0.1, True), (10.0, False)])
    def test_only_too_many_within_the_window_ban(self, gap_s: float, banned: bool) -> None:
        invalid = InvalidRequests(limit=5, window_s=10.0, ban_s=60.0)
        for number in range(8):
            invalid.count(number * gap_s)
        assert (invalid.banned_for_s(8 * gap_s) > 0) is banned
        assert invalid.total == 8
        assert invalid.banned_for_s(8 * gap_s + 61) == 0
