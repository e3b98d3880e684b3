"""Made-up payloads of the gateway: each key that Discord may leave out is left out at times."""

from collections.abc import Sequence
from random import Random
from typing import Any

Data = dict[str, Any]

SELF_ID = 500
SHARED_USER_IDS = tuple(range(501, 506))
"""Who is in several guilds."""

CHANNEL_TYPES = ((0, 5), (2,), (13,), (15, 16), (2,), (4,), (0, 5), (15, 16), (0, 2, 13))
"""By the last digit of a channel's id; only the last may become another class's, which Discord does not do."""

TIMES = tuple(f"2026-11-{day:02}T10:00:00.000000+00:00" for day in (1, 2, 3))


def seeded(seed: int) -> Random:
    """A source of chance that gives the same again."""
    return Random(seed)  # noqa: S311 - nothing secret is made of it


class Payloads:
    """Payloads drawn by chance; the same seed gives the same."""

    def __init__(self, random: Random, versions: dict[int, int] | None = None) -> None:
        self.random = random
        self._versions = versions
        """What users are named now; None: each payload says something else."""

    def chance(self, percent: int) -> bool:
        """True that many times out of a hundred."""
        return self.random.randrange(100) < percent

    def pick(self, options: Sequence[Any]) -> Any:
        """Any of them."""
        return self.random.choice(options)

    def some(self, options: Sequence[Any], most: int) -> list[Any]:
        """Up to that many of them, in any order."""
        return self.random.sample(options, self.random.randint(0, min(most, len(options))))

    def optional(self, data: Data, percent: int = 50, **values: Any) -> Data:
        """Add each of the values that many times out of a hundred."""
        data |= {key: value for key, value in values.items() if self.chance(percent)}
        return data

    def user(self, user_id: int) -> Data:
        """A whole user."""
        random = self.random
        if self._versions is not None:
            random = seeded(user_id * 100 + self._versions.get(user_id, 0))
        same = Payloads(random)
        user = {
            "id": str(user_id),
            "username": f"name{random.randrange(3)}",
            "discriminator": same.pick(("0", "1234")),
            "avatar": same.pick((None, "a", "b")),
        }
        same.optional(user, 40, global_name=same.pick((None, "Global")), public_flags=random.randrange(3))
        sku = same.pick(("1", "2"))
        # discord.py does not notice another asset of the same SKU.
        decoration = {"sku_id": sku, "asset": sku if self._versions is not None else f"{random.random()}"}
        same.optional(user, 30, avatar_decoration_data=same.pick((None, decoration)))
        same.optional(user, 20, primary_guild={"identity_guild_id": "7", "tag": "T"})
        constant = Payloads(seeded(user_id))  # banner and bot do not change with a name
        if self._versions is None:
            constant = same
        return constant.optional(user, 25, banner="c", accent_color=7, bot=True, system=False, collectibles={"x": None})

    def own_user(self) -> Data:
        """The client's user, as READY and USER_UPDATE have it."""
        return self.optional(self.user(SELF_ID), 50, verified=True, locale="de", flags=4, mfa_enabled=True)

    def member(self, user_id: int, guild_id: int) -> Data:
        """A member with all that a GUILD_CREATE says."""
        data: Data = {"user": self.user(user_id), "flags": self.random.randrange(3)}
        data["roles"] = [str(role) for role in self.some(role_ids(guild_id), 3)]
        self.optional(data, 80, joined_at=self.pick((None, *TIMES)))
        self.optional(data, 40, nick=self.pick((None, "nick", "other")), pending=self.pick((True, False)))
        self.optional(data, 30, premium_since=self.pick((None, *TIMES)), avatar=self.pick((None, "x")))
        self.optional(data, 30, banner="y", permissions="8", communication_disabled_until=self.pick((None, *TIMES)))
        return self.optional(data, 20, avatar_decoration_data={"sku_id": "5", "asset": "d"}, deaf=False, mute=False)

    def presence(self, user_id: int) -> Data:
        """A presence, its user by id only."""
        activities = (
            {"type": 0, "name": "chess", "created_at": 1, "id": "a"},
            {"type": 4, "name": "Custom Status", "state": "away", "created_at": 2, "id": "custom"},
            {"type": 1, "name": "stream", "url": "https://twitch.tv/x", "created_at": 3, "id": "b"},
            {"type": 0, "name": "go", "application_id": "9", "timestamps": {"start": 5}, "created_at": 4, "id": "c"},
        )
        return {
            "user": {"id": str(user_id)},
            "status": self.pick(("online", "idle", "offline")),
            "client_status": self.optional({}, 40, desktop="online", mobile="idle", web="dnd"),
            "activities": [dict(activity) for activity in self.some(activities, 2)],
        }

    def role(self, role_id: int) -> Data:
        """A role."""
        data: Data = {"id": str(role_id), "name": f"role{self.random.randrange(3)}"}
        self.optional(data, 60, permissions="104", position=self.random.randrange(4), hoist=True, mentionable=True)
        self.optional(data, 30, icon="i", unicode_emoji="u", managed=True, flags=1)
        self.optional(data, 30, colors={"primary_color": 3, "secondary_color": None, "tertiary_color": 9})
        return self.optional(data, 30, tags=self.optional({}, 50, bot_id="3", premium_subscriber=None))

    def channel(self, channel_id: int) -> Data:
        """A channel of a guild."""
        of_type = self.pick(CHANNEL_TYPES[channel_id % 10])
        data: Data = {"id": str(channel_id), "type": of_type, "name": f"ch{self.random.randrange(3)}", "position": 2}
        if of_type in (2, 13):
            data |= {"bitrate": 64000, "user_limit": self.random.randrange(3)}
        self.optional(data, 40, topic="t", nsfw=True, rate_limit_per_user=3, last_message_id=self.pick((None, "77")))
        self.optional(data, 30, parent_id=self.pick((None, "12")), rtc_region="eu", video_quality_mode=2, flags=16)
        overwrites = [
            {"id": str(known), "type": known % 2, "allow": "1", "deny": "2"} for known in (3, 4, channel_id // 100)
        ]
        self.optional(data, 40, permission_overwrites=self.some(overwrites, 3))
        tag = {"id": "5", "name": "tag", "moderated": False, "emoji_id": None, "emoji_name": "e"}
        return self.optional(data, 20, available_tags=[tag], default_sort_order=1, default_forum_layout=2)

    def thread(self, thread_id: int, guild_id: int) -> Data:
        """A thread."""
        data: Data = {
            "id": str(thread_id),
            "guild_id": str(guild_id),
            "parent_id": str(self.pick(channel_ids(guild_id))),
            "owner_id": "501",
            "name": f"thread{self.random.randrange(3)}",
            "type": self.pick((10, 11, 12)),
            "message_count": self.random.randrange(3),
            "member_count": self.random.randrange(3),
            "thread_metadata": self.metadata(),
        }
        self.optional(data, 40, rate_limit_per_user=2, last_message_id="88", applied_tags=["5", "4"], flags=2)
        return self.optional(data, 30, member=self.thread_member(SELF_ID, thread_id), total_message_sent=4)

    def metadata(self) -> Data:
        """What changes of a thread."""
        data: Data = {"archived": self.chance(25), "auto_archive_duration": 60, "archive_timestamp": self.pick(TIMES)}
        return self.optional(data, 40, locked=True, invitable=False, create_timestamp=self.pick(TIMES))

    def thread_member(self, user_id: int, thread_id: int) -> Data:
        """Somebody in a thread."""
        data: Data = {"join_timestamp": self.pick(TIMES), "flags": self.random.randrange(3)}
        self.optional(data, 70, id=str(thread_id))
        return data if user_id == SELF_ID and self.chance(30) else data | {"user_id": str(user_id)}

    def voice_state(self, user_id: int, channel_id: int | None) -> Data:
        """A voice state."""
        data: Data = {"user_id": str(user_id), "channel_id": None if channel_id is None else str(channel_id)}
        self.optional(data, 80, session_id=self.pick(("s1", "s2")))
        self.optional(data, 40, self_mute=True, self_deaf=True, mute=True, deaf=True, suppress=True, self_video=True)
        return self.optional(data, 20, request_to_speak_timestamp=self.pick((None, *TIMES)))

    def emoji(self, emoji_id: int) -> Data:
        """An emoji."""
        data: Data = {"id": str(emoji_id), "name": f"emoji{self.random.randrange(3)}"}
        return self.optional(
            data, 30, animated=True, available=False, roles=["4", "3"], user=self.user(501), managed=True
        )

    def sticker(self, sticker_id: int, guild_id: int) -> Data:
        """A sticker, at times with who uploaded it."""
        data: Data = {"id": str(sticker_id), "name": f"sticker{self.random.randrange(3)}", "description": "d"}
        data |= {"format_type": self.pick((1, 4)), "guild_id": str(guild_id), "tags": "x"}
        # Somebody who is nobody else, and always the same: see cache_picture.py for the leak that is behind it.
        artist = Payloads(seeded(sticker_id // 4)).user(numbered(guild_id, 30)[3])
        return self.optional(data, 30, available=False, user=artist)

    def sound(self, sound_id: int, guild_id: int) -> Data:
        """A soundboard sound."""
        data: Data = {"sound_id": str(sound_id), "guild_id": str(guild_id), "name": "s", "volume": self.pick((1, 0.5))}
        data |= {"emoji_id": self.pick((None, "5")), "emoji_name": self.pick((None, "e")), "available": True}
        return self.optional(data, 40, user_id="501", user=self.user(501))

    def stage(self, stage_id: int, guild_id: int) -> Data:
        """A stage instance."""
        data: Data = {
            "id": str(stage_id),
            "guild_id": str(guild_id),
            "channel_id": str(self.pick(channel_ids(guild_id))),
        }
        data |= {"topic": f"topic{self.random.randrange(3)}", "privacy_level": 2}
        return self.optional(data, 40, discoverable_disabled=True, guild_scheduled_event_id="9")

    def scheduled_event(self, event_id: int, guild_id: int) -> Data:
        """A scheduled event; who made it is in no other guild, see the law's limits."""
        data: Data = {"id": str(event_id), "guild_id": str(guild_id), "name": f"event{self.random.randrange(3)}"}
        data |= {"entity_type": self.pick((1, 2, 3)), "status": self.pick((1, 2)), "scheduled_start_time": TIMES[0]}
        creator_id = self.pick((*own_user_ids(guild_id), SELF_ID))
        self.optional(
            data, 60, creator_id=self.pick((None, str(creator_id))), channel_id=self.pick((None, *_texts(guild_id)))
        )
        self.optional(data, 20, creator=self.user(creator_id), user_count=2, entity_id="4")
        return self.optional(data, 40, entity_metadata=self.pick((None, {"location": "here"})), description="d")

    def guild(self, guild_id: int, *, whole: bool) -> Data:
        """A guild; whole: as in GUILD_CREATE, else as in GUILD_UPDATE."""
        data: Data = {"id": str(guild_id), "name": f"guild{self.random.randrange(3)}"}
        data["roles"] = [self.role(known) for known in (guild_id, *self.some(role_ids(guild_id), 3))]
        data["emojis"] = [self.emoji(known) for known in self.some(numbered(guild_id, 50), 3)]
        data["stickers"] = [self.sticker(known, guild_id) for known in self.some(numbered(guild_id, 60), 2)]
        self.optional(data, 40, icon="i", owner_id="501", afk_channel_id="3", features=["COMMUNITY"], nsfw_level=1)
        self.optional(data, 40, verification_level=2, preferred_locale="de", description=None, premium_tier=2)
        self.optional(data, 60, member_count=self.pick((3, 249, 250, 251)))
        return data | self._contents(guild_id) if whole else data

    def _contents(self, guild_id: int) -> Data:
        users = self.some(user_ids(guild_id), 6)
        channels = self.some(channel_ids(guild_id), 5)
        return {
            "channels": [self.channel(known) for known in channels],
            "members": [self.member(known, guild_id) for known in (SELF_ID, *users)],
            "presences": [self.presence(known) for known in self.some(user_ids(guild_id), 4)],
            "voice_states": [self.voice_state(known, self.pick(channel_ids(guild_id))) for known in users[:2]],
            "threads": [self.thread(known, guild_id) for known in self.some(numbered(guild_id, 20), 2)],
            "stage_instances": [self.stage(known, guild_id) for known in self.some(numbered(guild_id, 80), 1)],
            "guild_scheduled_events": [
                self.scheduled_event(known, guild_id) for known in self.some(numbered(guild_id, 90), 2)
            ],
            "soundboard_sounds": [self.sound(known, guild_id) for known in self.some(numbered(guild_id, 70), 2)],
        }


def numbered(guild_id: int, first: int) -> tuple[int, ...]:
    """Ids of some kind of thing in a guild."""
    return tuple(guild_id * 100 + first + number for number in range(4))


def channel_ids(guild_id: int) -> tuple[int, ...]:
    """Of channels."""
    return (*numbered(guild_id, 0), *numbered(guild_id, 4))  # 8 would change its class


def role_ids(guild_id: int) -> tuple[int, ...]:
    """Of roles, but for @everyone."""
    return numbered(guild_id, 40)


def own_user_ids(guild_id: int) -> tuple[int, ...]:
    """Of users who are in this guild only."""
    return numbered(guild_id, 30)[:3]


def user_ids(guild_id: int) -> tuple[int, ...]:
    """Of all users who may be in this guild, but for the client's own."""
    return (*SHARED_USER_IDS, *own_user_ids(guild_id))


def _texts(guild_id: int) -> tuple[str, ...]:
    return tuple(str(channel_id) for channel_id in channel_ids(guild_id))
