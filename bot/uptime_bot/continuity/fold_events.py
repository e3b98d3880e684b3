"""Folding of scheduled events.

After discord.py 2.7.1: ScheduledEvent, ConnectionState.parse_guild_scheduled_event_*.
"""

from uptime_bot.continuity.fold_state import Data, FoldedGuild, require


def put_event(guild: FoldedGuild, data: Data) -> None:
    """ScheduledEvent(): new, nobody interested yet."""
    event_id = int(data["id"])
    _set_event(guild, event_id, data)
    guild.event_users.pop(event_id, None)


def _set_event(guild: FoldedGuild, event_id: int, data: Data) -> None:
    require(data, "id", "guild_id", "name", "entity_type", "scheduled_start_time", "status")
    creator = data.get("creator")
    creator_id = data.get("creator_id") and int(data["creator_id"])
    # Found before the entry is changed: the event as it was still keeps its creator alive.
    found = guild.take_user(creator) if creator else None
    if found is None and creator_id is not None and guild.policy.shared_users:
        found = guild.held_user(creator_id)
    guild.events[event_id] = {key: value for key, value in data.items() if key != "creator"}
    if found is not None:
        guild.event_creators[event_id] = found
    elif creator_id is None or creator_id == guild.policy.self_id:
        guild.event_creators.pop(event_id, None)
    else:
        guild.event_creators[event_id] = None


def update_event(guild: FoldedGuild, data: Data) -> None:
    """GUILD_SCHEDULED_EVENT_UPDATE: every attribute is set, but for who is interested."""
    event_id = int(data["id"])
    if event_id in guild.events:
        _set_event(guild, event_id, data)


def delete_event(guild: FoldedGuild, data: Data) -> None:
    """GUILD_SCHEDULED_EVENT_DELETE."""
    drop_event(guild, int(data["id"]))


def drop_event(guild: FoldedGuild, event_id: int) -> None:
    """Forget an event, known or not."""
    guild.events.pop(event_id, None)
    guild.event_creators.pop(event_id, None)
    guild.event_users.pop(event_id, None)


def user_interested(guild: FoldedGuild, data: Data) -> None:
    """GUILD_SCHEDULED_EVENT_USER_ADD: someone whom the client does not know is passed over."""
    event_id, user_id = int(data["guild_scheduled_event_id"]), int(data["user_id"])
    if event_id not in guild.events:
        return
    user = guild.held_user(user_id) if guild.policy.shared_users and user_id != guild.policy.self_id else None
    if user is not None or user_id == guild.policy.self_id:
        guild.event_users.setdefault(event_id, {})[user_id] = user


def user_not_interested(guild: FoldedGuild, data: Data) -> None:
    """GUILD_SCHEDULED_EVENT_USER_REMOVE."""
    guild.event_users.get(int(data["guild_scheduled_event_id"]), {}).pop(int(data["user_id"]), None)
