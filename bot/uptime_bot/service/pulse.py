"""The pulse of the user's event loop, written by the heartbeat and read by the side thread."""

import asyncio
import threading
import time
from weakref import WeakSet


class Pulse:
    """When the loop last beat and when it ought to beat again, on the monotonic clock.

    Plain attributes, each written by one thread: reads need no lock.
    """

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread_id = threading.get_ident()
        self.due_mono = 0.0
        self.homes: WeakSet[threading.Thread] = WeakSet()
        """The threads in which a client has logged in."""

    def beat(self, loop: asyncio.AbstractEventLoop, next_in_s: float) -> None:
        """The loop runs; it promises to beat again in next_in_s."""
        self.loop = loop
        self.thread_id = threading.get_ident()
        self.due_mono = time.monotonic() + next_in_s

    def settle(self) -> None:
        """A client logs in, in this thread."""
        self.homes.add(threading.current_thread())

    @property
    def runs(self) -> bool:
        """Whether the loop runs, be it stuck."""
        return self.loop is not None and self.loop.is_running()

    @property
    def overdue_s(self) -> float:
        """Seconds that the loop is late by; 0 while it is not, or while no loop runs."""
        return max(time.monotonic() - self.due_mono, 0.0) if self.runs else 0.0
