"""A message every so many milliseconds, so that a bot always has something to miss."""

import asyncio
import contextlib
import time

from uptime_drill.discord.house import House

_CATCHES_UP_S = 5.0  # after a longer standstill (SIGSTOP, a suspended machine) the rest is left out


class Ticker:
    """Messages `tick N` with rising ids; each is in the log as `message`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._task: asyncio.Task[None] | None = None
        self.ticks = 0

    @property
    def is_running(self) -> bool:
        return self._task is not None

    async def start(self, interval_ms: int, channel_id: int | None = None, *, spread: int = 0) -> None:
        """Tick from now on. With `spread`, each tick is so many messages, each in the next guild, round and round.

        Guilds that follow each other belong to different shards, so a spread of N reaches N shards in each tick.
        """
        await self.stop()
        self._task = asyncio.create_task(self._run(interval_ms / 1000, channel_id, spread), name="stand-in-ticker")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self, interval_s: float, channel_id: int | None, spread: int) -> None:
        due = time.monotonic()
        while True:
            due = max(due + interval_s, time.monotonic() - _CATCHES_UP_S)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            for _ in range(max(1, spread)):
                self.ticks += 1
                where = self._house.world.nth_channel(self.ticks) if spread else channel_id
                self._house.say(f"tick {self.ticks}", channel_id=where)
