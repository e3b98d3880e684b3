"""The world behind the gateway: one application, its bot, and guilds whose members and channels are computed."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from uptime_drill.discord import furnishing, payloads
from uptime_drill.discord.intents import Intent
from uptime_drill.discord.payloads import Payload
from uptime_drill.discord.snowflakes import Snowflakes

# Guild numbers follow each other in the bits that pick the shard, so that shards get equal shares.
_FIRST_GUILD = 210_000_000_000
_FIRST_USER = 190_000_000_000
_OWNER_ID = (_FIRST_USER - 1) << 22
_MESSAGES_KEPT = 200  # for each channel
BOT_NAME = "stand-in-bot"


@dataclass(slots=True)
class World:
    """Nothing in it changes by itself except messages, direct channels and registered commands."""

    application_id: int
    guild_count: int
    members_per_guild: int
    channels_per_guild: int
    furnished: bool = False
    ids: Snowflakes = field(default_factory=Snowflakes)
    _messages: dict[int, OrderedDict[int, Payload]] = field(default_factory=dict)
    _direct: dict[int, Payload] = field(default_factory=dict)

    # who

    @property
    def bot_id(self) -> str:
        return str(self.application_id)

    def bot(self) -> Payload:
        return payloads.user(self.application_id, BOT_NAME, bot=True)

    def own_user(self) -> Payload:
        return payloads.own_user(self.application_id, BOT_NAME)

    def application(self) -> Payload:
        base = payloads.application(self.application_id, payloads.user(_OWNER_ID, "owner"))
        return {**base, "bot": self.bot(), "approximate_guild_count": self.guild_count}

    def user(self, user_id: int) -> Payload:
        """A member of some guild, the owner, the bot, or a stranger with that id."""
        if user_id == self.application_id:
            return self.bot()
        number = (user_id >> 22) - _FIRST_USER
        name = f"user{number}" if number >= 0 else "owner" if user_id == _OWNER_ID else f"stranger{user_id}"
        return payloads.user(user_id, name)

    # guilds

    def guild_ids(self) -> Iterator[int]:
        return ((_FIRST_GUILD + index) << 22 for index in range(self.guild_count))

    def has_guild(self, guild_id: int) -> bool:
        return guild_id & 0x3FFFFF == 0 and 0 <= (guild_id >> 22) - _FIRST_GUILD < self.guild_count

    def guild(self, guild_id: int) -> Payload:
        return payloads.guild(guild_id, f"Guild {(guild_id >> 22) - _FIRST_GUILD}", _OWNER_ID)

    def guild_create(self, guild_id: int, intents: Intent) -> Payload:
        """GUILD_CREATE; without GUILD_PRESENCES the members are only the bot, as documented."""
        members = [self.bot_member()]
        presences: list[Payload] = []
        if Intent.GUILD_PRESENCES in intents:
            members += self.members(guild_id)
            presences = [payloads.presence(m["user"]["id"], guild_id) for m in members]
        count = self.members_per_guild + 1
        create = payloads.guild_create(self.guild(guild_id), self.channels(guild_id), members, presences, count)
        return furnishing.furnish(create, guild_id, self.members(guild_id)) if self.furnished else create

    def bot_member(self) -> Payload:
        return payloads.member(self.bot())

    def members(self, guild_id: int) -> list[Payload]:
        """Everyone in the guild but the bot."""
        return [
            payloads.member(self.user(user_id)) | self._details(guild_id, user_id)
            for user_id in self.member_ids(guild_id)
        ]

    def _details(self, guild_id: int, user_id: int) -> Payload:
        if not self.furnished or user_id not in self.member_ids(guild_id):
            return {}
        return furnishing.member_details(guild_id, self.member_ids(guild_id).index(user_id))

    def member_ids(self, guild_id: int) -> list[int]:
        first = _FIRST_USER + ((guild_id >> 22) - _FIRST_GUILD) * self.members_per_guild
        return [(first + number) << 22 for number in range(self.members_per_guild)]

    def member(self, guild_id: int, user_id: int) -> Payload | None:
        if user_id == self.application_id:
            return self.bot_member()
        known = user_id in self.member_ids(guild_id)
        return payloads.member(self.user(user_id)) | self._details(guild_id, user_id) if known else None

    # channels

    def channels(self, guild_id: int) -> list[Payload]:
        names = ["general", *(f"channel-{number}" for number in range(1, self.channels_per_guild))]
        return [
            payloads.text_channel(guild_id + number + 1, guild_id, name, number) for number, name in enumerate(names)
        ]

    def first_channel(self) -> int | None:
        """The channel that messages go to when nobody names one."""
        return self.nth_channel(0)

    def nth_channel(self, number: int) -> int | None:
        """The first channel of a guild, counted round and round; None in a world without guilds."""
        return ((_FIRST_GUILD + number % self.guild_count) << 22) + 1 if self.guild_count else None

    def has_channel(self, channel_id: int) -> bool:
        return channel_id in self._direct or self.guild_of(channel_id) is not None

    def channel(self, channel_id: int) -> Payload | None:
        if channel_id in self._direct:
            return self._direct[channel_id]
        guild_id = self.guild_of(channel_id)
        if guild_id is None:
            return None
        return self.channels(guild_id)[channel_id - guild_id - 1]

    def guild_of(self, channel_id: int) -> int | None:
        """The guild a text channel belongs to; None for a direct channel and for what does not exist."""
        guild_id = channel_id >> 22 << 22
        number = channel_id - guild_id
        return guild_id if self.has_guild(guild_id) and 1 <= number <= max(1, self.channels_per_guild) else None

    def open_direct(self, user_id: int) -> Payload:
        """The direct channel with a user; made the first time."""
        channel_id = (user_id >> 22 << 22) | 0x3FFFFF
        return self._direct.setdefault(channel_id, payloads.dm_channel(channel_id, self.user(user_id)))

    # messages

    def write_message(self, channel_id: int, author: Payload, content: str, now_s: float, **more: Any) -> Payload:
        """A new message in a channel, as REST gives it, kept for later requests."""
        message_id = self.ids.make(now_s)
        written = {**payloads.message(message_id, channel_id, author, content, now_s), **more}
        kept = self._messages.setdefault(channel_id, OrderedDict())
        kept[message_id] = written
        if len(kept) > _MESSAGES_KEPT:
            kept.popitem(last=False)
        return written

    def message(self, channel_id: int, message_id: int) -> Payload | None:
        kept = self._messages.get(channel_id)
        return None if kept is None else kept.get(message_id)

    def messages(self, channel_id: int) -> list[Payload]:
        """The kept messages of a channel, newest first."""
        return list(reversed(self._messages.get(channel_id, {}).values()))

    def edit_message(self, channel_id: int, message_id: int, now_s: float, **changes: Any) -> Payload | None:
        old = self.message(channel_id, message_id)
        if old is None:
            return None
        edited = {**old, **changes, "edited_timestamp": payloads.iso(now_s)}
        self._messages[channel_id][message_id] = edited
        return edited

    def delete_message(self, channel_id: int, message_id: int) -> bool:
        return self._messages.setdefault(channel_id, OrderedDict()).pop(message_id, None) is not None

    def as_event(self, written: Payload) -> Payload:
        """A message as the gateway sends it: with guild_id and the author's member where it is in a guild."""
        guild_id = self.guild_of(int(written["channel_id"]))
        if guild_id is None:
            return {**written, "channel_type": payloads.DM_CHANNEL}
        return {
            **written,
            "guild_id": str(guild_id),
            "channel_type": payloads.TEXT_CHANNEL,
            "member": payloads.PARTIAL_MEMBER | self._details(guild_id, int(written["author"]["id"])),
        }
