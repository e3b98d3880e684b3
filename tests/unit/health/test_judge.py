"""judge(): the incidents we know, one row each, and what holds for any sample."""

import pytest
from hypothesis import given

from unit.health.samples import (
    ANSWERS,
    ANY_LIMITS,
    ANY_SAMPLE,
    LIMITS,
    NOW,
    SILENT,
    ago,
    sample,
    shard,
    waiting,
)
from uptime_bot.contract.health import Health
from uptime_bot.contract.settings import HealthSettings
from uptime_bot.health.judge import judge, symptom_of
from uptime_bot.health.sample import RestSample, RestState, Sample, ShardState

CONNECTING = shard(state=ShardState.CONNECTING, since_mono=ago(5))
IDENTIFYING = shard(state=ShardState.IDENTIFYING, since_mono=ago(5))
IDENTIFY_SWALLOWED = shard(state=ShardState.IDENTIFYING, since_mono=ago(21))
RESUME_SWALLOWED = shard(state=ShardState.RESUMING, since_mono=ago(21))
NO_ACKS = shard(unacknowledged_since_mono=ago(21))
QUESTION_OPEN = shard(last_dispatch_mono=ago(75), asked_at_mono=ago(11))
ASKED_BEFORE = RestSample(state=RestState.ANSWERS, asked_at_mono=ago(30), detail="200")

INCIDENTS = [
    pytest.param(sample(shard()), Health.HEALTHY, "", id="all is well"),
    pytest.param(sample(was_ready=False), Health.STARTING, "logging in", id="first second of a start"),
    pytest.param(
        sample(IDENTIFYING, was_ready=False), Health.STARTING, "gateway identifying", id="READY takes a few seconds"
    ),
    pytest.param(
        sample(shard("0"), shard("1", state=ShardState.CONNECTING), shards_expected=4, was_ready=False),
        Health.STARTING,
        "1 of 4 shards ready",
        id="the second of four shards connects",
    ),
    pytest.param(
        sample(waiting=(waiting("Discord answers 503"),), was_ready=False),
        Health.WAITING,
        "Discord answers 503",
        id="Discord answers 503 at login",
    ),
    pytest.param(
        sample(CONNECTING, waiting=(waiting(),)),
        Health.WAITING,
        "Discord's gateway: answers 503",
        id="the gateway is down after a cut",
    ),
    pytest.param(
        sample(shard("0"), shard("1", state=ShardState.CONNECTING), waiting=(waiting("connection refused"),)),
        Health.DEGRADED,
        "shard 1 connecting (connection refused)",
        id="one shard of two cannot come back",
    ),
    pytest.param(sample(CONNECTING), Health.DEGRADED, "shard 0 connecting", id="op 7 a moment ago"),
    pytest.param(
        sample(shard(), shards_expected=3), Health.DEGRADED, "2 shards not started", id="two shards were never started"
    ),
    pytest.param(
        sample(*(shard(str(n), state=ShardState.RESUMING, since_mono=ago(1)) for n in range(7)), shards_expected=7),
        Health.DEGRADED,
        "shard 0 resuming, 1 resuming, 2 resuming, 3 resuming, 4 resuming and 2 more",
        id="all of many shards were told to reconnect",
    ),
    pytest.param(
        sample(shard(), loop_lag_s=0.75), Health.DEGRADED, "event loop 0.8 s late", id="a handler computes for a while"
    ),
    pytest.param(
        sample(NO_ACKS, rest=ANSWERS),
        Health.DEAF,
        "shard 0: heartbeat not acknowledged for 21 s",
        id="ACKs are swallowed",
    ),
    pytest.param(
        sample(NO_ACKS, rest=ASKED_BEFORE),
        Health.DEGRADED,
        "shard 0: heartbeat not acknowledged for 21 s; asking Discord's REST whether it is Discord's fault",
        id="ACKs are swallowed and REST answered only before that",
    ),
    pytest.param(
        sample(NO_ACKS, rest=SILENT),
        Health.WAITING,
        "Discord's REST does not answer either (503); shard 0: heartbeat not acknowledged for 21 s",
        id="ACKs are swallowed while Discord is down",
    ),
    pytest.param(
        sample(shard(unacknowledged_since_mono=ago(19)), rest=ANSWERS), Health.HEALTHY, "", id="an ACK within its grace"
    ),
    pytest.param(
        sample(IDENTIFY_SWALLOWED, rest=ANSWERS, was_ready=False),
        Health.DEAF,
        "shard 0: IDENTIFY unanswered for 21 s",
        id="IDENTIFY is swallowed at start",
    ),
    pytest.param(
        sample(RESUME_SWALLOWED, rest=ANSWERS),
        Health.DEAF,
        "shard 0: RESUME unanswered for 21 s",
        id="RESUME is swallowed",
    ),
    pytest.param(
        sample(QUESTION_OPEN, rest=ANSWERS),
        Health.DEAF,
        "shard 0: no events, and a question to the gateway unanswered for 11 s",
        id="events are swallowed while ACKs go on",
    ),
    pytest.param(
        sample(shard(last_dispatch_mono=ago(86_400)), rest=ANSWERS),
        Health.HEALTHY,
        "",
        id="a bot in quiet guilds that was never asked",
    ),
    pytest.param(
        sample(shard("0"), shard("1", unacknowledged_since_mono=ago(25)), rest=ANSWERS),
        Health.DEAF,
        "shard 1: heartbeat not acknowledged for 25 s",
        id="one shard of two is deaf",
    ),
    pytest.param(
        sample(
            shard("0", unacknowledged_since_mono=ago(60)),
            shard("1", unacknowledged_since_mono=ago(21)),
            rest=ASKED_BEFORE,
        ),
        Health.DEGRADED,
        "shard 0: heartbeat not acknowledged for 60 s; shard 1: heartbeat not acknowledged for 21 s; "
        "asking Discord's REST whether it is Discord's fault",
        id="REST answered between the first shard's silence and the second's",
    ),
    pytest.param(
        sample(NO_ACKS, rest=ANSWERS, stopping=True), Health.STOPPING, "asked to stop", id="SIGTERM while deaf"
    ),
    pytest.param(
        sample(shard(state=ShardState.CONNECTING, since_mono=ago(7200)), waiting=(waiting(),), rest=SILENT),
        Health.WAITING,
        "Discord's gateway: answers 503",
        id="an outage of two hours",
    ),
]


@pytest.mark.parametrize(("seen", "health", "reason"), INCIDENTS)
def test_the_verdict_on_an_incident(seen: Sample, health: Health, reason: str) -> None:
    verdict = judge(seen, LIMITS)
    assert (verdict.health, verdict.reason) == (health, reason)


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS)
def test_every_sample_has_a_verdict_and_the_same_one_each_time(seen: Sample, limits: HealthSettings) -> None:
    verdict = judge(seen, limits)
    assert verdict == judge(seen, limits)
    assert verdict.health is not Health.STALLED, "only seen from outside the loop"


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS)
def test_nobody_is_deaf_without_rest_as_a_witness(seen: Sample, limits: HealthSettings) -> None:
    verdict = judge(seen, limits)
    if verdict.health is Health.DEAF:
        assert seen.rest.state is RestState.ANSWERS
        assert verdict.symptoms
        assert all(seen.rest.asked_at_mono >= symptom.since_mono for symptom in verdict.symptoms)


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS)
def test_a_shard_without_a_socket_has_no_symptom(seen: Sample, limits: HealthSettings) -> None:
    for one in seen.shards:
        symptom = symptom_of(one, seen.at_mono, limits)
        assert symptom is None or one.state is not ShardState.CONNECTING
        assert symptom is None or seen.at_mono > symptom.since_mono


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS)
def test_healthy_means_that_every_shard_is_there_and_nothing_is_owed(seen: Sample, limits: HealthSettings) -> None:
    verdict = judge(seen, limits)
    if verdict.health is Health.HEALTHY:
        assert not verdict.symptoms
        assert seen.was_ready
        assert all(one.state is ShardState.READY for one in seen.shards)
        assert len(seen.shards) >= seen.shards_expected
        assert seen.loop_lag_s <= limits.loop_lag_degraded_s


@given(seen=ANY_SAMPLE, limits=ANY_LIMITS)
def test_whatever_is_not_healthy_has_a_reason(seen: Sample, limits: HealthSettings) -> None:
    verdict = judge(seen, limits)
    if verdict.health not in (Health.HEALTHY, Health.WAITING):
        assert verdict.reason


def test_a_grace_is_over_only_after_it() -> None:
    at_the_edge = shard(unacknowledged_since_mono=NOW - LIMITS.ack_grace_s)
    assert symptom_of(at_the_edge, NOW, LIMITS) is None
    assert symptom_of(at_the_edge, NOW + 0.01, LIMITS) is not None
