"""Samples to judge: one bot that is well, made ill by single changes, and any bot at all."""

from typing import Any

from hypothesis import strategies as st

from uptime_bot.contract.settings import HealthSettings
from uptime_bot.health.sample import RestSample, RestState, Sample, ShardSample, ShardState, Waiting

NOW = 100_000.0
LIMITS = HealthSettings()
NEVER_ASKED = RestSample(state=RestState.UNKNOWN, asked_at_mono=0.0)
ANSWERS = RestSample(state=RestState.ANSWERS, asked_at_mono=NOW - 0.5, detail="200")
SILENT = RestSample(state=RestState.SILENT, asked_at_mono=NOW - 0.5, detail="503")


def ago(seconds: float) -> float:
    """The monotonic time so many seconds before NOW."""
    return NOW - seconds


def shard(name: str = "0", **changes: Any) -> ShardSample:
    """A shard that is well, but for the changes."""
    well = ShardSample(
        name=name,
        state=ShardState.READY,
        since_mono=ago(3600),
        unacknowledged_since_mono=None,
        last_dispatch_mono=ago(1),
        asked_at_mono=None,
        can_be_asked=False,
        remedies=0,
    )
    return well._replace(**changes)


def sample(*shards: ShardSample, **changes: Any) -> Sample:
    """A bot of these shards that is well otherwise, but for the changes."""
    well = Sample(
        at_mono=NOW,
        loop_lag_s=0.001,
        shards=shards,
        shards_expected=max(len(shards), 1),
        waiting=(),
        rest=NEVER_ASKED,
        was_ready=True,
    )
    return well._replace(**changes)


def waiting(reason: str = "Discord's gateway: answers 503", until_at: float = 1_000.0) -> Waiting:
    """Something that is waited for."""
    return Waiting(reason=reason, until_at=until_at)


MOMENTS = st.floats(min_value=0.0, max_value=2 * NOW)
GRACES = st.floats(min_value=0.05, max_value=3600.0)

ANY_SHARD = st.builds(
    ShardSample,
    name=st.integers(0, 200).map(str),
    state=st.sampled_from(ShardState),
    since_mono=MOMENTS,
    unacknowledged_since_mono=st.none() | MOMENTS,
    last_dispatch_mono=MOMENTS,
    asked_at_mono=st.none() | MOMENTS,
    can_be_asked=st.booleans(),
    remedies=st.integers(0, 50),
)

ANY_SAMPLE = st.builds(
    Sample,
    at_mono=MOMENTS,
    loop_lag_s=st.floats(min_value=0.0, max_value=NOW),
    shards=st.lists(ANY_SHARD, max_size=6).map(tuple),
    shards_expected=st.integers(0, 8),
    waiting=st.lists(st.builds(Waiting, reason=st.text(max_size=20), until_at=MOMENTS), max_size=3).map(tuple),
    rest=st.builds(RestSample, state=st.sampled_from(RestState), asked_at_mono=MOMENTS, detail=st.text(max_size=10)),
    was_ready=st.booleans(),
    stopping=st.booleans(),
    idle_since_mono=st.none(),
)

ANY_LIMITS = st.builds(
    HealthSettings()._replace,
    loop_lag_degraded_s=GRACES,
    ack_grace_s=GRACES,
    answer_grace_s=GRACES,
    silence_s=GRACES,
    silence_answer_s=GRACES,
)
