"""Refills the cache of a fresh client from a shard's record, with discord.py's own constructors and parsers, muted.

So what comes out is by construction what a client has that saw the events live.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import discord
from discord import utils as discord_utils
from discord.channel import StageChannel, TextChannel, VoiceChannel
from discord.state import ConnectionState
from discord.threads import Thread

from uptime_bot.continuity.found import Found, Index
from uptime_bot.continuity.frames import Frame, GuildMark, Kind
from uptime_bot.continuity.journal import Entry
from uptime_bot.discordpy.corrections import correct, restore_user, update_user
from uptime_bot.discordpy.lazy_cache import LazyGuilds, LazyLookup, LazyUsers, Unfilled
from uptime_bot.discordpy.muting import AUDIBLE, muted
from uptime_bot.discordpy.readiness import Readiness, renew_all


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
        with muted(but=AUDIBLE):
            state.parse_ready(self._ready | {"guilds": []})  # type: ignore[arg-type]
        with muted():
            for entry in self._account:
                self._apply(entry)
        unfilled, guilds = _make_lazy(state)
        for guild_id in self.guild_ids:
            guilds.expect(guild_id, partial(self._fill, guilds, guild_id))
        unfilled.afterwards(partial(self._settle_users, guilds))
        unfilled.afterwards(lambda: _make_plain(state))
        return unfilled

    def _fill(self, guilds: LazyGuilds, guild_id: int) -> None:
        state = self._state
        if state._guilds is not guilds:
            return  # a new session has brought a cache of its own
        try:
            with muted():
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

    def _settle_users(self, guilds: LazyGuilds) -> None:
        """Guilds were filled in another order than events came: the last that said something of a user is right.

        Unless an event has come meanwhile that knows better still.
        """
        if self._state._guilds is not guilds:
            return
        known = guilds.unfilled.users_heard_of
        said = {entry.entity_id: entry for entry in self._users if entry.entity_id not in known}
        with muted():
            for entry in said.values():
                self._apply(entry)
        for user_id, entries in self._by_user.items():
            if user_id not in known:
                frame = said.get(user_id)
                self._settle_user(user_id, entries, 0 if frame is None else frame.sequence)
        self._by_user.clear()

    def _settle_user(self, user_id: int, entries: Sequence[Entry], since: int) -> None:
        user = self._state._users.get(user_id)
        if user is None or (not since and len({entry.guild_id for entry in entries}) == 1):
            return
        for entry in sorted(entries, key=lambda entry: entry.sequence, reverse=True):
            if entry.sequence <= since:
                return
            data = discord_utils._from_json(self._load(entry))["d"].get("user", {})
            if len(data) > 1:
                with suppress(KeyError):  # half a user, as Discord may send it: its parser did not take it either
                    update_user(user, data)
                    return


class PendingRefill:
    """The cache that a found session left, until the RESUME goes out that it is for."""

    def __init__(
        self,
        state: "ConnectionState[Any]",
        found: Found,
        becoming_ready: dict[int, Readiness],
        on_damage: Callable[[Exception], None],
    ) -> None:
        self._state = state
        self._found = found
        self._becoming_ready = becoming_ready
        self._on_damage = on_damage

    def begin(self) -> Readiness:
        """Let the client have its cache; what the answer is told fires on_ready."""
        renew_all(self._becoming_ready)
        try:
            return self._begin()
        except Exception:
            self._found.close()
            raise

    def _begin(self) -> Readiness:
        refill = Refill(self._state, self._found.entries, self._found.load, self._on_damage)
        unfilled = refill.begin()
        unfilled.afterwards(self._found.close)
        readiness = Readiness(self._state, self._found.session.key.shard_id, unfilled, refill.guild_ids)
        readiness.take_over()
        self._becoming_ready[readiness.shard_id] = readiness
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
