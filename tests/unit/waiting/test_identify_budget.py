"""No storm of IDENTIFYs: whatever the order of failures, a day stays below Discord's thousand."""

from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.waiting.identify_budget import RESERVE, IdentifyBudget

DAY_S = 86_400.0


def test_the_first_sessions_of_all_shards_need_no_wait() -> None:
    budget = IdentifyBudget()
    for shard in range(16):
        assert budget.wait_s(5.0 * shard, shards=16) == 0.0
        budget.spend(5.0 * shard)


@given(pauses_s=st.lists(st.floats(0.0, 200.0), min_size=30, max_size=300))
def test_a_day_of_failures_stays_below_the_reserve_and_one_in_86_s(pauses_s: list[float]) -> None:
    budget, now, spent_at = IdentifyBudget(), 1000.0, list[float]()
    for pause_s in pauses_s:
        now += pause_s + budget.wait_s(now + pause_s, shards=1)
        budget.spend(now)
        spent_at.append(now)
    took_s = spent_at[-1] - spent_at[0]
    assert len(spent_at) <= RESERVE + 2 + took_s / 86.4 + 1


def test_a_day_long_storm_is_held_below_a_thousand_and_a_reserve() -> None:
    budget, now, count = IdentifyBudget(), 0.0, 0
    while now < DAY_S:
        now += budget.wait_s(now, shards=1) + 0.5
        budget.spend(now)
        count += 1
    assert count <= 1000 + RESERVE + 3
