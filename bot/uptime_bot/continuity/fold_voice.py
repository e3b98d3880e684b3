"""Folding of voice states.

After discord.py 2.7.1: Guild._update_voice_state, ConnectionState.parse_voice_state_update.
"""

from uptime_bot.continuity.fold_members import keep_member, new_member, remove_member
from uptime_bot.continuity.fold_state import Data, FoldedGuild

NO_CHANNEL = "0"
"""A channel_id that no channel has: parsed, it gives a VoiceState without channel."""


def update_voice_state(guild: FoldedGuild, data: Data, channel_id: int | None) -> None:
    """Guild._update_voice_state(), without its member.

    Who is in no channel that is known is dropped, but for one who was not there before: they stay, in no channel.
    """
    user_id = int(data["user_id"])
    known = guild.voice_states.get(user_id)
    state = {key: value for key, value in data.items() if key not in ("member", "guild_id")}
    if channel_id is None or channel_id not in guild.channels:
        if known is not None:
            del guild.voice_states[user_id]
            guild.voice_channels.pop(user_id, None)
            return
        state["channel_id"] = NO_CHANNEL
    else:
        state["channel_id"] = str(channel_id)
        guild.voice_channels.pop(user_id, None)
        if known is not None:  # VoiceState.session_id is set only at the first
            state.pop("session_id", None)
            state |= {"session_id": known["session_id"]} if "session_id" in known else {}
    guild.voice_states[user_id] = state


def voice_state_updated(guild: FoldedGuild, data: Data) -> None:
    """VOICE_STATE_UPDATE."""
    channel_id = data.get("channel_id") and int(data["channel_id"])
    update_voice_state(guild, data, channel_id)
    member = _member_of(guild, data)
    if member is None or not guild.policy.voice:
        return
    member_id = int(member["user"]["id"])
    if channel_id is None:
        if guild.policy.voice_only and member_id != guild.policy.self_id:
            remove_member(guild, member_id)
    elif guild.members.get(member_id) is not member:
        keep_member(guild, member)


def _member_of(guild: FoldedGuild, data: Data) -> Data | None:
    known = guild.members.get(int(data["user_id"]))
    if known is not None or "member" not in data:
        return known
    if not {"user", "roles", "flags"} <= data["member"].keys():
        return None  # the KeyError is caught there
    return new_member(guild, data["member"])
