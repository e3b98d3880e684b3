"""The backoff stays within its bounds, whatever the count."""

from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from uptime_bot.waiting.backoff import backoff_s

COUNTS = st.integers(1, 100) | st.integers(1, 10**30)
DELAYS = st.floats(min_value=0.01, max_value=3600.0)
SEEDS = st.integers(0, 2**32)


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - jitter, not a secret


@given(failures=COUNTS, first_s=DELAYS, cap_s=DELAYS, seed=SEEDS)
def test_it_is_above_zero_and_never_above_the_cap(failures: int, first_s: float, cap_s: float, seed: int) -> None:
    assert 0 < backoff_s(failures, first_s=first_s, cap_s=cap_s, rng=seeded(seed)) <= cap_s


@given(failures=st.integers(-(10**30), 0), first_s=DELAYS, cap_s=DELAYS)
def test_no_failure_no_wait(failures: int, first_s: float, cap_s: float) -> None:
    assert backoff_s(failures, first_s=first_s, cap_s=cap_s, rng=seeded(0)) == 0


@given(failures=st.integers(1, 100), more=st.integers(0, 100), first_s=DELAYS, cap_s=DELAYS, seed=SEEDS)
def test_with_the_same_jitter_it_never_shrinks(
    failures: int, more: int, first_s: float, cap_s: float, seed: int
) -> None:
    assume(first_s <= cap_s)
    fewer_s = backoff_s(failures, first_s=first_s, cap_s=cap_s, rng=seeded(seed))
    assert fewer_s <= backoff_s(failures + more, first_s=first_s, cap_s=cap_s, rng=seeded(seed))


@given(seed=SEEDS)
def test_jitter_takes_away_half_at_most(seed: int) -> None:
    for failures, full_s in ((1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (1000, 30.0)):
        waited_s = backoff_s(failures, first_s=1.0, cap_s=30.0, rng=seeded(seed))
        assert full_s / 2 <= waited_s <= full_s


def test_bots_that_failed_together_do_not_come_back_together() -> None:
    assert len({backoff_s(3, first_s=1.0, cap_s=30.0, rng=seeded(seed)) for seed in range(50)}) == 50
