"""Refills the cache of a fresh client from a shard's record, with discord.py's own constructors and parsers, muted.

So what comes out is by construction what a client has that saw the events live.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import discord
from discord import utils as discord_utils
from discord.channel import StageChannel, TextChannel, VoiceChannel
from discord.state import ConnectionState
from discord.threads import Thread

from uptime_bot.continuity.found import Found, Index
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.journal import Entry
from uptime_bot.discordpy.corrections import correct, restore_user, update_user
from uptime_bot.discordpy.lazy_cache import LazyGuilds, LazyLookup, LazyUsers, Unfilled
from uptime_bot.discordpy.readiness import Readiness

AUDIBLE = frozenset({"connect", "shard_connect"})
"""What a client hears while its cache is refilled: it has connected, and nothing else has happened yet."""


class GuildMark:
    """What entity_id says in the frames of GUILD_* events, so that an index alone knows which guilds there are."""

    NONE = 0
    JOINED = 1
    """GUILD_CREATE, but for one that only names an unavailable guild."""

    LEFT = 2
    """GUILD_DELETE, but for an outage."""


@contextmanager
def muted(state: "ConnectionState[Any]", *, but: frozenset[str] = frozenset()) -> Iterator[None]:
    """Keep parsers from dispatching anything to the user's code, but for the events named."""
    dispatch = state.dispatch
    state.dispatch = lambda event, *args, **kwargs: dispatch(event, *args, **kwargs) if event in but else None
    try:
        yield
    finally:
        state.dispatch = dispatch


def apply_event(state: "ConnectionState[Any]", event: str, data: Any) -> None:
    """Let an event change the cache, and do nothing else; to be called muted.

    Raises whatever discord.py's parser does.
    """
    match event:
        case "GUILD_CREATE":
            if data.get("unavailable") is not True:
                state._get_create_guild(data)
        case "GUILD_MEMBERS_CHUNK":
            _add_chunk(state, data)
        case "INTERACTION_CREATE" | "READY" | "RESUMED":
            pass
        case _:
            parse = getattr(state, f"parse_{event.lower()}", None)
            if parse is not None:
                parse(data)


def _add_chunk(state: "ConnectionState[Any]", data: Any) -> None:
    """Add members as the ChunkRequest did that the chunk answered; parse_guild_members_chunk() needs that request."""
    guild = state._get_guild(int(data["guild_id"]))
    if guild is None:
        return
    members = {
        int(member["user"]["id"]): discord.Member(guild=guild, data=member, state=state) for member in data["members"]
    }
    for presence in data.get("presences", []):
        member = members.get(int(presence["user"]["id"]))
        if member is not None:
            member._presence_update(discord.RawPresenceUpdateEvent(data=presence, state=state), presence["user"])
    for member in members.values():
        existing = guild.get_member(member.id)
        if existing is None or existing.joined_at is None:
            guild._add_member(member)


def apply_frame(state: "ConnectionState[Any]", frame: Frame) -> None:
    """Let a frame change the cache; to be called muted. What discord.py cannot parse was not parsed live either."""
    match frame.kind:
        case Kind.EVENT:
            message = discord_utils._from_json(frame.payload)
            with suppress(Exception):  # as when it arrived: GatewaySocket passes over it
                apply_event(state, message["t"], message["d"])
        case Kind.LAST_MESSAGE:
            guild = state._get_guild(frame.guild_id)
            channel = None if guild is None else guild._resolve_channel(frame.entity_id)
            if channel.__class__ in (TextChannel, VoiceChannel, Thread, StageChannel):
                channel.last_message_id = int.from_bytes(frame.payload, "big")
        case Kind.GUILD:
            data = discord_utils._from_json(frame.payload)
            correct(state._add_guild_from_data(data), data)
        case Kind.USER:
            user = state._users.get(frame.entity_id)
            if user is not None:
                restore_user(user, discord_utils._from_json(frame.payload))
        case Kind.SESSION:
            pass


class Refill:
    """One shard's part of the cache: begin() makes it appear, and what it holds is parsed when it is asked for."""

    def __init__(
        self,
        state: "ConnectionState[Any]",
        index: Index,
        load: Callable[[Entry], bytes],
        on_damage: Callable[[Exception], None],
    ) -> None:
        self._state = state
        self._load = load
        self._on_damage = on_damage
        self._account = index.account
        self._users = index.users
        self._ready: dict[str, Any] = discord_utils._from_json(load(index.ready))["d"]
        self._stubs = {int(stub["id"]): stub for stub in self._ready["guilds"]}
        self._by_guild: dict[int, Sequence[Entry]] = {}
        self._by_user: dict[int, list[Entry]] = {}
        joined_later: list[tuple[int, int]] = []
        for guild_id, entries in index.guilds.items():
            since = self._since_joining(guild_id, entries)
            if since and guild_id not in self._stubs:
                joined_later.append((since[0].sequence, guild_id))
            self._by_guild[guild_id] = since
            self._note_users(since)
        self.guild_ids = (*self._stubs, *(guild_id for _, guild_id in sorted(joined_later)))
        """The guilds of this shard, in the order of the live cache."""

    def _since_joining(self, guild_id: int, entries: Sequence[Entry]) -> Sequence[Entry]:
        """What still counts: nothing before the bot left, and nothing that came while the guild was not known."""
        left = max((place for place, entry in enumerate(entries) if _mark(entry) == GuildMark.LEFT), default=-1)
        if left >= 0:
            self._stubs.pop(guild_id, None)
        if guild_id in self._stubs:
            return entries
        after = range(left + 1, len(entries))
        joined = next((place for place in after if _mark(entries[place]) == GuildMark.JOINED), len(entries))
        return entries[joined:]

    def _note_users(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.kind is Kind.EVENT and entry.entity_id > GuildMark.LEFT:
                self._by_user.setdefault(entry.entity_id, []).append(entry)

    def begin(self) -> Unfilled:
        """Let the client see its user and its guilds; returns what is still to be filled.

        To be called in the client's event loop, before the RESUME goes out.
        """
        state = self._state
        with muted(state, but=AUDIBLE):
            state.parse_ready(self._ready | {"guilds": []})  # type: ignore[arg-type]
        with muted(state):
            for entry in self._account:
                self._apply(entry)
        unfilled, guilds = _make_lazy(state)
        for guild_id in self.guild_ids:
            guilds.expect(guild_id, partial(self._fill, guilds, guild_id))
        unfilled.afterwards(self._settle_users)
        unfilled.afterwards(lambda: _make_plain(state))
        return unfilled

    def _fill(self, guilds: LazyGuilds, guild_id: int) -> None:
        state = self._state
        if state._guilds is not guilds:
            return  # a new session has brought a cache of its own
        try:
            with muted(state):
                if guild_id in self._stubs:
                    state._add_guild_from_data(self._stubs[guild_id])
                for entry in self._by_guild.pop(guild_id, ()):
                    self._apply(entry)
        except Exception as exc:  # noqa: BLE001 - whoever looked the guild up goes on without it
            self._on_damage(exc)
        guilds.settle(guild_id)

    def _apply(self, entry: Entry) -> None:
        frame = Frame(entry.kind, entry.sequence, entry.guild_id, entry.entity_id, self._load(entry))
        apply_frame(self._state, frame)

    def _settle_users(self) -> None:
        """Guilds were filled in another order than events came: the last that said something of a user is right."""
        with muted(self._state):
            for entry in self._users:
                self._apply(entry)
        for user_id, entries in self._by_user.items():
            user = self._state._users.get(user_id)
            if user is not None and len({entry.guild_id for entry in entries}) > 1:
                last = max(entries, key=lambda entry: entry.sequence)
                data = discord_utils._from_json(self._load(last))["d"].get("user", {})
                if len(data) > 1:
                    update_user(user, data)
        self._by_user.clear()


class PendingRefill:
    """The cache that a found session left, until the RESUME goes out that it is for."""

    def __init__(self, state: "ConnectionState[Any]", found: Found, on_damage: Callable[[Exception], None]) -> None:
        self._state = state
        self._found = found
        self._on_damage = on_damage

    def begin(self) -> Readiness:
        """Let the client have its cache; what the answer is told fires on_ready."""
        refill = Refill(self._state, self._found.index, self._found.load, self._on_damage)
        unfilled = refill.begin()
        unfilled.afterwards(self._found.close)
        readiness = Readiness(self._state, self._found.session.key.shard_id, unfilled, refill.guild_ids)
        readiness.take_over()
        return readiness

    def close(self) -> None:
        """It is not needed: a new session begins."""
        self._found.close()


def _mark(entry: Entry) -> int:
    if entry.kind is Kind.GUILD:
        return GuildMark.JOINED
    return entry.entity_id if entry.kind is Kind.EVENT else GuildMark.NONE


def _make_lazy(state: "ConnectionState[Any]") -> tuple[Unfilled, LazyGuilds]:
    if isinstance(state._guilds, LazyGuilds):  # another shard's refill is under way
        return state._guilds.unfilled, state._guilds
    unfilled = Unfilled()
    state._guilds = guilds = LazyGuilds(unfilled, state._guilds)
    state._users = LazyUsers(unfilled, state._users)
    state._emojis = LazyLookup(unfilled, state._emojis)
    state._stickers = LazyLookup(unfilled, state._stickers)
    return unfilled, guilds


def _make_plain(state: "ConnectionState[Any]") -> None:
    guilds, users = state._guilds, state._users
    if isinstance(guilds, LazyGuilds):
        state._guilds = guilds.plain()
        state._emojis, state._stickers = dict(state._emojis), dict(state._stickers)
    if isinstance(users, LazyUsers):
        state._users = WeakValueDictionary(users)
