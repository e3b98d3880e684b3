"""on_ready for a session that is older than the process: once the cache is filled and what was missed is replayed."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from discord.state import AutoShardedConnectionState, ConnectionState

from uptime_bot.discordpy.lazy_cache import Unfilled

_log = logging.getLogger(__name__)

SLICE_S = 0.003
"""How long the cache is filled at a time; then the loop is the bot's again for a turn."""


class Readiness:
    """Stands in for discord.py's task that waits for the guilds of a READY."""

    def __init__(
        self,
        state: "ConnectionState[Any]",
        shard_id: int,
        unfilled: Unfilled,
        guild_ids: Sequence[int],
    ) -> None:
        self.shard_id = shard_id
        self.guild_ids = list(guild_ids)
        """The guilds to be announced; one that joined while nobody was told is added."""

        self._state = state
        self._unfilled = unfilled
        self._caught_up = asyncio.Event()
        self._filled = asyncio.Event()
        self._filling = False
        self._loop = asyncio.get_running_loop()
        name = f"uptime-bot: shard {shard_id} becomes ready"
        self._task = self._loop.create_task(self._become_ready(), name=name)

    def take_over(self) -> None:
        """Put this in the place of what parse_ready() has just started, which waits for GUILD_CREATEs."""
        state = self._state
        if isinstance(state, AutoShardedConnectionState):
            state._ready_tasks[self.shard_id].cancel()
            state._ready_states.pop(self.shard_id, None)
            self.renew()
            return
        if state._ready_task is not None:
            state._ready_task.cancel()
        del state._ready_state
        state._ready_task = self._task

    def renew(self) -> None:
        """Another shard's READY is about to cancel the task that gathers all shards': this one is to outlive that."""
        state = self._state
        if not isinstance(state, AutoShardedConnectionState):
            return
        if self.shard_id in state._ready_tasks or not self._task.done():
            waiting: Any = asyncio.shield(self._task)  # as good as a task to those who gather and cancel
            state._ready_tasks[self.shard_id] = waiting

    def resumed(self) -> None:
        """RESUMED has arrived: all that was missed is there."""
        self._caught_up.set()
        self._fill()

    def abandon(self) -> None:
        """A new session takes the old one's place; until its READY, the cache is what there is."""
        if isinstance(self._state, AutoShardedConnectionState) and self._state._ready_task is not None:
            self._state._ready_task.cancel()  # it gathers all shards; the READY of this one makes another
        self._task.cancel()
        self._fill()

    def _fill(self) -> None:
        if not self._filling:
            self._filling = True
            self._fill_on()

    def _fill_on(self) -> None:
        end = time.monotonic() + SLICE_S
        while time.monotonic() < end:
            if not self._unfilled.fill_next():
                self._filled.set()
                return
        self._loop.call_soon(self._fill_on)

    async def _become_ready(self) -> None:
        state = self._state
        try:
            await self._caught_up.wait()
            await self._filled.wait()
            await self._announce_guilds()
        except asyncio.CancelledError:
            return  # as discord.py has it: a new session begins, with a READY of its own
        finally:
            if not isinstance(state, AutoShardedConnectionState) and state._ready_task is asyncio.current_task():
                state._ready_task = None
        if isinstance(state, AutoShardedConnectionState):
            state.dispatch("shard_ready", self.shard_id)
            return
        state.call_handlers("ready")
        state.dispatch("ready")

    async def _announce_guilds(self) -> None:
        state = self._state
        asked: list[tuple[Any, asyncio.Future[Any] | None]] = []
        for guild_id in self.guild_ids:
            guild = state._get_guild(guild_id)
            if guild is not None and not guild.unavailable:
                needs = state._guild_needs_chunking(guild)
                asked.append((guild, await state.chunk_guild(guild, wait=False) if needs else None))
        for guild, chunks in asked:
            if chunks is not None:
                try:
                    await asyncio.wait_for(chunks, timeout=state._chunk_timeout(guild))
                except TimeoutError:
                    _log.warning("shard %s: no members of guild %s within the time", self.shard_id, guild.id)
            state.dispatch("guild_available", guild)


def renew_all(becoming_ready: dict[int, Readiness]) -> None:
    """To be called before a READY of an AutoShardedClient is parsed, or anything like one."""
    for readiness in becoming_ready.values():
        readiness.renew()
