"""decide(): which remedy in which incident, and what no input may ever bring about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.health.samples import (
    ANSWERS,
    ANY_LIMITS,
    ANY_SAMPLE,
    LIMITS,
    NEVER_ASKED,
    NOW,
    SILENT,
    ago,
    sample,
    shard,
    waiting,
)
from uptime_bot.contract.health import Health
from uptime_bot.contract.settings import HealthSettings
from uptime_bot.health.judge import judge
from uptime_bot.health.remedies import decide
from uptime_bot.health.sample import RestSample, RestState, Sample, ShardSample, ShardState
from uptime_bot.health.verdict import Remedy, RemedyKind

QUIET = shard(last_dispatch_mono=ago(61), can_be_asked=True)
STRENGTH = list(RemedyKind)
"""RemedyKind lists its members from the weakest to the strongest."""


def remedies(seen: Sample, limits: HealthSettings = LIMITS, *, watchdog_armed: bool = True) -> tuple[Remedy, ...]:
    return decide(judge(seen, limits), seen, limits, watchdog_armed=watchdog_armed)


def no_acks(times_cured: int) -> ShardSample:
    return shard(unacknowledged_since_mono=ago(21), remedies=times_cured)


def unanswered(state: ShardState, times_cured: int) -> ShardSample:
    return shard(state=state, since_mono=ago(21), remedies=times_cured)


def rest_asked(seconds_ago: float) -> RestSample:
    return RestSample(state=RestState.SILENT, asked_at_mono=ago(seconds_ago), detail="503")


INCIDENTS = [
    pytest.param(sample(shard()), [], id="all is well"),
    pytest.param(sample(QUIET), [RemedyKind.ASK_SHARD], id="nothing dispatched for a minute"),
    pytest.param(sample(QUIET._replace(last_dispatch_mono=ago(59))), [], id="nothing dispatched for 59 s"),
    pytest.param(sample(QUIET._replace(asked_at_mono=ago(3))), [], id="silent and asked a moment ago"),
    pytest.param(sample(QUIET._replace(can_be_asked=False)), [], id="a silent bot in no guild"),
    pytest.param(
        sample(QUIET, shard("1"), QUIET._replace(name="2")),
        [RemedyKind.ASK_SHARD, RemedyKind.ASK_SHARD],
        id="two of three shards are silent",
    ),
    pytest.param(sample(no_acks(0), rest=NEVER_ASKED), [RemedyKind.ASK_REST], id="ACKs are swallowed, first tick"),
    pytest.param(sample(no_acks(0), rest=ANSWERS), [RemedyKind.RESUME], id="ACKs are swallowed"),
    pytest.param(sample(no_acks(1), rest=ANSWERS), [RemedyKind.REIDENTIFY], id="ACKs are swallowed after a RESUME"),
    pytest.param(sample(no_acks(2), rest=ANSWERS), [RemedyKind.TRIGGER], id="ACKs are swallowed in a new session too"),
    pytest.param(sample(no_acks(0), rest=SILENT), [], id="Discord is down, asked half a second ago"),
    pytest.param(sample(no_acks(0), rest=rest_asked(2)), [RemedyKind.ASK_REST], id="Discord was down 2 s ago"),
    pytest.param(sample(no_acks(9), rest=rest_asked(2)), [RemedyKind.ASK_REST], id="Discord is down, ninth remedy"),
    pytest.param(
        sample(unanswered(ShardState.IDENTIFYING, 0), rest=ANSWERS), [RemedyKind.RESUME], id="IDENTIFY is swallowed"
    ),
    pytest.param(
        sample(unanswered(ShardState.RESUMING, 1), rest=ANSWERS),
        [RemedyKind.TRIGGER],
        id="the curing RESUME is swallowed",
    ),
    pytest.param(
        sample(unanswered(ShardState.RESUMING, 0), rest=ANSWERS),
        [RemedyKind.RESUME],
        id="a RESUME after a plain cut is swallowed",
    ),
    pytest.param(
        sample(no_acks(0), no_acks(1)._replace(name="1"), rest=ANSWERS),
        [RemedyKind.RESUME, RemedyKind.REIDENTIFY],
        id="two deaf shards, one of them again",
    ),
    pytest.param(
        sample(shard(state=ShardState.CONNECTING), waiting=(waiting(),), rest=SILENT), [], id="an outage is waited out"
    ),
    pytest.param(sample(no_acks(5), rest=ANSWERS, stopping=True), [], id="SIGTERM while deaf"),
]


@pytest.mark.parametrize(("seen", "kinds"), INCIDENTS)
def test_the_remedy_for_an_incident(seen: Sample, kinds: list[RemedyKind]) -> None:
    assert [remedy.kind for remedy in remedies(seen)] == kinds


def test_in_a_plain_terminal_a_new_session_is_the_strongest_remedy() -> None:
    seen = sample(no_acks(7), rest=ANSWERS)
    assert [remedy.kind for remedy in remedies(seen, watchdog_armed=False)] == [RemedyKind.REIDENTIFY]


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS, watchdog_armed=st.booleans())
def test_nothing_stronger_than_a_question_unless_deaf(
    seen: Sample, limits: HealthSettings, watchdog_armed: bool
) -> None:
    chosen = remedies(seen, limits, watchdog_armed=watchdog_armed)
    if judge(seen, limits).health is not Health.DEAF:
        assert {remedy.kind for remedy in chosen} <= {RemedyKind.ASK_REST, RemedyKind.ASK_SHARD}
    else:
        assert not {remedy.kind for remedy in chosen} & {RemedyKind.ASK_REST, RemedyKind.ASK_SHARD}


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS, watchdog_armed=st.booleans())
def test_a_process_is_replaced_only_under_a_watchdog_and_after_a_milder_remedy(
    seen: Sample, limits: HealthSettings, watchdog_armed: bool
) -> None:
    cured_before = {one.name: 0 for one in seen.shards}
    for one in seen.shards:
        cured_before[one.name] = max(cured_before[one.name], one.remedies)
    for remedy in remedies(seen, limits, watchdog_armed=watchdog_armed):
        if remedy.kind is RemedyKind.TRIGGER:
            assert watchdog_armed
            assert remedy.shard is not None
            assert cured_before[remedy.shard] >= 1


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS)
def test_waiting_never_replaces_the_process_nor_closes_a_socket(seen: Sample, limits: HealthSettings) -> None:
    for rest in (seen.rest._replace(state=RestState.SILENT), seen.rest._replace(state=RestState.UNKNOWN)):
        kinds = {remedy.kind for remedy in remedies(seen._replace(rest=rest), limits)}
        assert kinds <= {RemedyKind.ASK_REST, RemedyKind.ASK_SHARD}


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS)
def test_a_shard_is_asked_only_when_ready_silent_and_not_asked_already(seen: Sample, limits: HealthSettings) -> None:
    asked = [remedy.shard for remedy in remedies(seen, limits) if remedy.kind is RemedyKind.ASK_SHARD]
    askable = [
        one.name
        for one in seen.shards
        if one.state is ShardState.READY
        and one.can_be_asked
        and one.asked_at_mono is None
        and seen.at_mono - one.last_dispatch_mono >= limits.silence_s
    ]
    assert asked in ([], askable)


@given(
    state=st.sampled_from([ShardState.READY, ShardState.IDENTIFYING, ShardState.RESUMING]),
    times=st.integers(0, 20),
    more=st.integers(0, 20),
    watchdog_armed=st.booleans(),
)
def test_remedies_never_get_milder(state: ShardState, times: int, more: int, watchdog_armed: bool) -> None:
    def strength(times_cured: int) -> int:
        ill = shard(state=state, since_mono=ago(60), unacknowledged_since_mono=ago(60), remedies=times_cured)
        (remedy,) = remedies(sample(ill, rest=ANSWERS), watchdog_armed=watchdog_armed)
        return STRENGTH.index(remedy.kind)

    assert strength(times) <= strength(times + more)


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS, watchdog_armed=st.booleans())
def test_a_healthy_bot_whose_events_flow_is_left_alone(
    seen: Sample, limits: HealthSettings, watchdog_armed: bool
) -> None:
    busy = seen._replace(shards=tuple(one._replace(last_dispatch_mono=seen.at_mono) for one in seen.shards))
    if judge(busy, limits).health is Health.HEALTHY:
        assert remedies(busy, limits, watchdog_armed=watchdog_armed) == ()


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS, watchdog_armed=st.booleans())
def test_at_most_one_remedy_for_each_shard_and_each_has_a_reason(
    seen: Sample, limits: HealthSettings, watchdog_armed: bool
) -> None:
    chosen = remedies(seen, limits, watchdog_armed=watchdog_armed)
    assert len(chosen) <= max(len(seen.shards), 1)
    assert all(remedy.reason for remedy in chosen)


def test_a_deaf_session_is_found_within_90_s_by_the_defaults() -> None:
    """The issue's promise, of which the ticks and the REST question take a few seconds."""
    longest_s = LIMITS.silence_s + LIMITS.silence_answer_s + 2 * LIMITS.tick_s + LIMITS.rest_timeout_s
    assert longest_s < 90
    asked = shard(last_dispatch_mono=NOW - longest_s, asked_at_mono=NOW - LIMITS.silence_answer_s - 1)
    assert judge(sample(asked, rest=ANSWERS), LIMITS).health is Health.DEAF
