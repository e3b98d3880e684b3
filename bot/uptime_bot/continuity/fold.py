"""Folds a shard's events, guild by guild, into the GUILD_CREATE that would have made the same cache.

discord.py 2.7.1's parsers are the specification, quirks included: what an event changes in a client, it changes here.
Pure: JSON in, JSON out; nothing is read, and discord.py is not imported.
"""

from collections.abc import Callable

from uptime_bot.continuity import fold_channels, fold_events, fold_guild, fold_members, fold_voice
from uptime_bot.continuity.fold_frame import dump, load
from uptime_bot.continuity.fold_policy import Policy, UnfoldableError
from uptime_bot.continuity.fold_state import Data, FoldedGuild, Witness
from uptime_bot.continuity.frames import CORRECTIONS

__all__ = ["CORRECTIONS", "Data", "FoldedGuild", "Policy", "UnfoldableError", "Witness", "dump", "fold", "load", "stub"]


def fold(
    guild: FoldedGuild | None, event: str, data: Data, policy: Policy, witness: Witness | None = None
) -> FoldedGuild | None:
    """What the client has of the guild after an event of it; None: it knows no such guild.

    Changes the guild given, and may keep parts of data. Raises UnfoldableError, KeyError, TypeError, ValueError or
    AttributeError where the event has to stay an event; the guild given is then spoilt.
    """
    if event == "GUILD_CREATE":
        return _created(guild, data, policy, witness)
    if guild is None:
        return None
    if event == "GUILD_DELETE":
        if not data.get("unavailable", False):
            return None
        guild.facts["unavailable"] = True
        return guild
    change = _CHANGES.get(event)
    if change is None:
        raise UnfoldableError(f"nobody knows what {event} changes")
    change(guild, data)
    return guild


def _created(guild: FoldedGuild | None, data: Data, policy: Policy, witness: Witness | None) -> FoldedGuild | None:
    """ConnectionState._get_create_guild(): what is said of an outage's end is added to what was known before it."""
    if data.get("unavailable") is True:
        return guild
    if guild is not None and data.get("unavailable") is False:
        fold_guild.merge_guild(guild, data)
        return guild
    new = FoldedGuild(policy=policy, witness=witness, before=guild)
    fold_guild.merge_guild(new, data)
    new.before = None
    return new


def stub(data: Data, policy: Policy, witness: Witness | None = None) -> FoldedGuild:
    """The guild that READY's "guilds" makes."""
    guild = FoldedGuild(policy=policy, witness=witness)
    fold_guild.merge_guild(guild, data)
    return guild


def _message(guild: FoldedGuild, data: Data) -> None:
    """A whole message: what it says of its author and its thread is taken over."""
    fold_members.update_member_from_message(guild, data)
    thread = data.get("thread")
    if thread and int(thread["id"]) in guild.threads:
        fold_channels.change_thread(guild, thread)


def _new_message(guild: FoldedGuild, data: Data) -> None:
    _message(guild, data)
    fold_channels.last_message(guild, int(data["channel_id"]), int(data["id"]))


_CHANGES: dict[str, Callable[[FoldedGuild, Data], None]] = {
    "GUILD_UPDATE": fold_guild.merge_guild,
    "GUILD_ROLE_CREATE": fold_guild.create_role,
    "GUILD_ROLE_UPDATE": fold_guild.update_role,
    "GUILD_ROLE_DELETE": fold_guild.delete_role,
    "GUILD_EMOJIS_UPDATE": fold_guild.update_emojis,
    "GUILD_STICKERS_UPDATE": fold_guild.update_stickers,
    "GUILD_SOUNDBOARD_SOUND_CREATE": fold_guild.create_sound,
    "GUILD_SOUNDBOARD_SOUND_UPDATE": fold_guild.update_sound,
    "GUILD_SOUNDBOARD_SOUNDS_UPDATE": fold_guild.update_sounds,
    "GUILD_SOUNDBOARD_SOUND_DELETE": fold_guild.delete_sound,
    "STAGE_INSTANCE_CREATE": fold_guild.create_stage,
    "STAGE_INSTANCE_UPDATE": fold_guild.update_stage,
    "STAGE_INSTANCE_DELETE": fold_guild.delete_stage,
    "GUILD_SCHEDULED_EVENT_CREATE": fold_events.put_event,
    "GUILD_SCHEDULED_EVENT_UPDATE": fold_events.update_event,
    "GUILD_SCHEDULED_EVENT_DELETE": fold_events.delete_event,
    "GUILD_SCHEDULED_EVENT_USER_ADD": fold_events.user_interested,
    "GUILD_SCHEDULED_EVENT_USER_REMOVE": fold_events.user_not_interested,
    "CHANNEL_CREATE": fold_channels.create_channel,
    "CHANNEL_UPDATE": fold_channels.update_channel,
    "CHANNEL_DELETE": fold_channels.delete_channel,
    "THREAD_CREATE": fold_channels.create_thread,
    "THREAD_UPDATE": fold_channels.update_thread,
    "THREAD_DELETE": fold_channels.delete_thread,
    "THREAD_LIST_SYNC": fold_channels.sync_threads,
    "THREAD_MEMBER_UPDATE": fold_channels.thread_member_updated,
    "THREAD_MEMBERS_UPDATE": fold_channels.thread_members_updated,
    "GUILD_MEMBER_ADD": fold_members.add_member,
    "GUILD_MEMBER_UPDATE": fold_members.update_member,
    "GUILD_MEMBER_REMOVE": fold_members.member_removed,
    "GUILD_MEMBERS_CHUNK": fold_members.members_chunk,
    "PRESENCE_UPDATE": fold_members.update_presence,
    "VOICE_STATE_UPDATE": fold_voice.voice_state_updated,
    "MESSAGE_CREATE": _new_message,
    "MESSAGE_UPDATE": _message,
}
