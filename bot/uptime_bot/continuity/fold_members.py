"""Folding of members and presences.

After discord.py 2.7.1: Member, ConnectionState.parse_guild_member_*, parse_guild_members_chunk, parse_presence_update,
Message._handle_member.
"""

from typing import Any

from uptime_bot.continuity.fold_state import Data, FoldedGuild, require


def new_member(guild: FoldedGuild, data: Data) -> Data:
    """Member(); not in the guild yet."""
    require(data, "user", "roles", "flags")
    member = {key: value for key, value in data.items() if key not in ("guild_id", "presence")}
    member["user"] = guild.take_user(data["user"])
    return member


def keep_member(guild: FoldedGuild, member: Data) -> None:
    """Guild._add_member(), of a new Member object: nothing is known of its presence."""
    user_id = int(member["user"]["id"])
    guild.members[user_id] = member
    guild.presences.pop(user_id, None)


def remove_member(guild: FoldedGuild, user_id: int) -> None:
    """Guild._remove_member()."""
    guild.members.pop(user_id, None)
    guild.presences.pop(user_id, None)


def put_members(guild: FoldedGuild, members: list[Data]) -> None:
    """Those members of a GUILD_CREATE whom the client keeps."""
    policy = guild.policy
    for data in members:
        member = new_member(guild, data)
        user_id = int(member["user"]["id"])
        if policy.joined or user_id == policy.self_id or (policy.voice and user_id in guild.voice_states):
            keep_member(guild, member)


def put_presence(guild: FoldedGuild, data: Data) -> None:
    """A presence of a GUILD_CREATE: its user is not looked at."""
    user_id, presence = int(data["user"]["id"]), _presence(data)
    if user_id in guild.members:
        guild.presences[user_id] = presence


def _presence(data: Data) -> Data:
    require(data, "status", "client_status", "activities")
    return {
        "user": {"id": data["user"]["id"]},
        **{key: data[key] for key in ("status", "client_status", "activities")},
    }


def add_member(guild: FoldedGuild, data: Data) -> None:
    """GUILD_MEMBER_ADD: nothing, not even a count, where the member is known already."""
    if int(data["user"]["id"]) in guild.members:
        return
    member = new_member(guild, data)
    if guild.policy.joined:
        keep_member(guild, member)
    if guild.member_count is not None:
        guild.member_count += 1


def member_removed(guild: FoldedGuild, data: Data) -> None:
    """GUILD_MEMBER_REMOVE: counted in any case."""
    user_id = int(data["user"]["id"])
    if guild.member_count is not None:
        guild.member_count -= 1
    remove_member(guild, user_id)


def update_member(guild: FoldedGuild, data: Data) -> None:
    """GUILD_MEMBER_UPDATE: an unknown member is added with what little the event says."""
    require(data, "roles")
    member = guild.members.get(int(data["user"]["id"]))
    if member is not None:
        member |= {key: data[key] for key in ("nick", "pending") if key in data}
        for key in ("premium_since", "communication_disabled_until", "avatar", "banner", "avatar_decoration_data"):
            _set(member, key, data.get(key))
        member["roles"], member["flags"] = data["roles"], data.get("flags", 0)
        guild.update_user(member["user"], data["user"])
    elif guild.policy.joined:
        member = new_member(guild, data)
        guild.update_user(member["user"], data["user"])
        keep_member(guild, member)


def update_member_from_message(guild: FoldedGuild, data: Data) -> None:
    """MESSAGE_CREATE and MESSAGE_UPDATE: Message._handle_member() sets seven attributes of the author."""
    said = data.get("member")
    author = guild.members.get(int(data["author"]["id"])) if said and data.get("author") else None
    if said is None or author is None:
        return
    require(said, "roles")
    for key in ("joined_at", "premium_since", "communication_disabled_until", "nick"):
        _set(author, key, said.get(key))
    author["roles"], author["flags"] = said["roles"], said.get("flags", 0)
    author["pending"] = said.get("pending", False)


def _set(member: Data, key: str, value: Any) -> None:
    """None and nothing mean the same to these keys; nothing is shorter."""
    if value is None:
        member.pop(key, None)
    else:
        member[key] = value


def members_chunk(guild: FoldedGuild, data: Data) -> None:
    """GUILD_MEMBERS_CHUNK that answers a request of the cache: who is known stays, unless nobody knows since when."""
    members = [new_member(guild, member) for member in data.get("members", [])]
    if guild.policy.shared_users:
        _share_new_users(members)
    by_id = {str(int(member["user"]["id"])): member for member in members}
    presences: dict[int, Data] = {}
    for presence in data.get("presences", []):
        member = by_id.get(presence["user"]["id"])
        if member is not None:
            presences[id(member)] = _presence(presence)
            if len(presence["user"]) > 1:
                guild.update_user(member["user"], presence["user"])
    for member in members:
        user_id = int(member["user"]["id"])
        existing = guild.members.get(user_id)
        if existing is None or not existing.get("joined_at"):
            keep_member(guild, member)
            if id(member) in presences:
                guild.presences[user_id] = presences[id(member)]


def _share_new_users(members: list[Data]) -> None:
    """Someone who is in a chunk twice is one user, though no member of the guild yet."""
    users: dict[int, Data] = {}
    for member in members:
        member["user"] = users.setdefault(int(member["user"]["id"]), member["user"])


def update_presence(guild: FoldedGuild, data: Data) -> None:
    """PRESENCE_UPDATE: its user counts where there is more than an id."""
    user_id, presence = int(data["user"]["id"]), _presence(data)
    member = guild.members.get(user_id)
    if member is None:
        return
    guild.presences[user_id] = presence
    if len(data["user"]) > 1:
        guild.update_user(member["user"], data["user"])
