"""The law of the IDENTIFY budget, judged by the stand-in's own count: whatever happens, no token is ever reset."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uptime_bot.waiting.identify_budget import (
    SPACING_S,
    BudgetState,
    Heard,
    Hold,
    IdentifyBudget,
    Leave,
    pace_s,
)
from uptime_bot.waiting.start_limit import DAY_S, StartLimit, parse_start_limit
from uptime_drill.discord.budgets import IdentifyVerdict, SessionStarts

RESERVE = 0.1


def discord_(total: int = 1000, concurrency: int = 1) -> SessionStarts:
    return SessionStarts(total=total, window_s=DAY_S, max_concurrency=concurrency, interval_s=5.0)


def limit_of(starts: SessionStarts, now: float) -> StartLimit:
    limit = parse_start_limit(
        {
            "total": starts.total,
            "remaining": starts.remaining(now),
            "reset_after": starts.reset_after_ms(now),
            "max_concurrency": starts.max_concurrency,
        }
    )
    assert limit is not None
    return limit


def aged(state: BudgetState, by_s: float) -> BudgetState:
    """What a process finds that starts that much later."""
    heard = state.heard
    return BudgetState(
        spent=tuple((age + by_s, count) for age, count in state.spent),
        turns=tuple((shard_id, age + by_s) for shard_id, age in state.turns),
        heard=None if heard is None else Heard(limit=heard.limit, at=heard.at + by_s, spent_since=heard.spent_since),
        doubted_for_s=None if state.doubted_for_s is None else state.doubted_for_s + by_s,
    )


def take(budget: IdentifyBudget, now: float, shard_id: int = 0, *, shards: int = 1) -> Leave:
    return budget.take(now, shard_id, shards=shards, reserve=RESERVE)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    longest_s=st.sampled_from([0.3, 3.0, 60.0, 300.0]),
    rest_answers=st.sampled_from([0.0, 0.5, 1.0]),
    patient=st.booleans(),
)
def test_two_thousand_starts_in_a_crash_loop_never_reset_the_token(
    seed: int, longest_s: float, rest_answers: float, patient: bool
) -> None:
    """Each start spends an IDENTIFY if it may and crashes; one that may not crashes while it waits, or waits."""
    starts, now, state, random = discord_(), 0.0, BudgetState(), Random(seed)  # noqa: S311
    for _ in range(2200):
        budget = IdentifyBudget(now, state)
        if random.random() < rest_answers:
            budget.hear(now, limit_of(starts, now), budget.mark(now))
        leave = take(budget, now)
        if leave.hold is None:
            assert starts.take(0, now) is IdentifyVerdict.ALLOWED
            budget.sent(now, 0)
        assert starts.used <= 900
        state = budget.state(now)
        pause_s = random.uniform(0.0, longest_s)
        if leave.hold is not None and patient:
            pause_s += leave.wait_s
        now += pause_s
        state = aged(state, pause_s)


@given(spent=st.integers(0, 1100), shards=st.integers(1, 2000), total=st.sampled_from([1000, 2000, 5000]))
def test_the_pace_grows_evenly_from_nothing_to_what_can_be_kept_up_for_ever(
    spent: int, shards: int, total: int
) -> None:
    usable = total - total // 10
    here, next_ = pace_s(spent, usable, shards=shards), pace_s(spent + 1, usable, shards=shards)
    assert 0.0 <= here <= next_ <= DAY_S / usable
    assert next_ - here <= DAY_S / usable / max(usable - max(usable / 2, min(shards, usable)), 1) + 1e-9
    if spent < usable / 2:
        assert here == 0.0


def test_the_full_pace_is_that_of_a_whole_day() -> None:
    assert pace_s(900, 900, shards=1) == 96.0
    assert pace_s(1000, 1000, shards=1) == 86.4


def test_a_big_bot_starts_all_its_shards_at_once_and_again_on_the_same_day() -> None:
    starts, now = discord_(total=2000, concurrency=16), 0.0
    budget = IdentifyBudget(now, BudgetState())
    budget.hear(now, limit_of(starts, now), budget.mark(now))
    for _ in range(2):
        for shard_id in range(400):
            leave = take(budget, now, shard_id, shards=400)
            if leave.hold is not None:
                assert leave.hold is Hold.CONCURRENCY
                now += leave.wait_s
                leave = take(budget, now, shard_id, shards=400)
            assert leave.hold is None
            assert starts.take(shard_id, now) is IdentifyVerdict.ALLOWED
            budget.sent(now, shard_id)
    assert now <= 2 * 400 / 16 * SPACING_S


def test_with_plenty_left_only_the_five_seconds_hold_and_a_new_process_waits_exactly_the_rest() -> None:
    budget = IdentifyBudget(0.0, BudgetState())
    assert take(budget, 0.0).hold is None
    budget.sent(1.0, 0)
    assert take(budget, 3.0) == Leave(wait_s=SPACING_S - 2.0, hold=Hold.CONCURRENCY, remaining=999, total=1000)
    later = IdentifyBudget(500.0, aged(budget.state(3.0), 1.5))
    assert take(later, 500.0).wait_s == pytest.approx(SPACING_S - 3.5)


def test_shards_of_different_keys_go_at_the_same_time_and_those_of_one_key_do_not() -> None:
    budget = IdentifyBudget(0.0, BudgetState())
    budget.hear(0.0, StartLimit(total=1000, remaining=1000, reset_after_s=0, max_concurrency=2), budget.mark(0.0))
    assert take(budget, 0.0, 0).hold is None
    assert take(budget, 0.0, 1).hold is None
    assert take(budget, 0.0, 2).hold is Hold.CONCURRENCY  # 0 is under way
    budget.take_back(0)
    assert take(budget, 0.0, 2).hold is None


def test_what_was_certainly_not_sent_costs_nothing() -> None:
    budget = IdentifyBudget(0.0, BudgetState())
    for _ in range(5000):  # a gateway that is down for two days
        assert take(budget, 0.0).hold is None
        budget.take_back(0)
    assert budget.remaining(0.0) == 1000


def test_below_the_reserve_it_waits_for_discords_reset() -> None:
    budget = IdentifyBudget(0.0, BudgetState())
    limit = StartLimit(total=1000, remaining=100, reset_after_s=7200, max_concurrency=1)
    budget.hear(0.0, limit, budget.mark(0.0))
    assert take(budget, 600.0) == Leave(wait_s=6600.0, hold=Hold.RESERVE, remaining=100, total=1000)
    assert take(budget, 7200.0).hold is None


def test_the_lesser_of_both_counts_decides() -> None:
    spent = BudgetState(spent=((3600.0, 900),))
    budget = IdentifyBudget(0.0, spent)
    budget.hear(0.0, StartLimit(total=1000, remaining=1000, reset_after_s=10, max_concurrency=1), budget.mark(0.0))
    assert take(budget, 0.0) == Leave(wait_s=DAY_S - 3600.0, hold=Hold.RESERVE, remaining=100, total=1000)


def test_a_lost_record_waits_for_discord_and_takes_its_word() -> None:
    budget = IdentifyBudget(0.0, BudgetState(doubted_for_s=0.0))
    assert take(budget, 0.0).hold is Hold.UNVOUCHED
    budget.hear(1.0, StartLimit(total=1000, remaining=800, reset_after_s=100, max_concurrency=1), budget.mark(0.0))
    assert take(budget, 1.0).hold is None


def test_a_lost_record_is_believed_again_after_a_day_without_discord() -> None:
    budget = IdentifyBudget(0.0, BudgetState(doubted_for_s=DAY_S - 10))
    assert take(budget, 0.0).wait_s == 10.0
    assert take(budget, 10.0).hold is None


def test_what_was_sent_while_discord_was_asked_counts_twice_rather_than_never() -> None:
    budget = IdentifyBudget(0.0, BudgetState())
    mark = budget.mark(0.0)
    assert take(budget, 0.1).hold is None
    budget.hear(0.2, StartLimit(total=1000, remaining=500, reset_after_s=100, max_concurrency=1), mark)
    assert budget.remaining(0.2) == 499


@given(st.lists(st.tuples(st.floats(0.0, 5000.0), st.booleans()), max_size=300))
def test_the_record_stays_small_and_never_counts_too_few(steps: Sequence[tuple[float, bool]]) -> None:
    budget, now, spent = IdentifyBudget(0.0, BudgetState()), 0.0, list[float]()
    for gap_s, restarts in steps:
        now += gap_s
        if take(budget, now).hold is None:
            spent.append(now)
            budget.sent(now, 0)
        if restarts:
            budget = IdentifyBudget(now, budget.state(now))
        assert 1000 - budget.remaining(now) >= sum(now - at < DAY_S for at in spent)
    assert len(budget.state(now).spent) <= DAY_S / 300.0 + 2
    assert len(budget.state(now).turns) <= 1


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"total": 1000, "remaining": 1000, "reset_after": 0},
        {"total": 0, "remaining": 0, "reset_after": 0, "max_concurrency": 1},
        {"total": 1000, "remaining": -1, "reset_after": 0, "max_concurrency": 1},
        {"total": True, "remaining": 1, "reset_after": 0, "max_concurrency": 1},
        {"total": 1000, "remaining": 1, "reset_after": "0", "max_concurrency": 1},
        {"total": 1000, "remaining": float("nan"), "reset_after": 0, "max_concurrency": 1},
        {"total": 10**400, "remaining": 1, "reset_after": 0, "max_concurrency": 1},
    ],
)
def test_what_is_no_session_start_limit_is_not_believed(answer: object) -> None:
    assert parse_start_limit(answer) is None
