"""Which events change the cache, and how each is handed to its parser so that a later process can do without it."""

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any

import discord

from uptime_bot.continuity.frames import Frame, GuildMark, Kind
from uptime_bot.discordpy.recording import ShardRecording
from uptime_bot.discordpy.refill import apply_event

Parse = Callable[[Any], None]
Hear = Callable[[ShardRecording, Parse, Any], None]
"""Has an event parsed, and recorded where it changes the cache. Raises whatever the parser raises, and what odd data
leads to: the parser would refuse it as well.
"""

STALE_AFTER_S = 3.0
"""Discord takes no first answer to an interaction that is older ("Interaction Callback")."""

DISCORD_EPOCH_S = 1_420_070_400.0
"""What a snowflake's time counts from."""


def session_frame(recording: ShardRecording) -> Frame:
    """The READY that is being parsed, as the record keeps it."""
    return Frame(Kind.EVENT, recording.sequence, 0, 0, recording.text.encode())


def interaction_age_s(data: Any, now_s: float) -> float:
    """How long ago an interaction was made; its id says when."""
    return now_s - ((int(data["id"]) >> 22) / 1000.0 + DISCORD_EPOCH_S)


def _hear_of_a_guild(recording: ShardRecording, parse: Parse, data: Any) -> None:
    guild_id = data.get("guild_id")
    if guild_id:
        recording.record(int(guild_id), GuildMark.NONE)
    parse(data)


def _hear_of_a_member(recording: ShardRecording, parse: Parse, data: Any) -> None:
    guild_id = data.get("guild_id")
    if guild_id:
        recording.record(int(guild_id), int(data["user"]["id"]))
    parse(data)


def _hear_of_itself(recording: ShardRecording, parse: Parse, data: Any) -> None:
    recording.record(0, GuildMark.NONE)
    parse(data)


def _hear_guild_update(recording: ShardRecording, parse: Parse, data: Any) -> None:
    recording.record(int(data["id"]), GuildMark.NONE)
    parse(data)


def _hear_guild_create(recording: ShardRecording, parse: Parse, data: Any) -> None:
    guild_id = int(data["id"])
    recording.record(guild_id, GuildMark.NONE if data.get("unavailable") is True else GuildMark.JOINED)
    if recording.quiet:
        # parse_guild_create() may ask for members and dispatch later, when nobody is quiet any more.
        apply_event(recording.state, "GUILD_CREATE", data)
        recording.joined_quietly(guild_id)
    else:
        parse(data)


def _hear_guild_delete(recording: ShardRecording, parse: Parse, data: Any) -> None:
    recording.record(int(data["id"]), GuildMark.NONE if data.get("unavailable") else GuildMark.LEFT)
    parse(data)


def _hear_chunk(recording: ShardRecording, parse: Parse, data: Any) -> None:
    """Members that were asked for: recorded where they go into the cache."""
    guild_id, nonce = int(data["guild_id"]), data.get("nonce")
    requests = recording.state._chunk_requests.values()
    if any(asked.guild_id == guild_id and asked.nonce == nonce and asked.cache for asked in requests):
        recording.record(guild_id, GuildMark.NONE)
    parse(data)


def _hear_message(recording: ShardRecording, parse: Parse, data: Any, *, is_last: bool) -> None:
    """The last message of a channel is part of the cache; the message itself is not worth a line on disk.

    Unless it brings news of its author or of its thread: Message() takes those over into the cache.
    """
    if "guild_id" not in data:
        parse(data)
        return
    guild_id = int(data["guild_id"])
    if _brings_news(parse, data, recording.state._guilds.get(guild_id)):
        recording.record(guild_id, GuildMark.NONE)
    elif is_last:
        recording.record_message(guild_id, int(data["channel_id"]), int(data["id"]))


def _brings_news(parse: Parse, data: Any, guild: discord.Guild | None) -> bool:
    """Parse a message; returns whether that may have changed the cached author or a thread."""
    member = None if guild is None or "member" not in data else guild._members.get(int(data["author"]["id"]))
    if member is None:
        parse(data)
    else:
        before = _said_by_messages(member)
        parse(data)
        if _said_by_messages(member) != before:
            return True
    return "thread" in data and guild is not None and bool(guild._threads)


_said_by_messages = attrgetter("_roles", "nick", "joined_at", "premium_since", "timed_out_until", "pending", "_flags")
"""What Member._update_from_message() sets."""


def _hear_interaction(recording: ShardRecording, parse: Parse, data: Any) -> None:
    """Not dispatched again where it was, nor where it came too late to be answered."""
    if recording.quiet or (recording.replaying and recording.leaves_out(data)):
        return
    parse(data)


HEARD: Mapping[str, Hear] = {
    **dict.fromkeys(("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"), _hear_of_a_guild),
    **dict.fromkeys(("THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "THREAD_LIST_SYNC"), _hear_of_a_guild),
    **dict.fromkeys(("THREAD_MEMBER_UPDATE", "THREAD_MEMBERS_UPDATE"), _hear_of_a_guild),
    **dict.fromkeys(("GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE"), _hear_of_a_guild),
    **dict.fromkeys(("GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE"), _hear_of_a_guild),
    **dict.fromkeys(("GUILD_EMOJIS_UPDATE", "GUILD_STICKERS_UPDATE"), _hear_of_a_guild),
    **dict.fromkeys(("GUILD_SOUNDBOARD_SOUND_CREATE", "GUILD_SOUNDBOARD_SOUND_UPDATE"), _hear_of_a_guild),
    **dict.fromkeys(("GUILD_SOUNDBOARD_SOUND_DELETE", "GUILD_SOUNDBOARD_SOUNDS_UPDATE"), _hear_of_a_guild),
    "VOICE_STATE_UPDATE": _hear_of_a_guild,
    **dict.fromkeys(("STAGE_INSTANCE_CREATE", "STAGE_INSTANCE_UPDATE", "STAGE_INSTANCE_DELETE"), _hear_of_a_guild),
    **dict.fromkeys(("GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_UPDATE"), _hear_of_a_guild),
    "GUILD_SCHEDULED_EVENT_DELETE": _hear_of_a_guild,
    **dict.fromkeys(("GUILD_SCHEDULED_EVENT_USER_ADD", "GUILD_SCHEDULED_EVENT_USER_REMOVE"), _hear_of_a_guild),
    # These may change a user, whom all guilds share.
    **dict.fromkeys(("GUILD_MEMBER_UPDATE", "PRESENCE_UPDATE"), _hear_of_a_member),
    "USER_UPDATE": _hear_of_itself,
    "GUILD_CREATE": _hear_guild_create,
    "GUILD_UPDATE": _hear_guild_update,
    "GUILD_DELETE": _hear_guild_delete,
    "GUILD_MEMBERS_CHUNK": _hear_chunk,
    "MESSAGE_CREATE": partial(_hear_message, is_last=True),
    "MESSAGE_UPDATE": partial(_hear_message, is_last=False),
    "INTERACTION_CREATE": _hear_interaction,
}
"""All others are parsed, and no more."""
