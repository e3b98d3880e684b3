"""Which events change the cache; they are heard by wrapping their parsers, so that no other event costs anything."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import discord

from uptime_bot.continuity.frames import Frame, GuildMark, Kind
from uptime_bot.discordpy.recording import Parsing, ShardRecording
from uptime_bot.discordpy.refill import apply_event

Parse = Callable[[Any], None]
OF_A_GUILD = (
    *("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"),
    *("THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "THREAD_LIST_SYNC"),
    *("THREAD_MEMBER_UPDATE", "THREAD_MEMBERS_UPDATE"),
    *("GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE"),
    *("GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE", "GUILD_EMOJIS_UPDATE", "GUILD_STICKERS_UPDATE"),
    *("GUILD_SOUNDBOARD_SOUND_CREATE", "GUILD_SOUNDBOARD_SOUND_UPDATE", "GUILD_SOUNDBOARD_SOUND_DELETE"),
    *("GUILD_SOUNDBOARD_SOUNDS_UPDATE", "VOICE_STATE_UPDATE"),
    *("STAGE_INSTANCE_CREATE", "STAGE_INSTANCE_UPDATE", "STAGE_INSTANCE_DELETE"),
    *("GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_UPDATE", "GUILD_SCHEDULED_EVENT_DELETE"),
    *("GUILD_SCHEDULED_EVENT_USER_ADD", "GUILD_SCHEDULED_EVENT_USER_REMOVE"),
)
"""Events that change what a guild holds, named by their guild_id."""

OF_A_MEMBER = ("GUILD_MEMBER_UPDATE", "PRESENCE_UPDATE")
"""Events that may change a user, whom all guilds share."""


def hear_state(parsers: dict[str, Parse], state: Any, parsing: Parsing) -> None:
    """Wrap a client's parsers of the events that change its cache."""
    for event in OF_A_GUILD:
        _wrap(parsers, event, parsing, lambda data: (_id(data, "guild_id"), GuildMark.NONE))
    for event in OF_A_MEMBER:
        _wrap(parsers, event, parsing, lambda data: (_id(data, "guild_id"), _id(data["user"], "id")))
    _wrap(parsers, "USER_UPDATE", parsing, lambda _: (0, GuildMark.NONE))
    _wrap(parsers, "GUILD_UPDATE", parsing, lambda data: (_id(data, "id"), GuildMark.NONE))
    _wrap(parsers, "GUILD_DELETE", parsing, lambda data: (_id(data, "id"), _mark_of_delete(data)))
    _hear_guilds_quietly(parsers, state, parsing)
    _wrap(parsers, "GUILD_CREATE", parsing, lambda data: (_id(data, "id"), _mark_of_create(data)))
    _hear_chunks(parsers, state, parsing)
    _hear_messages(parsers, state, parsing)


def _wrap(parsers: dict[str, Parse], event: str, parsing: Parsing, ids: Callable[[Any], tuple[int, int]]) -> None:
    parse = parsers.get(event)
    if parse is None:
        return  # an event that this discord.py does not know

    def record_and_parse(data: Any) -> None:
        recording = parsing.recording
        if recording is not None:
            try:
                guild_id, entity_id = ids(data)
            except (KeyError, TypeError, ValueError, AttributeError):
                guild_id = entity_id = GuildMark.NONE  # odd data: the parser refuses it as well
            if guild_id or event == "USER_UPDATE":
                recording.record(guild_id, entity_id)
        parse(data)

    parsers[event] = record_and_parse


def _id(data: Any, key: str) -> int:
    return int(data.get(key) or 0)


def _mark_of_create(data: Any) -> int:
    return GuildMark.NONE if data.get("unavailable") is True else GuildMark.JOINED


def _mark_of_delete(data: Any) -> int:
    return GuildMark.NONE if data.get("unavailable") else GuildMark.LEFT


def _hear_guilds_quietly(parsers: dict[str, Parse], state: Any, parsing: Parsing) -> None:
    """parse_guild_create() may ask for members and dispatch later, when nobody is quiet any more."""
    parse = parsers["GUILD_CREATE"]

    def parse_or_apply(data: Any) -> None:
        recording = parsing.recording
        if recording is not None and recording.quiet:
            apply_event(state, "GUILD_CREATE", data)
            recording.joined_quietly(_id(data, "id"))
        else:
            parse(data)

    parsers["GUILD_CREATE"] = parse_or_apply


def _hear_chunks(parsers: dict[str, Parse], state: Any, parsing: Parsing) -> None:
    """Members that were asked for: recorded where they go into the cache."""
    parse = parsers["GUILD_MEMBERS_CHUNK"]

    def record_and_parse(data: Any) -> None:
        recording = parsing.recording
        if recording is not None:
            guild_id, nonce = int(data["guild_id"]), data.get("nonce")
            requests = state._chunk_requests.values()
            if any(asked.guild_id == guild_id and asked.nonce == nonce and asked.cache for asked in requests):
                recording.record(guild_id, GuildMark.NONE)
        parse(data)

    parsers["GUILD_MEMBERS_CHUNK"] = record_and_parse


def _hear_messages(parsers: dict[str, Parse], state: Any, parsing: Parsing) -> None:
    """The last message of a channel is part of the cache; the message itself is not worth a line on disk.

    Unless it brings news of its author or of its thread: Message() takes those over into the cache.
    """
    for event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        parsers[event] = _hearing_news(parsers[event], state, parsing, is_last=event == "MESSAGE_CREATE")


def _hearing_news(parse: Parse, state: Any, parsing: Parsing, *, is_last: bool) -> Parse:
    def parse_and_record(data: Any) -> None:
        recording = parsing.recording
        if recording is None or "guild_id" not in data:
            parse(data)
            return
        guild_id = int(data["guild_id"])
        if _brings_news(parse, data, state._get_guild(guild_id)):
            recording.record(guild_id, GuildMark.NONE)
        elif is_last:
            recording.record_message(guild_id, int(data["channel_id"]), int(data["id"]))

    return parse_and_record


def _brings_news(parse: Parse, data: Any, guild: discord.Guild | None) -> bool:
    """Parse a message; returns whether that may have changed the cached author or a thread."""
    member = None if guild is None or "member" not in data else guild._members.get(int(data["author"]["id"]))
    before = None if member is None else _said_by_messages(member)
    parse(data)
    if member is not None and _said_by_messages(member) != before:
        return True
    return "thread" in data and guild is not None and bool(guild._threads)


_said_by_messages = attrgetter("_roles", "nick", "joined_at", "premium_since", "timed_out_until", "pending", "_flags")
"""What Member._update_from_message() sets."""

STALE_AFTER_S = 3.0
"""Discord takes no first answer to an interaction that is older ("Interaction Callback")."""

DISCORD_EPOCH_S = 1_420_070_400.0
"""What a snowflake's time counts from."""


def hear_interactions(
    parsers: dict[str, Parse], parsing: Parsing, drop: Callable[[Any, float], bool], clock: Callable[[], float]
) -> None:
    """Keep back what is not to be dispatched again, and, where `drop` says so, what is too old to be answered."""
    parse = parsers["INTERACTION_CREATE"]

    def parse_what_can_be_answered(data: Any) -> None:
        recording = parsing.recording
        if recording is not None:
            if recording.quiet:
                return
            if recording.replaying:
                age_s = clock() - ((int(data["id"]) >> 22) / 1000.0 + DISCORD_EPOCH_S)
                if age_s > STALE_AFTER_S and drop(data, age_s):
                    return
        parse(data)

    parsers["INTERACTION_CREATE"] = parse_what_can_be_answered


def session_frame(recording: ShardRecording) -> Frame:
    """The READY that is being parsed, as the record keeps it."""
    return Frame(Kind.EVENT, recording.sequence, 0, 0, recording.text.encode())
