"""What Guild() cannot be told by a folded GUILD_CREATE, put right afterwards.

For discord.py 2.7.1; continuity/fold_frame.py says what there is to put right.
"""

from typing import Any

import discord
from discord.channel import _guild_channel_factory
from discord.threads import ThreadMember

from uptime_bot.continuity.frames import CORRECTIONS

_UPDATED = (
    "name",
    "discriminator",
    "_avatar",
    "global_name",
    "_public_flags",
    "_avatar_decoration_data",
    "_primary_guild",
)


def correct(guild: discord.Guild, data: dict[str, Any]) -> None:
    """Make of a guild, that Guild() made of a GUILD frame, what the client had. Dispatches nothing."""
    corrections = data.get(CORRECTIONS)
    if not corrections:
        return
    if "large" in corrections:
        guild._large = corrections["large"]
    if "members" in corrections:
        _add_members(guild, data["members"], corrections["members"])
    for user_id, channel in corrections.get("voice_channels", {}).items():
        factory, _ = _guild_channel_factory(channel["type"])
        guild._voice_states[int(user_id)].channel = factory(guild=guild, state=guild._state, data=channel)
    for thread_id, members in corrections.get("thread_members", {}).items():
        thread = guild._threads[int(thread_id)]
        for member in members:
            thread._add_member(ThreadMember(thread, member))
    for event_id in corrections.get("creators", ()):
        guild._scheduled_events[int(event_id)].creator = None
    for event_id, users in corrections.get("interested", {}).items():
        for user in users.values():
            known = guild._state.user if user is None else guild._state.store_user(user)
            guild._scheduled_events[int(event_id)]._add_user(known)  # type: ignore[arg-type]


def _add_members(guild: discord.Guild, members: list[Any], presences: dict[str, Any]) -> None:
    """Members whom the cache kept for another reason than a GUILD_CREATE's, each at its place."""
    kept, state = guild._members, guild._state
    guild._members = {}
    for data in members:
        user_id = int(data["user"]["id"])
        member = kept.get(user_id) or discord.Member(data=data, guild=guild, state=state)
        presence = presences.get(str(user_id))
        if presence is not None:
            member._presence_update(discord.RawPresenceUpdateEvent(data=presence, state=state), ())  # type: ignore[arg-type]
        guild._members[user_id] = member


def update_user(user: discord.User, data: dict[str, Any]) -> None:
    """Let a user be what an event said of them: Member._update_inner_user(), without a member."""
    member = discord.Member.__new__(discord.Member)
    member._user = user
    member._update_inner_user(data)  # type: ignore[arg-type]


def restore_user(user: discord.User, data: dict[str, Any]) -> None:
    """Let a user, the client's own too, be what a USER frame says: every attribute is set."""
    user._update(data)  # type: ignore[arg-type]
