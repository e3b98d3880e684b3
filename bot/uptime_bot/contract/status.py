"""What the control socket's /status answers; JSON by dataclasses.asdict()."""

from dataclasses import dataclass

from uptime_bot.contract.health import Health


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStatus:
    """One shard."""

    shard: str
    state: str
    for_s: float
    latency_ms: float | None
    silent_for_s: float
    """Since the last dispatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStatus:
    """What becomes of the gateway sessions over restarts."""

    resumed: bool
    """Whether this process went on with a session of the one before."""

    recorded: bool
    """Whether all of it is being recorded, so that the next process can go on with it."""

    events_set_aside: int
    """By this process: events that killed two processes before it."""

    interactions_dropped: int
    """By this process: replayed when Discord took no answer to them any more."""

    events_lost_from: float | None
    """The last interval in which events may have been lost, as far as this process knows of one."""

    events_lost_to: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The bot as its heartbeat last saw it; times are Unix seconds."""

    health: Health
    reason: str
    words: str
    at: float
    health_since_at: float
    ready_at: float | None
    """Of the first READY of all shards in this process."""

    started_at: float
    pid: int
    version: str
    discordpy_version: str
    target: str
    guilds: int
    shards: tuple[ShardStatus, ...]
    waiting: tuple[str, ...]
    loop_lag_s: float
    token: str | None
    """The fingerprint of the token in use."""

    session: SessionStatus
