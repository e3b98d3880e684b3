"""A thread with an event loop of its own, for what must go on while the user's loop is stuck."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence

_log = logging.getLogger(__name__)


class SideThread:
    """Runs a few coroutine functions for ever; one that fails is logged and does not take the others along."""

    def __init__(self, jobs: Sequence[tuple[str, Callable[[], Awaitable[None]]]]) -> None:
        self._jobs = jobs
        self._thread = threading.Thread(target=self._run, name="uptime-bot side thread", daemon=True)
        self._stop: Callable[[], object] = lambda: None
        self._started = threading.Event()

    def start(self) -> None:
        """Start; returns at once."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the jobs, in at most timeout_s."""
        if self._started.wait(timeout_s):
            self._stop()
            self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.run(self._run_jobs())

    async def _run_jobs(self) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)
        self._started.set()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._run_job(name, job), name=name) for name, job in self._jobs]
            await stop.wait()
            for task in tasks:
                task.cancel()

    async def _run_job(self, name: str, job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except Exception:  # noqa: BLE001 - a supervision point: logged, and the rest goes on
            _log.exception("%s failed; the bot goes on without it", name)
