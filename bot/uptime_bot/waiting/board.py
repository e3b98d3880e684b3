"""The board of what is being waited for, read by the heartbeat."""

import time

from uptime_bot.health.sample import Waiting


class WaitBoard:
    """Waits by key (such as "login" or "shard 3"), oldest first."""

    def __init__(self) -> None:
        self._waits: dict[str, Waiting] = {}

    def begin(self, key: str, reason: str, delay_s: float) -> None:
        """Put a wait on the board, or renew it; delay_s is the time to the next try."""
        self._waits[key] = Waiting(reason=reason, until_at=time.time() + delay_s)

    def end(self, key: str) -> None:
        """Take a wait off: what was waited for is there."""
        self._waits.pop(key, None)

    def current(self) -> tuple[Waiting, ...]:
        """What is waited for now."""
        return tuple(self._waits.values())
