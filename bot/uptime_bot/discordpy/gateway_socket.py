"""discord.py's gateway websocket, with a word to the shard's link at each step of a session."""

import asyncio
import logging
from contextvars import ContextVar
from typing import Any

from discord.gateway import DiscordWebSocket

from uptime_bot.discordpy.links import ShardLink
from uptime_bot.health.sample import ShardState

_log = logging.getLogger(__name__)

opening: ContextVar[ShardLink] = ContextVar("uptime_bot_opening")
"""The shard whose websocket is being made."""

IDENTIFY_TIMEOUT_S = 60.0
"""From HELLO until IDENTIFY is sent: a bot may queue in its before_identify hook. The figure is discord.py's own."""

CLOSE_TIMEOUT_S = 1.0
"""A peer that does not answer our close frame is not worth more; aiohttp would wait 10 s."""

SESSION_ENDING_CODES = frozenset({1000, 1001})
"""A client that closes with one of these ends its session, with any other not (Discord, "Initiating a Disconnect")."""


class GatewaySocket(DiscordWebSocket):
    """A DiscordWebSocket that never ends its session and tells its ShardLink how far it has come."""

    def __init__(self, socket: Any, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(socket, loop=loop)
        self.link = opening.get()
        self.link.ws = self

    async def identify(self) -> None:
        """HELLO has arrived; queue in the hook and IDENTIFY."""
        self.link.greeted = True
        self._allow(IDENTIFY_TIMEOUT_S)
        await super().identify()
        self.link.identified = True
        self.link.enter(ShardState.IDENTIFYING)

    async def resume(self) -> None:
        """HELLO has arrived; RESUME."""
        self.link.greeted = True
        await super().resume()
        self.link.identified = False
        self.link.enter(ShardState.RESUMING)

    async def close(self, code: int = 4000) -> None:
        """Close so that the session lives on, in bounded time."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await super().close(4000 if code in SESSION_ENDING_CODES else code)
        except TimeoutError:
            _log.debug("shard %s: the close frame was not answered", self.link.shard_id)

    def _allow(self, seconds: float) -> None:
        if self.link.opening is not None:
            self.link.opening.reschedule(self.loop.time() + seconds)
