"""Lives of a bot, one after another, over one folder: real clients, websockets and records, without a network."""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import replace
from fcntl import F_GETFL, fcntl
from typing import Any

import discord
import pytest
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from fakes.login import FIRST
from harness.gateway_payloads import Data
from uptime_bot.continuity.found import Found
from uptime_bot.contract.settings import SessionSettings
from uptime_bot.contract.tokens import clean
from uptime_bot.discordpy.attach import _hear_ready
from uptime_bot.discordpy.continuing import Continuity
from uptime_bot.discordpy.gateway_session import Session
from uptime_bot.discordpy.gateway_socket import GatewaySocket, opening
from uptime_bot.discordpy.links import ClientLink, Links
from uptime_bot.discordpy.recording import ShardRecording
from uptime_bot.discordpy.shard_link import ShardLink
from uptime_bot.discordpy.surroundings import Surroundings

Heard = tuple[str, tuple[Any, ...]]

DEADLINE_S = 5.0

TOKEN = clean(FIRST).token


class FakeEnd:
    """aiohttp's end of a websocket: remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[Data] = []
        self.close_code: int | None = None

    @property
    def closed(self) -> bool:
        return self.close_code is not None

    async def send_str(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def close(self, *, code: int) -> None:
        self.close_code = code


class Life:
    """One process with one client; `heard` is what was dispatched to it, in order."""

    def __init__(self, client: discord.Client, around: Surroundings, *, delivery: str = "dispatched") -> None:
        settings = SessionSettings(delivery=delivery)
        folder = around.settings().paths.state_dir
        self.around = replace(around, continuity=Continuity(folder, folder, lambda: settings))
        self.continuity.possible = True
        self.client = client
        self.state: Any = client._connection
        self.heard: list[Heard] = []
        self.ends: dict[int, FakeEnd] = {}
        self.links = Links()
        self.link: ClientLink = self.links.of(client)
        self.link.token = TOKEN
        self.found: dict[int, Found] = {}
        """By shard: what the life before has left."""

        self._sequences: dict[int, int] = {}
        _hear_ready(client, self.links, self.around)
        dispatch = self.state.dispatch

        def note_and_dispatch(event: str, *args: Any) -> None:
            self.heard.append((event, args))
            dispatch(event, *args)

        self.state.dispatch = note_and_dispatch

    @property
    def continuity(self) -> Continuity:
        return self.around.continuity

    def shard(self, shard_id: int = 0) -> ShardLink:
        return self.link.shard(shard_id)

    def recording(self, shard_id: int = 0) -> ShardRecording:
        recording = self.shard(shard_id).recording
        assert recording is not None
        return recording

    def names(self) -> list[str]:
        """What was heard, without its arguments."""
        return [name for name, _ in self.heard]

    def announced(self) -> list[int]:
        """The guilds that became available, in order."""
        return [args[0].id for name, args in self.heard if name == "guild_available"]

    async def identify(self, shard_id: int = 0) -> None:
        """Connect and IDENTIFY; READY is still to come."""
        self.continuity.take_up(self.link, self.shard(shard_id))
        self._sequences[shard_id] = 0
        await self._connect(shard_id).identify()

    async def resume(self, shard_id: int = 0) -> Session:
        """Connect and RESUME what the life before has left; returns that."""
        session = self.continuity.take_up(self.link, self.shard(shard_id))
        refill = self.shard(shard_id).refill
        assert session is not None
        assert refill is not None
        self.found[shard_id] = refill._found
        self._sequences[shard_id] = session.sequence
        ws = self._connect(shard_id)
        ws.session_id, ws.sequence = session.session_id, session.sequence
        await ws.resume()
        await settled()
        return session

    async def is_refused(self, shard_id: int = 0) -> None:
        """Op 9: the session is over."""
        with pytest.raises(ReconnectWebSocket):
            await self._socket(shard_id).received_message(json.dumps({"op": 9, "d": False}))
        self.shard(shard_id).ended()

    async def receive(self, name: str, data: Data, shard_id: int = 0) -> int:
        """The next event arrives; returns its sequence."""
        self._sequences[shard_id] += 1
        frame = {"op": 0, "t": name, "s": self._sequences[shard_id], "d": data}
        await self._socket(shard_id).received_message(json.dumps(frame))
        await asyncio.sleep(0)  # as the next frame's reading would let handlers begin
        return self._sequences[shard_id]

    async def hears(self, name: str, times: int = 1) -> None:
        """Wait until it has been dispatched that often."""
        await eventually(lambda: self.names().count(name) >= times)

    def dies(self) -> None:
        """Go away, without the mark of a clean end but with everything written."""
        assert self.continuity._writer.close(DEADLINE_S)

    def _socket(self, shard_id: int) -> DiscordWebSocket:
        ws = self.shard(shard_id).ws
        assert ws is not None
        return ws

    def _connect(self, shard_id: int) -> GatewaySocket:
        shard, end = self.shard(shard_id), FakeEnd()
        shard.begin()
        mark = opening.set(shard)
        ws = GatewaySocket(end, loop=asyncio.get_running_loop())
        opening.reset(mark)
        # What from_client() adds.
        ws.token = "not a token"
        ws._connection, ws._discord_parsers = self.state, self.state.parsers
        ws._dispatch = lambda *_: None
        ws.call_hooks = _no_hooks
        ws._initial_identify = True
        ws.shard_id, ws.shard_count = shard_id, self.state.shard_count
        ws._max_heartbeat_timeout = 60.0
        self.ends[shard_id] = end
        if not isinstance(self.client, discord.AutoShardedClient):
            self.client.ws = ws
        return ws


async def a_client(kind: type[discord.Client] = discord.Client, **options: Any) -> discord.Client:
    """A client that has begun to log in, with all intents if nothing else is said; waits briefly for its guilds."""
    defaults: dict[str, Any] = {"intents": discord.Intents.all(), "guild_ready_timeout": 0.01}
    client = kind(**defaults | options)
    await client._async_setup_hook()
    return client


async def two_shards() -> discord.Client:
    """An AutoShardedClient of two shards."""
    client = await a_client(discord.AutoShardedClient, intents=discord.Intents.default(), shard_count=2)
    assert isinstance(client, discord.AutoShardedClient)
    client._connection.shard_ids = range(2)
    return client


async def _no_hooks(*_: object, **__: object) -> None:
    pass


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it holds; fails when it does not in time."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.001)


async def settled() -> None:
    """Let what is due run."""
    for _ in range(20):
        await asyncio.sleep(0)


def still_read(found: Found) -> bool:
    """Whether the journal is still open for reading what was found in it; its writer's own descriptor may write."""
    try:
        is_journal = os.path.samestat(os.fstat(found.descriptor), found.files.journal.stat())
        return is_journal and fcntl(found.descriptor, F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    except OSError:
        return False
