"""discord.py's gateway websocket, with a word to the shard's link at each step of a session."""

import asyncio
import logging
from contextvars import ContextVar
from typing import Any

import aiohttp
import discord
from discord.gateway import DiscordWebSocket, ReconnectWebSocket, WebSocketClosure

from uptime_bot.discordpy.recording import ShardRecording
from uptime_bot.discordpy.shard_link import ShardLink
from uptime_bot.health.sample import ShardState

_log = logging.getLogger(__name__)

opening: ContextVar[ShardLink] = ContextVar("uptime_bot_opening")
"""The shard whose websocket is being made."""

IDENTIFY_TIMEOUT_S = 60.0
"""From HELLO until IDENTIFY is sent: a bot may queue in its before_identify hook. The figure is discord.py's own."""

CLOSE_TIMEOUT_S = 1.0
"""A peer that does not answer our close frame is not worth more; aiohttp would wait 10 s."""

QUIET_GRACE_S = 20.0
"""Seconds beyond the heartbeat interval in which nothing need be received."""

SESSION_ENDING_CODES = frozenset({1000, 1001})
"""A client that closes with one of these ends its session, with any other not (Discord, "Initiating a Disconnect")."""


class GatewaySocket(DiscordWebSocket):
    """A DiscordWebSocket that ends its session only if told to, and tells its ShardLink how far it has come."""

    def __init__(self, socket: Any, *, loop: asyncio.AbstractEventLoop) -> None:
        self.link = opening.get()
        self._sequence: int | None = None
        self._following: ShardRecording | None = None
        """While a frame is handled: the recording that its event goes to."""
        super().__init__(socket, loop=loop)
        self.link.ws = self
        # aiohttp's and discord.py's own closes would wait half a minute for a peer that is frozen.
        socket._timeout = aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S)

    @property
    def sequence(self) -> int | None:
        """The last event that was received; discord.py sets it just before it parses an event."""
        return self._sequence

    @sequence.setter
    def sequence(self, sequence: int | None) -> None:
        self._sequence = sequence
        if self._following is not None and sequence is not None:
            self._following.received(sequence)

    async def identify(self) -> None:
        """HELLO has arrived; queue in the hook and IDENTIFY."""
        self._greeted()
        self.link.identifies()
        self._allow(IDENTIFY_TIMEOUT_S)
        await super().identify()
        self.link.identified = True
        self.link.enter(ShardState.IDENTIFYING)

    async def resume(self) -> None:
        """HELLO has arrived; RESUME."""
        self._greeted()
        self.link.established = True
        try:
            self.link.resumes()
        except Exception as exc:
            _log.exception("shard %s: the cache cannot be refilled; beginning a new session", self.link.shard_id)
            await self.close()
            raise ReconnectWebSocket(self.shard_id, resume=False) from exc
        await super().resume()
        self.link.identified = False
        self.link.enter(ShardState.RESUMING)

    async def received_message(self, msg: Any, /) -> None:
        """Handle a frame; an event that discord.py cannot parse is passed over, as one that it does not know is.

        A frame that cannot be read at all, or a READY that cannot be parsed, is raised: the connection is of no use.
        """
        recording = self.link.recording
        if recording is not None:
            if type(msg) is bytes:
                msg = self._decompressor.decompress(msg)
                if msg is None:
                    return  # not the whole of a frame
            if recording.closed:
                recording.hand_to_voice(msg)
                return
            recording.text = msg
        before = self._sequence
        self._following = recording
        try:
            await super().received_message(msg)
        except (ReconnectWebSocket, WebSocketClosure, discord.ConnectionClosed, OSError):
            raise
        except Exception:
            if not self.link.established or self._sequence == before:
                raise
            _log.exception("shard %s: cannot parse an event, passing over it", self.link.shard_id)
        finally:
            self._following = None
            if recording is not None and recording.sequence:
                recording.parsed()

    async def close(self, code: int = 4000) -> None:
        """Close so that the session lives on, in bounded time."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await super().close(self._code_that_keeps(code))
        except TimeoutError:
            _log.debug("shard %s: the close frame was not answered", self.link.shard_id)

    def _code_that_keeps(self, code: int) -> int:
        if code not in SESSION_ENDING_CODES:
            return code
        if not self.link.ends_session:
            return 4000
        if self.link.recording is not None:
            self.link.recording.recorder.forget()
        return code

    def _greeted(self) -> None:
        self.link.greeted = True
        keep_alive = self._keep_alive
        if keep_alive is not None and keep_alive.interval is not None:
            # With an interval of a minute or more, discord.py would take a quiet gateway for a dead one.
            longest_s = max(self._max_heartbeat_timeout, keep_alive.interval + QUIET_GRACE_S)
            self._max_heartbeat_timeout = keep_alive.heartbeat_timeout = longest_s

    def _allow(self, seconds: float) -> None:
        if self.link.opening is not None:
            self.link.opening.reschedule(self.loop.time() + seconds)
