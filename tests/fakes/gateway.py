"""What a ShardLink sees of discord.py: a websocket, its keep-alive, a client with guilds."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

import discord
import yarl
from discord.gateway import DiscordWebSocket

from uptime_bot.discordpy.shard_link import ShardLink


@dataclass(slots=True, kw_only=True)
class FakeKeepAlive:
    """discord.py's KeepAliveHandler notes two times, on the same clock as time.monotonic()."""

    _last_send: float = field(default_factory=time.perf_counter)
    _last_ack: float = field(default_factory=time.perf_counter)

    def sends(self, at: float) -> None:
        self._last_send = at

    def hears(self, at: float) -> None:
        self._last_ack = at


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSocket:
    """aiohttp's end of it."""

    close_code: int | None = None


@dataclass(slots=True, kw_only=True)
class FakeWebSocket:
    """Remembers what was asked of it and with which codes it was closed."""

    sequence: int | None = None
    session_id: str | None = None
    gateway: yarl.URL = field(default_factory=lambda: yarl.URL("wss://gateway.example/"))
    socket: FakeSocket = field(default_factory=FakeSocket)
    latency: float = 0.04
    _keep_alive: FakeKeepAlive | None = field(default_factory=FakeKeepAlive)
    questions: list[tuple[int, list[int]]] = field(default_factory=list)
    closed_with: list[int] = field(default_factory=list)
    hold: asyncio.Event | None = None
    """Where set, a question is held back until then, as discord.py's rate limiter does."""

    broken: bool = False
    open: bool = True

    @property
    def keep_alive(self) -> FakeKeepAlive:
        assert self._keep_alive is not None
        return self._keep_alive

    def dispatches(self) -> None:
        """The gateway sends an event."""
        self.sequence = (self.sequence or 0) + 1

    async def request_chunks(self, guild_id: int, *, limit: int, user_ids: list[int], nonce: str) -> None:
        if self.hold is not None:
            await self.hold.wait()
        if self.broken:
            raise ConnectionResetError("Cannot write to closing transport")
        self.questions.append((guild_id, user_ids))

    async def close(self, code: int = 4000) -> None:
        self.closed_with.append(code)
        self.open = False
        self._keep_alive = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeGuild:
    id: int
    shard_id: int = 0
    unavailable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeUser:
    id: int = 4242


@dataclass(slots=True, kw_only=True)
class FakeClient:
    """A client that has logged in."""

    guilds: list[FakeGuild] = field(default_factory=lambda: [FakeGuild(id=1)])
    intents: discord.Intents = field(default_factory=discord.Intents.default)
    user: FakeUser | None = field(default_factory=FakeUser)
    closed: bool = False

    def is_closed(self) -> bool:
        return self.closed


def as_client(client: object) -> discord.Client:
    """For what asks for a real one."""
    return cast("discord.Client", client)


def linked(client: FakeClient | None = None, *, shard_id: int = 0) -> tuple[ShardLink, FakeWebSocket]:
    """A shard with an open websocket."""
    link = ShardLink(shard_id=shard_id, client=as_client(client or FakeClient()))
    websocket = FakeWebSocket()
    link.ws = cast("DiscordWebSocket", websocket)
    return link, websocket
