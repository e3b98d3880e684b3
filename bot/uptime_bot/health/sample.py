"""What one tick of the heartbeat sees. All times are seconds on the monotonic clock."""

from enum import StrEnum
from typing import NamedTuple


class ShardState(StrEnum):
    """Where a shard's gateway connection stands."""

    CONNECTING = "connecting"
    """No socket, or one that has not said HELLO."""

    IDENTIFYING = "identifying"
    """IDENTIFY was sent, READY is awaited."""

    RESUMING = "resuming"
    """RESUME was sent, RESUMED is awaited."""

    READY = "ready"
    """READY or RESUMED arrived."""


class RestState(StrEnum):
    """What Discord's REST API said when it was last asked."""

    UNKNOWN = "unknown"
    ANSWERS = "answers"
    SILENT = "silent"


class ShardSample(NamedTuple):
    """One shard as seen at a tick."""

    name: str
    """Such as "0", or "0 of client 2" where a script runs several clients."""

    state: ShardState
    since_mono: float
    """When the state was entered."""

    unacknowledged_since_mono: float | None
    """When the oldest heartbeat without an ACK was sent."""

    last_dispatch_mono: float
    """When the sequence was last seen to advance."""

    asked_at_mono: float | None
    """When a question that must be answered was put to a silent shard; None once anything was dispatched."""

    can_be_asked: bool
    """Whether there is an available guild to ask about."""

    remedies: int
    """How often this shard was closed for deafness without having proved itself since."""


class Waiting(NamedTuple):
    """Something outside that the bot waits for: the network, Discord, the IDENTIFY budget."""

    reason: str
    until_at: float
    """Unix time of the next try; in the past while that try is under way."""


class RestSample(NamedTuple):
    """Discord's REST as last asked."""

    state: RestState
    asked_at_mono: float
    detail: str = ""


class Sample(NamedTuple):
    """Everything that judge() looks at."""

    at_mono: float
    loop_lag_s: float
    shards: tuple[ShardSample, ...]
    shards_expected: int
    """How many shards the clients will have; 0 while that is not known."""

    waiting: tuple[Waiting, ...]
    rest: RestSample
    was_ready: bool
    """Whether all shards were ready at some time in this process."""

    idle_since_mono: float | None = None
    """Since when no client has been connected; None while one is, or before the first."""

    stopping: bool = False

    @property
    def serving(self) -> bool:
        """Whether some shard handles events."""
        return any(shard.state is ShardState.READY for shard in self.shards)
