"""discord.py's gateway websocket, with a word to the shard's link at each step of a session."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar
from functools import cached_property
from typing import Any

import aiohttp
import discord
from discord import utils as discord_utils
from discord.gateway import DiscordWebSocket, ReconnectWebSocket, WebSocketClosure

from uptime_bot.discordpy.event_types import telling_types
from uptime_bot.discordpy.hearing import HEARD
from uptime_bot.discordpy.insides import is_as_known
from uptime_bot.discordpy.recording import ShardRecording
from uptime_bot.discordpy.shard_link import ShardLink
from uptime_bot.health.sample import ShardState

_log = logging.getLogger(__name__)
_discord_log = logging.getLogger("discord.gateway")

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


_ENDS_A_CONNECTION = (ReconnectWebSocket, WebSocketClosure, discord.ConnectionClosed, OSError)

_BEGINS_A_SESSION = frozenset({"READY", "RESUMED"})
"""Events that discord.py's websocket itself has something to do with."""

_received_by_discordpy = DiscordWebSocket.received_message
_is_as_known = is_as_known(_received_by_discordpy)


class GatewaySocket(DiscordWebSocket):
    """A DiscordWebSocket that ends its session only if told to, and tells its ShardLink how far it has come."""

    def __init__(self, socket: Any, *, loop: asyncio.AbstractEventLoop) -> None:
        self.link = opening.get()
        self._stands_in = _is_as_known and DiscordWebSocket.received_message is _received_by_discordpy
        """Whether ours does what the installed received_message() of discord.py does, which nobody has replaced."""

        super().__init__(socket, loop=loop)
        self.link.ws = self
        # aiohttp's and discord.py's own closes would wait half a minute for a peer that is frozen.
        socket._timeout = aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S)

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
        if recording is None:
            await self._leave_to_discordpy(msg)
            return
        if type(msg) is bytes:
            msg = self._decompressor.decompress(msg)
            if msg is None:
                return  # not the whole of a frame
        if recording.closed:
            recording.hand_to_voice(msg)
            return
        frame = discord_utils._from_json(msg)
        event = frame.get("t")
        if frame.get("op") != self.DISPATCH or type(event) is not str or type(frame.get("s")) is not int:
            await self._leave_to_discordpy(msg)
        elif event in _BEGINS_A_SESSION or self._dispatch_listeners or not self._stands_in:
            await self._listen_to_discordpy(msg, frame, recording)
        else:
            self._handle(msg, frame, recording)

    def _handle(self, text: str, frame: dict[str, Any], recording: ShardRecording) -> None:
        """What discord.py does with an event, and what recording needs of it in the same go: this runs for each."""
        event = frame["t"]
        self.log_receive(text)  # type: ignore[arg-type] # it is the text that discord.py passes as well
        _discord_log.debug("For Shard ID %s: WebSocket Event: %s", self.shard_id, frame)
        self._tell_type(event)
        self.sequence = sequence = frame["s"]
        if self._keep_alive:
            self._keep_alive.tick()
        parse = self._discord_parsers.get(event)
        recording.received(sequence, text)
        try:
            if parse is None:
                _discord_log.debug("Unknown event %s.", event)
            elif (hear := HEARD.get(event)) is None:
                parse(frame["d"])
            else:
                hear(recording, parse, frame["d"])
        except Exception:  # noqa: BLE001 - one event must not end the connection
            _log.exception("shard %s: cannot parse an event, passing over it", self.link.shard_id)
        finally:
            recording.parsed()

    @cached_property
    def _tell_type(self) -> Callable[[str], Any]:
        return telling_types(self._dispatch)

    async def _listen_to_discordpy(self, text: str, frame: dict[str, Any], recording: ShardRecording) -> None:
        """Have discord.py handle an event, and hear it where its parser is called."""
        event, sequence, parsers = frame["t"], frame["s"], self._discord_parsers
        parse, hear = parsers.get(event), HEARD.get(event)

        def receive_and_parse(data: Any) -> None:
            recording.received(sequence, text)
            if parse is not None and hear is not None:
                hear(recording, parse, data)
            elif parse is not None:
                parse(data)

        self._discord_parsers = {event: receive_and_parse}
        try:
            await self._leave_to_discordpy(text)
        finally:
            self._discord_parsers = parsers
            if recording.sequence:
                recording.parsed()

    async def _leave_to_discordpy(self, msg: Any) -> None:
        before = self.sequence
        try:
            await super().received_message(msg)
        except _ENDS_A_CONNECTION:
            raise
        except Exception:
            if not self.link.established or self.sequence == before:
                raise
            _log.exception("shard %s: cannot parse an event, passing over it", self.link.shard_id)

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
