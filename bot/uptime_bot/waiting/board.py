"""The board of what is being waited for, read by the heartbeat."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from uptime_bot.health.sample import Waiting


class WaitBoard:
    """Waits by key (such as "login" or "shard 3"), oldest first."""

    def __init__(self) -> None:
        self._waits: dict[str, Waiting] = {}

    @contextmanager
    def waiting(self, key: str, reason: str, delay_s: float | None) -> Iterator[None]:
        """Keep a wait on the board for the length of the block; delay_s is the time to the next try, if any."""
        until_at = None if delay_s is None else time.time() + delay_s
        self._waits[key] = Waiting(reason=reason, until_at=until_at)
        try:
            yield
        finally:
            self._waits.pop(key, None)

    def current(self) -> tuple[Waiting, ...]:
        """What is waited for now."""
        return tuple(self._waits.values())
