"""What can be set about a stand-in before it listens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from uptime_drill.discord.intents import PRIVILEGED, Intent

# Publicly known and accepted by no Discord: the first part is the application id below, in base64.
DEMO_TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"  # noqa: S105
DEMO_APPLICATION_ID = 1_200_000_000_000_000_001


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRules:
    """Numbers of the gateway; the defaults are Discord's own."""

    heartbeat_interval_ms: int = 41_250
    heartbeat_grace_s: float = 1.0  # on top of one and a half intervals, before 4009
    resume_window_s: float = 180.0  # not documented; "a few minutes"
    replay_limit: int = 20_000  # dispatches kept for a RESUME; not documented
    identify_interval_s: float = 5.0
    max_concurrency: int = 1
    session_starts: int = 1000
    session_start_window_s: float = 86_400.0
    shards: int = 1  # what GET /gateway/bot recommends
    guilds_per_shard: int = 2500  # more is 4011
    events_per_minute: int = 120  # more is 4008
    member_request_interval_s: float = 30.0  # op 8 for all members of a guild
    close_timeout_s: float = 2.0  # how long to wait for the client's answer to a close frame


@dataclass(frozen=True, slots=True, kw_only=True)
class RestRules:
    """Numbers of the REST API; the defaults are Discord's own where it publishes them."""

    requests_per_second: int = 50  # global
    default_bucket: tuple[int, float] = (50, 1.0)  # limit, window in seconds
    buckets: Mapping[str, tuple[int, float]] = field(
        default_factory=lambda: {"POST /channels/{channel_id}/messages": (5, 5.0)}
    )
    invalid_requests: int = 10_000
    invalid_window_s: float = 600.0
    ban_s: float = 600.0
    interaction_deadline_s: float = 3.0
    interaction_token_s: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where to listen, whom to let in, and the size of the world. Port 0 picks a free one."""

    host: str = "127.0.0.1"
    port: int = 0
    control_port: int = 0
    log_file: Path | None = None
    log_kept: int = 20_000  # entries in memory; the file has them all
    tokens: tuple[str, ...] = field(default=(DEMO_TOKEN,), repr=False)
    application_id: int = DEMO_APPLICATION_ID
    privileged_intents: Intent = PRIVILEGED
    guilds: int = 2
    members: int = 5
    channels: int = 3
    furnished: bool = False  # roles, voice, threads, emojis in each guild, see furnishing.py
    tick_ms: int | None = None
    tick_spread: int = 0  # messages a tick, each in the next guild; 0: one, in the first channel
    gateway: GatewayRules = field(default_factory=GatewayRules)
    rest: RestRules = field(default_factory=RestRules)
