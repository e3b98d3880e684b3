"""Folding of what concerns a guild as a whole, and of its small collections.

After discord.py 2.7.1: Guild._from_data, ConnectionState.parse_guild_* and parse_stage_instance_*.
"""

from uptime_bot.continuity.fold_channels import put_channel, put_thread
from uptime_bot.continuity.fold_events import put_event
from uptime_bot.continuity.fold_members import put_members, put_presence
from uptime_bot.continuity.fold_policy import UnfoldableError
from uptime_bot.continuity.fold_state import Data, FoldedGuild, facts_of, is_large, require
from uptime_bot.continuity.fold_voice import update_voice_state


def merge_guild(guild: FoldedGuild, data: Data) -> None:
    """Guild._from_data(): keys that are absent fall back to their defaults, collections are added to.

    Only roles, emojis and stickers are replaced, even by nothing.
    """
    if "member_count" in data:
        guild.member_count = data["member_count"]
    guild.facts = facts_of(data)
    guild.large = is_large(guild.member_count)
    _replace(guild, data)
    for channel in data.get("channels", []):
        put_channel(guild, channel)
    for state in data.get("voice_states", []):
        update_voice_state(guild, state, int(state["channel_id"]))
    put_members(guild, data.get("members", []))
    for presence in data.get("presences", []):
        put_presence(guild, presence)
    _add_rest(guild, data)


def _replace(guild: FoldedGuild, data: Data) -> None:
    guild.roles = {}
    for role in data.get("roles", []):
        _put_role(guild, role)
    if guild.policy.expressions:
        _set_emojis(guild, data.get("emojis", []))
        _set_stickers(guild, data.get("stickers", []))


def _add_rest(guild: FoldedGuild, data: Data) -> None:
    for thread in data.get("threads", []):
        put_thread(guild, thread)
    for stage in data.get("stage_instances", []):
        create_stage(guild, stage)
    for event in data.get("guild_scheduled_events", []):
        put_event(guild, event)
    for sound in data.get("soundboard_sounds", []):
        create_sound(guild, sound)


def _put_role(guild: FoldedGuild, role: Data) -> None:
    require(role, "id", "name")
    guild.roles[int(role["id"])] = role


def create_role(guild: FoldedGuild, data: Data) -> None:
    """GUILD_ROLE_CREATE."""
    _put_role(guild, data["role"])


def update_role(guild: FoldedGuild, data: Data) -> None:
    """GUILD_ROLE_UPDATE: every attribute is set, of a role that is known."""
    if int(data["role"]["id"]) in guild.roles:
        _put_role(guild, data["role"])


def delete_role(guild: FoldedGuild, data: Data) -> None:
    """GUILD_ROLE_DELETE: members keep its id."""
    guild.roles.pop(int(data["role_id"]), None)


def update_emojis(guild: FoldedGuild, data: Data) -> None:
    """GUILD_EMOJIS_UPDATE."""
    if not guild.policy.expressions:
        raise UnfoldableError("an event of an intent that the client does not have")
    _set_emojis(guild, data["emojis"])


def update_stickers(guild: FoldedGuild, data: Data) -> None:
    """GUILD_STICKERS_UPDATE."""
    if not guild.policy.expressions:
        raise UnfoldableError("an event of an intent that the client does not have")
    _set_stickers(guild, data["stickers"])


def _set_emojis(guild: FoldedGuild, emojis: list[Data]) -> None:
    for emoji in emojis:
        require(emoji, "id", "name")
    guild.emojis = emojis


def _set_stickers(guild: FoldedGuild, stickers: list[Data]) -> None:
    new: list[Data] = []
    for sticker in stickers:
        require(sticker, "id", "name", "description", "format_type", "guild_id", "tags")
        user = sticker.get("user")
        new.append(sticker | {"user": _uploader(guild, new, user)} if user else sticker)
    guild.stickers = new


def _uploader(guild: FoldedGuild, before: list[Data], user: Data) -> Data:
    """Two stickers of one user share it, though it is new with the first."""
    taken = guild.take_user(user)
    if not guild.policy.shared_users:
        return taken
    same = (sticker["user"] for sticker in before if sticker.get("user"))
    return next((known for known in same if int(known["id"]) == int(user["id"])), taken)


def create_stage(guild: FoldedGuild, data: Data) -> None:
    """STAGE_INSTANCE_CREATE."""
    require(data, "id", "channel_id", "topic", "privacy_level")
    guild.stage_instances[int(data["id"])] = data


def update_stage(guild: FoldedGuild, data: Data) -> None:
    """STAGE_INSTANCE_UPDATE: every attribute is set."""
    if int(data["id"]) in guild.stage_instances:
        create_stage(guild, data)


def delete_stage(guild: FoldedGuild, data: Data) -> None:
    """STAGE_INSTANCE_DELETE."""
    guild.stage_instances.pop(int(data["id"]), None)


def create_sound(guild: FoldedGuild, data: Data) -> None:
    """GUILD_SOUNDBOARD_SOUND_CREATE."""
    require(data, "sound_id", "volume", "name", "emoji_name", "available")
    guild.sounds[int(data["sound_id"])] = data


def update_sound(guild: FoldedGuild, data: Data) -> None:
    """GUILD_SOUNDBOARD_SOUND_UPDATE: who uploaded it stays as first told."""
    sound_id = int(data["sound_id"])
    known = guild.sounds.get(sound_id)
    if known is None:
        return
    create_sound(guild, {key: value for key, value in data.items() if key not in ("user", "user_id")})
    guild.sounds[sound_id] |= {key: known[key] for key in ("user", "user_id") if key in known}


def update_sounds(guild: FoldedGuild, data: Data) -> None:
    """GUILD_SOUNDBOARD_SOUNDS_UPDATE."""
    for sound in data["soundboard_sounds"]:
        update_sound(guild, sound)


def delete_sound(guild: FoldedGuild, data: Data) -> None:
    """GUILD_SOUNDBOARD_SOUND_DELETE."""
    guild.sounds.pop(int(data["sound_id"]), None)
