"""The clients of the process, and what is known of each."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import discord

from uptime_bot.contract.tokens import Token
from uptime_bot.discordpy.readiness import Readiness
from uptime_bot.discordpy.shard_link import ShardLink
from uptime_bot.health.sample import ShardState


class ClientLink:
    """One client and its shards."""

    def __init__(self, client: discord.Client) -> None:
        self.client = client
        self.own: str | None = None
        """What the script passed to login."""

        self.token: Token | None = None
        """The token in use."""

        self.answers: dict[str, Any] = {}
        """What Discord's REST said at login, by path."""

        self.known: dict[str, Any] = {}
        """What it said at the login before, where a session can be resumed: nobody has to be asked then."""

        self.verification: asyncio.Future[None] | None = None
        """Asks REST afterwards what was known."""

        self.becoming_ready: dict[int, Readiness] = {}
        """By shard: what makes on_ready of sessions that are older than the process."""

        self.connecting = False
        """Whether connect() runs: a client that only uses REST is none of the heartbeat's business."""

        self.fatal: asyncio.Future[None] | None = None
        """While shards are launched: raises what one of those already launched has died of."""

        self.shards: dict[int, ShardLink] = {}

    def shard(self, shard_id: int | None) -> ShardLink:
        """The link of a shard; a client without sharding has the one shard 0."""
        key = shard_id or 0
        link = self.shards.get(key)
        if link is None:
            link = self.shards[key] = ShardLink(shard_id=key, client=self.client)
        return link

    @property
    def shards_expected(self) -> int:
        """How many shards this client will have; 0 while Discord has not said."""
        if not isinstance(self.client, discord.AutoShardedClient):
            return 1
        return len(self.client._connection.shard_ids or ())

    @property
    def guilds(self) -> int:
        """How many guilds the client knows; to ask for client.guilds would fill a cache that is filled as needed."""
        return len(self.client._connection._guilds)

    @property
    def ready(self) -> bool:
        """Whether every shard has a session."""
        ready = sum(shard.state is ShardState.READY for shard in self.shards.values())
        return 0 < self.shards_expected <= ready


class Links:
    """All clients of the process; iterates over those that are connected or connecting."""

    def __init__(self) -> None:
        self._by_client: dict[int, ClientLink] = {}
        self.heard: WeakSet[discord.Client] = WeakSet()
        """The clients whose READY and RESUMED are noted."""

        self._idle_since_mono: float | None = None

    def of(self, client: discord.Client) -> ClientLink:
        """The link of a client, made at first sight."""
        link = self._by_client.get(id(client))
        if link is None:
            link = self._by_client[id(client)] = ClientLink(client)
        return link

    @contextmanager
    def connected(self, client: discord.Client) -> Iterator[None]:
        """Keep a client among those that are connected, for the length of its connect()."""
        link = self.of(client)
        link.connecting = True
        try:
            yield
        finally:
            link.connecting = False
            self._by_client.pop(id(client), None)
            self._idle_since_mono = time.monotonic()

    def logging_in(self) -> None:
        """A client begins to log in: the process is not idle."""
        self._idle_since_mono = time.monotonic()

    @property
    def idle_since_mono(self) -> float | None:
        """Since when no client has been connected; None while one is, or before the first has logged in."""
        return None if any(True for _ in self) else self._idle_since_mono

    def __iter__(self) -> Iterator[ClientLink]:
        return iter([link for link in self._by_client.values() if link.connecting and not link.client.is_closed()])
