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
