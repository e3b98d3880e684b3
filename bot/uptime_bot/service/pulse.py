"""The pulse of the user's event loop, written by the heartbeat and read by the side thread."""

import asyncio
import threading
import time


class Pulse:
    """When the loop last beat and when it ought to beat again, on the monotonic clock.

    Plain attributes, each written by one thread: reads need no lock.
    """

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread_id = threading.get_ident()
        self.due_mono = 0.0

    def beat(self, loop: asyncio.AbstractEventLoop, next_in_s: float) -> None:
        """The loop runs; it promises to beat again in next_in_s."""
        self.loop = loop
        self.thread_id = threading.get_ident()
        self.due_mono = time.monotonic() + next_in_s

    @property
    def overdue_s(self) -> float:
        """Seconds that the loop is late by; 0 while it is not, or while no loop runs."""
        if self.loop is None or not self.loop.is_running():
            return 0.0
        return max(time.monotonic() - self.due_mono, 0.0)
