"""A guild as discord.py would hold it, in the JSON that discord.py would make it of."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from uptime_bot.continuity.fold_policy import Policy, UnfoldableError
from uptime_bot.continuity.frames import CORRECTIONS

Data = dict[str, Any]

_COLLECTIONS = frozenset(
    {
        *("roles", "emojis", "stickers", "channels", "voice_states", "members", "presences", "threads"),
        *("stage_instances", "guild_scheduled_events", "soundboard_sounds", "member_count", CORRECTIONS),
    }
)


class Witness(Protocol):
    """Sees what a guild's events say of users, whom guilds share."""

    def took(self, user_id: int, user: Data) -> None:
        """A member or the like was made with this user (ConnectionState.store_user)."""

    def updated(self, user_id: int, user: Data) -> None:
        """An event carried what a user is now (Member._update_inner_user)."""


@dataclass(slots=True)
class FoldedGuild:
    """Mutable: events are folded into it one after another. Every dict is in discord.py's order."""

    policy: Policy
    witness: Witness | None = None
    facts: Data = field(default_factory=dict)
    """All keys of the guild that are not a collection."""

    member_count: int | None = None
    large: bool | None = None
    """Guild._large: worked out when the guild is parsed, not when its member_count changes."""

    roles: dict[int, Data] = field(default_factory=dict)
    emojis: list[Data] = field(default_factory=list)
    stickers: list[Data] = field(default_factory=list)
    channels: dict[int, Data] = field(default_factory=dict)
    voice_states: dict[int, Data] = field(default_factory=dict)
    """By user; channel_id "0" where VoiceState.channel is not one of channels."""

    voice_channels: dict[int, Data] = field(default_factory=dict)
    """By user: the channel that a VoiceState still holds, though the guild has forgotten or replaced it."""

    members: dict[int, Data] = field(default_factory=dict)
    presences: dict[int, Data] = field(default_factory=dict)
    threads: dict[int, Data] = field(default_factory=dict)
    thread_members: dict[int, dict[int, Data]] = field(default_factory=dict)
    """Thread._members, by thread, where there are any; Thread.me is the thread's "member"."""

    stage_instances: dict[int, Data] = field(default_factory=dict)
    events: dict[int, Data] = field(default_factory=dict)
    """Scheduled events, without "creator"."""

    event_creators: dict[int, Data | None] = field(default_factory=dict)
    """ScheduledEvent.creator; None: nobody knew them then; no entry: what parsing it makes of it, now as then."""

    event_users: dict[int, dict[int, Data | None]] = field(default_factory=dict)
    """ScheduledEvent._users; None: the client's own user."""

    sounds: dict[int, Data] = field(default_factory=dict)
    before: "FoldedGuild | None" = None
    """While a guild is parsed that takes the place of another: that one, which still keeps its users alive."""

    def held_user(self, user_id: int) -> Data | None:
        """The user, where this guild keeps it alive."""
        member = self.members.get(user_id)
        if member is not None:
            user: Data = member["user"]
            return user
        other = next((user for user in self._other_users() if int(user["id"]) == user_id), None)
        return self.before.held_user(user_id) if other is None and self.before is not None else other

    def users(self) -> Iterator[Data]:
        """All users whom this guild keeps alive, some more than once."""
        for member in self.members.values():
            yield member["user"]
        yield from self._other_users()

    def _other_users(self) -> Iterator[Data]:
        for creator in self.event_creators.values():
            if creator is not None:
                yield creator
        for interested in self.event_users.values():
            yield from (user for user in interested.values() if user is not None)
        for sticker in self.stickers:
            if sticker.get("user"):
                yield sticker["user"]

    def take_user(self, user: Data) -> Data:
        """ConnectionState.store_user(): the user as it is known, or a new one.

        Raises KeyError where discord.py would.
        """
        user_id = int(user["id"])
        if self.witness is not None:
            self.witness.took(user_id, user)
        known = self.held_user(user_id) if self.policy.shared_users else None
        if known is not None:
            return known
        require(user, "username", "discriminator", "avatar")
        return dict(user)

    def update_user(self, known: Data, user: Data) -> None:
        """Member._update_inner_user()."""
        require(user, "username", "discriminator", "avatar")
        if self.witness is not None:
            self.witness.updated(int(known["id"]), user)
        update_user(known, user)


def update_user(known: Data, user: Data) -> None:
    """Member._update_inner_user(): seven keys, and none at all where only the decoration's asset differs."""
    if _inner(known) != _inner(user):
        for key in ("username", "discriminator", "avatar", "global_name", "avatar_decoration_data", "primary_guild"):
            known[key] = user.get(key)
        known["public_flags"] = user.get("public_flags", 0)


def _inner(user: Data) -> tuple[Any, ...]:
    decoration = user.get("avatar_decoration_data")
    return (
        *(user[key] for key in ("username", "discriminator", "avatar")),
        *(user.get(key) for key in ("global_name", "primary_guild")),
        user.get("public_flags", 0),
        decoration["sku_id"] if decoration is not None else None,
    )


def facts_of(data: Data) -> Data:
    """The keys of a guild that are no collection."""
    return {key: value for key, value in data.items() if key not in _COLLECTIONS}


def is_large(member_count: int | None) -> bool | None:
    """Guild._large, when the guild is parsed."""
    return None if member_count is None else member_count >= 250


def require(data: Data, *keys: str) -> None:
    """Raise UnfoldableError where discord.py's parser would stop in the middle for want of a key."""
    for key in keys:
        if key not in data:
            raise UnfoldableError(f"no {key}")
