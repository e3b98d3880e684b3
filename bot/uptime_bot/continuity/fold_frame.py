"""A folded guild as the JSON of a GUILD frame, and back.

It is the `d` of a GUILD_CREATE: Guild() makes of it what the client had, once discordpy/corrections.py has applied its
key "uptime_bot", which holds, each where it is needed:

* "large": Guild._large, a bool or null.
* "members": members whom Guild() would not keep, by user: their presence, or null. They are in "members".
* "voice_channels": the channel that a VoiceState holds though the guild has it no more, by user.
* "thread_members": what Thread._members was made of, by thread.
* "creators": scheduled events whose creator is None, though someone might know them now.
* "interested": ScheduledEvent._users by event: the user by id, or null for the client's own.
"""

from typing import Any

from uptime_bot.continuity.fold_policy import Policy
from uptime_bot.continuity.fold_state import Data, FoldedGuild, Witness, facts_of, is_large
from uptime_bot.continuity.frames import CORRECTIONS


def dump(guild: FoldedGuild) -> Data:
    """JSON of a GUILD frame; load() gives back the same guild."""
    corrections = _corrections(guild)
    count = {} if guild.member_count is None else {"member_count": guild.member_count}
    return {
        **guild.facts,
        **count,
        "roles": list(guild.roles.values()),
        "emojis": guild.emojis,
        "stickers": guild.stickers,
        "channels": list(guild.channels.values()),
        "voice_states": list(guild.voice_states.values()),
        "members": list(guild.members.values()),
        "presences": [presence for user_id, presence in guild.presences.items() if _is_kept(guild, user_id)],
        "threads": list(guild.threads.values()),
        "stage_instances": list(guild.stage_instances.values()),
        "guild_scheduled_events": [_event(guild, event_id) for event_id in guild.events],
        "soundboard_sounds": list(guild.sounds.values()),
        **({CORRECTIONS: corrections} if corrections else {}),
    }


def _is_kept(guild: FoldedGuild, user_id: int) -> bool:
    """Whether Guild() keeps a member of its payload."""
    policy = guild.policy
    return policy.joined or user_id == policy.self_id or (policy.voice and user_id in guild.voice_states)


def _event(guild: FoldedGuild, event_id: int) -> Data:
    creator = guild.event_creators.get(event_id)
    return guild.events[event_id] if creator is None else guild.events[event_id] | {"creator": creator}


def _corrections(guild: FoldedGuild) -> Data:
    needed: dict[str, Any] = {
        "members": {str(known): guild.presences.get(known) for known in guild.members if not _is_kept(guild, known)},
        "voice_channels": {str(user_id): channel for user_id, channel in guild.voice_channels.items()},
        "thread_members": {
            str(thread_id): list(members.values()) for thread_id, members in guild.thread_members.items() if members
        },
        "creators": [str(event_id) for event_id, creator in guild.event_creators.items() if creator is None],
        "interested": {
            str(event_id): {str(user_id): user for user_id, user in users.items()}
            for event_id, users in guild.event_users.items()
            if users
        },
    }
    corrections = {key: value for key, value in needed.items() if value}
    if guild.large != is_large(guild.member_count):
        corrections["large"] = guild.large
    return corrections


def load(data: Data, policy: Policy, users: dict[int, Data], witness: Witness | None = None) -> FoldedGuild:
    """The guild of a GUILD frame; of users that USER frames tell of, that is right and the guild's own word is not."""
    corrections = data.get(CORRECTIONS, {})
    count = data.get("member_count")
    guild = FoldedGuild(policy=policy, facts=facts_of(data), member_count=count, large=is_large(count))
    guild.large = corrections.get("large", guild.large)
    guild.roles = _by_id(data["roles"])
    guild.emojis, guild.stickers = data["emojis"], data["stickers"]
    guild.channels = _by_id(data["channels"])
    guild.voice_states = {int(state["user_id"]): state for state in data["voice_states"]}
    guild.voice_channels = _by_key(corrections.get("voice_channels", {}))
    guild.members = {int(member["user"]["id"]): member for member in data["members"]}
    guild.presences = {int(presence["user"]["id"]): presence for presence in data["presences"]}
    forced: dict[str, Data | None] = corrections.get("members", {})
    guild.presences |= {int(user_id): presence for user_id, presence in forced.items() if presence is not None}
    guild.threads = _by_id(data["threads"])
    _load_thread_members(guild, corrections.get("thread_members", {}))
    guild.stage_instances = _by_id(data["stage_instances"])
    _load_events(guild, data["guild_scheduled_events"], corrections)
    guild.sounds = {int(sound["sound_id"]): sound for sound in data["soundboard_sounds"]}
    if policy.shared_users:
        _share_users(guild, users, witness)
    guild.witness = witness
    return guild


def _by_id(items: list[Data]) -> dict[int, Data]:
    return {int(item["id"]): item for item in items}


def _by_key(items: dict[str, Data]) -> dict[int, Data]:
    return {int(key): item for key, item in items.items()}


def _load_thread_members(guild: FoldedGuild, by_thread: dict[str, list[Data]]) -> None:
    self_id = guild.policy.self_id
    for thread_id, members in by_thread.items():
        guild.thread_members[int(thread_id)] = {int(member.get("user_id", self_id)): member for member in members}


def _load_events(guild: FoldedGuild, events: list[Data], corrections: Data) -> None:
    for event in events:
        event_id = int(event["id"])
        guild.events[event_id] = {key: value for key, value in event.items() if key != "creator"}
        if "creator" in event:
            guild.event_creators[event_id] = event["creator"]
    guild.event_creators |= dict.fromkeys(map(int, corrections.get("creators", [])))
    interested: dict[str, dict[str, Data | None]] = corrections.get("interested", {})
    for key, users in interested.items():
        guild.event_users[int(key)] = {int(user_id): user for user_id, user in users.items()}


def _share_users(guild: FoldedGuild, told: dict[int, Data], witness: Witness | None) -> None:
    """One object for one user, as ConnectionState.store_user() gives."""
    known: dict[int, Data] = {}

    def shared(user: Data) -> Data:
        user_id = int(user["id"])
        if user_id not in known:
            known[user_id] = dict(told.get(user_id, user))
            if witness is not None:
                witness.took(user_id, known[user_id])
        return known[user_id]

    for member in guild.members.values():
        member["user"] = shared(member["user"])
    for event_id, creator in guild.event_creators.items():
        if creator is not None:
            guild.event_creators[event_id] = shared(creator)
    for users in guild.event_users.values():
        users |= {user_id: shared(user) for user_id, user in users.items() if user is not None}
    for sticker in guild.stickers:
        if sticker.get("user"):
            sticker["user"] = shared(sticker["user"])
