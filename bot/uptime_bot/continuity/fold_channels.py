"""Folding of channels and threads.

After discord.py 2.7.1: channel.py's _update methods, Thread, ConnectionState.parse_channel_* and parse_thread_*.
"""

from uptime_bot.continuity.fold_events import drop_event
from uptime_bot.continuity.fold_policy import UnfoldableError
from uptime_bot.continuity.fold_state import Data, FoldedGuild, require

_CLASSES = {0: "text", 5: "text", 2: "voice", 4: "category", 13: "stage", 15: "forum", 16: "forum"}
"""_guild_channel_factory(): types of one word are of one class."""

_PRIVATE = (1, 3)
_VOCAL = ("voice", "stage")
_HAVE_LAST_MESSAGE = ("text", "voice", "stage")
"""ConnectionState.parse_message_create() passes over forums."""


def _check_channel(data: Data, kind: str) -> None:
    require(data, "id", "name", "position", *(("bitrate", "user_limit") if kind in _VOCAL else ()))


def put_channel(guild: FoldedGuild, data: Data) -> None:
    """Guild._add_channel(), of a new object; a type that discord.py does not know is passed over."""
    kind = _CLASSES.get(data["type"])
    if kind is None:
        return
    _check_channel(data, kind)
    channel_id = int(data["id"])
    _detach(guild, channel_id)
    guild.channels[channel_id] = data


def _detach(guild: FoldedGuild, channel_id: int) -> None:
    """Voice states hold a channel object: they keep the one they have when the guild gets another or none."""
    channel = guild.channels.get(channel_id)
    if channel is None or not guild.voice_states:
        return
    for user_id, state in guild.voice_states.items():
        if state["channel_id"] == str(channel_id):
            guild.voice_states[user_id] = state | {"channel_id": "0"}
            guild.voice_channels[user_id] = channel


def create_channel(guild: FoldedGuild, data: Data) -> None:
    """CHANNEL_CREATE."""
    if data["type"] in _PRIVATE:
        raise UnfoldableError("a private channel of a guild")
    put_channel(guild, data)


def update_channel(guild: FoldedGuild, data: Data) -> None:
    """CHANNEL_UPDATE: every attribute is set; the class of the object stays what it was."""
    channel_id = int(data["id"])
    known = guild.channels.get(channel_id)
    if known is None:
        return
    kind = _CLASSES[known["type"]]
    _check_channel(data, kind)
    of_type: int = data["type"] if "type" in data else known["type"]
    if kind == "forum" and _CLASSES.get(of_type) == "forum":
        of_type = known["type"]  # ForumChannel._update() does not look at it
    if _CLASSES.get(of_type) != kind:
        raise UnfoldableError("a channel of another class")
    guild.channels[channel_id] = data | {"type": of_type}


def delete_channel(guild: FoldedGuild, data: Data) -> None:
    """CHANNEL_DELETE: its threads go too, and a voice channel's scheduled events."""
    channel_id = int(data["id"])
    channel = guild.channels.get(channel_id)
    if channel is None:
        return
    _detach(guild, channel_id)
    del guild.channels[channel_id]
    if _CLASSES[channel["type"]] in _VOCAL:
        for event_id in [known for known, event in guild.events.items() if _id(event, "channel_id") == channel_id]:
            drop_event(guild, event_id)
    _drop_threads(guild, {channel_id})


def _id(data: Data, key: str) -> int | None:
    value = data.get(key)
    return int(value) if value else None


def last_message(guild: FoldedGuild, channel_id: int, message_id: int) -> None:
    """MESSAGE_CREATE, as far as its channel is concerned."""
    channel = guild.channels.get(channel_id)
    if channel is None:
        thread = guild.threads.get(channel_id)
        if thread is not None:
            guild.threads[channel_id] = thread | {"last_message_id": str(message_id)}
    elif _CLASSES[channel["type"]] in _HAVE_LAST_MESSAGE:
        guild.channels[channel_id] = channel | {"last_message_id": str(message_id)}


def put_thread(guild: FoldedGuild, data: Data) -> None:
    """Thread(), added: a new object, of nobody but perhaps the bot."""
    _check_thread(data)
    thread_id = int(data["id"])
    guild.threads[thread_id] = data
    guild.thread_members.pop(thread_id, None)


def _check_thread(data: Data) -> None:
    require(data, "id", "parent_id", "owner_id", "name", "type", "message_count", "member_count", "thread_metadata")
    _check_metadata(data["thread_metadata"])
    if "member" in data:
        require(data["member"], "join_timestamp", "flags")


def _check_metadata(data: Data) -> None:
    require(data, "archived", "auto_archive_duration", "archive_timestamp")


def drop_thread(guild: FoldedGuild, thread_id: int) -> None:
    """Guild._remove_thread()."""
    guild.threads.pop(thread_id, None)
    guild.thread_members.pop(thread_id, None)


def _drop_threads(guild: FoldedGuild, parent_ids: set[int]) -> None:
    for thread_id in [known for known, thread in guild.threads.items() if int(thread["parent_id"]) in parent_ids]:
        drop_thread(guild, thread_id)


def create_thread(guild: FoldedGuild, data: Data) -> None:
    """THREAD_CREATE: a forum's last message is its newest thread."""
    thread_id = int(data["id"])
    is_new = thread_id not in guild.threads
    put_thread(guild, data)
    parent_id = int(data["parent_id"])
    parent = guild.channels.get(parent_id)
    if is_new and data.get("newly_created") and parent is not None and _CLASSES[parent["type"]] == "forum":
        guild.channels[parent_id] = parent | {"last_message_id": str(thread_id)}


def update_thread(guild: FoldedGuild, data: Data) -> None:
    """THREAD_UPDATE: one that is archived is forgotten, one that is not known is added."""
    thread_id = int(data["id"])
    require(data, "id", "guild_id", "parent_id", "type")
    if thread_id in guild.threads:
        change_thread(guild, data)
        if guild.threads[thread_id]["thread_metadata"]["archived"]:
            drop_thread(guild, thread_id)
        return
    _check_thread(data)
    if not data["thread_metadata"]["archived"]:
        put_thread(guild, data)


def change_thread(guild: FoldedGuild, data: Data) -> None:
    """Thread._update(), of a thread that is known: counts, owner and last message stay."""
    thread = dict(guild.threads[int(data["id"])])
    if "name" in data:
        thread["name"] = data["name"]
    for key in ("rate_limit_per_user", "flags", "applied_tags"):
        thread.pop(key, None)
        if key in data:
            thread[key] = data[key]
    if "thread_metadata" in data:
        _check_metadata(data["thread_metadata"])
        thread["thread_metadata"] = data["thread_metadata"]
    guild.threads[int(data["id"])] = thread


def delete_thread(guild: FoldedGuild, data: Data) -> None:
    """THREAD_DELETE."""
    require(data, "id", "guild_id", "parent_id", "type")
    drop_thread(guild, int(data["id"]))


def sync_threads(guild: FoldedGuild, data: Data) -> None:
    """THREAD_LIST_SYNC: of some channels, or of all; its members, all of them the bot, count as other members."""
    if "channel_ids" in data:
        _drop_threads(guild, {int(channel_id) for channel_id in data["channel_ids"]})
    else:
        guild.threads.clear()
        guild.thread_members.clear()
    synced = set()
    for thread in data.get("threads", []):
        put_thread(guild, thread)
        synced.add(thread["id"])
    for member in data.get("members", []):
        if member["id"] in synced:
            _put_thread_member(guild, int(member["id"]), member)


def _put_thread_member(guild: FoldedGuild, thread_id: int, data: Data) -> None:
    require(data, "join_timestamp", "flags")
    user_id = int(data.get("user_id", guild.policy.self_id))
    guild.thread_members.setdefault(thread_id, {})[user_id] = data


def thread_member_updated(guild: FoldedGuild, data: Data) -> None:
    """THREAD_MEMBER_UPDATE: the bot's own."""
    thread = guild.threads.get(int(data["id"]))
    if thread is not None:
        require(data, "join_timestamp", "flags")
        guild.threads[int(data["id"])] = thread | {"member": data}


def thread_members_updated(guild: FoldedGuild, data: Data) -> None:
    """THREAD_MEMBERS_UPDATE: that the bot has left is passed over."""
    thread_id = int(data["id"])
    require(data, "member_count")
    if thread_id not in guild.threads:
        return
    for member in data.get("added_members", []):
        require(member, "join_timestamp", "flags")
        if int(member.get("user_id", guild.policy.self_id)) == guild.policy.self_id:
            guild.threads[thread_id] = guild.threads[thread_id] | {"member": member}
        else:
            _put_thread_member(guild, thread_id, member)
    for user_id in data.get("removed_member_ids", []):
        if int(user_id) != guild.policy.self_id:
            guild.thread_members.get(thread_id, {}).pop(int(user_id), None)
