"""The verdicts on the bot's health, as the status and the control socket spell them."""

from enum import StrEnum


class Health(StrEnum):
    """The verdict of one tick (docs/glossary.md)."""

    STARTING = "starting"
    """Before the first READY of all shards."""

    HEALTHY = "healthy"
    """All shards ready, heartbeats acknowledged, loop responsive."""

    DEGRADED = "degraded"
    """Some shard reconnects, or the event loop lags."""

    WAITING = "waiting"
    """For the network, for Discord, for the IDENTIFY budget."""

    DEAF = "deaf"
    """A socket is open, Discord's REST answers, but the gateway does not."""

    STALLED = "stalled"
    """The event loop does not run; only seen from outside it."""

    STOPPING = "stopping"
    """Asked to stop."""

    @property
    def serves(self) -> bool:
        """Whether the bot handles events in this state."""
        return self in (Health.HEALTHY, Health.DEGRADED)
