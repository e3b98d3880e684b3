"""Made-up sequences of gateway events: unknown ids, repeats, what is gone and comes back, outages."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from harness.gateway_payloads import (
    SELF_ID,
    SHARED_USER_IDS,
    Data,
    Payloads,
    channel_ids,
    numbered,
    own_user_ids,
    role_ids,
    seeded,
    user_ids,
)


class Event(NamedTuple):
    """An event of the gateway."""

    name: str
    data: Data


class Step(NamedTuple):
    """What a script says: what happens, where, and the seed of everything else."""

    name: str
    guild: int
    seed: int


def guild_id_of(number: int, shard_count: int = 1) -> int:
    """The id of a made-up guild: its number says which shard's it is."""
    return (number + 1 << 22) + number if shard_count > 1 else number + 1


class World:
    """Turns scripts into events. Users say something else in each payload; or, renamed, the same in all guilds."""

    def __init__(self, guild_ids: Sequence[int], *, renamed_everywhere: bool) -> None:
        self.guild_ids = guild_ids
        self._versions: dict[int, int] | None = {} if renamed_everywhere else None

    def ready(self, seed: int, guild_ids: Sequence[int]) -> Data:
        """READY, of some of the guilds."""
        payloads = Payloads(seeded(seed), self._versions)
        return {
            "v": 10,
            "user": payloads.own_user(),
            "session_id": "s",
            "resume_gateway_url": "wss://x",
            "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guild_ids],
            "application": {"id": "1", "flags": 0},
            "shard": [0, 1],
        }

    def created(self, seed: int, guild_id: int) -> Event:
        """A guild becomes available, after READY."""
        data = Payloads(seeded(seed), self._versions).guild(guild_id, whole=True)
        return Event("GUILD_CREATE", data | {"unavailable": False})

    def events(self, step: Step) -> Iterator[Event]:
        """What a step makes the gateway send."""
        payloads = Payloads(seeded(step.seed), self._versions)
        guild_id = self.guild_ids[step.guild % len(self.guild_ids)]
        if step.name == "RENAMED":
            yield from self._renamed(payloads)
            return
        for name, data in _EVENTS[step.name](payloads, guild_id):
            yield Event(name, data)

    def _renamed(self, payloads: Payloads) -> Iterator[Event]:
        user_id = payloads.pick(SHARED_USER_IDS)
        if self._versions is not None:
            self._versions[user_id] = self._versions.get(user_id, 0) + 1
        for guild_id in self.guild_ids:
            yield Event("GUILD_MEMBER_UPDATE", _member_update(payloads, guild_id, user_id))


def _member_update(payloads: Payloads, guild_id: int, user_id: int) -> Data:
    data = payloads.member(user_id, guild_id) | {"guild_id": str(guild_id)}
    if payloads.chance(50):
        data.pop("joined_at", None)
    return data


Made = Iterator[tuple[str, Data]]


def _of(guild_id: int) -> Data:
    return {"guild_id": str(guild_id)}


def _guild(payloads: Payloads, guild_id: int) -> Made:
    match payloads.random.randrange(10):
        case 0 | 1 | 2 | 3:
            yield "GUILD_CREATE", payloads.guild(guild_id, whole=True) | {"unavailable": False}
        case 4:
            yield "GUILD_CREATE", payloads.guild(guild_id, whole=True)
        case 5:
            yield "GUILD_CREATE", {"id": str(guild_id), "unavailable": True}
        case 6 | 7:
            yield "GUILD_DELETE", {"id": str(guild_id), "unavailable": True}
        case _:
            yield "GUILD_DELETE", {"id": str(guild_id)}


def _guild_update(payloads: Payloads, guild_id: int) -> Made:
    yield "GUILD_UPDATE", payloads.guild(guild_id, whole=False)


def _channel(payloads: Payloads, guild_id: int) -> Made:
    channel_id = payloads.pick(channel_ids(guild_id))
    name = payloads.pick(("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"))
    yield name, payloads.channel(channel_id) | _of(guild_id)


def _thread(payloads: Payloads, guild_id: int) -> Made:
    thread_id = payloads.pick(numbered(guild_id, 20))
    thread = payloads.thread(thread_id, guild_id)
    match payloads.random.randrange(8):
        case 0 | 1 | 2:
            yield "THREAD_CREATE", payloads.optional(thread, 50, newly_created=True)
        case 3 | 4:
            yield "THREAD_UPDATE", thread
        case 5:
            yield "THREAD_DELETE", {key: thread[key] for key in ("id", "guild_id", "parent_id", "type")}
        case _:
            yield "THREAD_LIST_SYNC", _thread_list(payloads, guild_id)


def _thread_list(payloads: Payloads, guild_id: int) -> Data:
    threads = [payloads.thread(known, guild_id) for known in payloads.some(numbered(guild_id, 20), 3)]
    members = [payloads.thread_member(SELF_ID, int(thread["id"])) | {"id": thread["id"]} for thread in threads]
    data = _of(guild_id) | {"threads": threads, "members": payloads.some(members, 3)}
    channels = [str(known) for known in payloads.some(channel_ids(guild_id), 4)]
    return payloads.optional(data, 60, channel_ids=channels)


def _thread_members(payloads: Payloads, guild_id: int) -> Made:
    thread_id = payloads.pick(numbered(guild_id, 20))
    users = (SELF_ID, *user_ids(guild_id)[:3])
    if payloads.chance(30):
        data = {
            "id": str(thread_id),
            "user_id": str(SELF_ID),
            "join_timestamp": "2026-11-01T10:00:00+00:00",
            "flags": 1,
        }
        yield "THREAD_MEMBER_UPDATE", data | _of(guild_id)
        return
    data = {"id": str(thread_id), "member_count": 3, **_of(guild_id)}
    added = [payloads.thread_member(user_id, thread_id) for user_id in payloads.some(users, 3)]
    removed = [str(user_id) for user_id in payloads.some(users, 2)]
    yield "THREAD_MEMBERS_UPDATE", payloads.optional(data, 80, added_members=added, removed_member_ids=removed)


def _role(payloads: Payloads, guild_id: int) -> Made:
    role_id = payloads.pick((guild_id, *role_ids(guild_id)))
    match payloads.random.randrange(3):
        case 0:
            yield "GUILD_ROLE_CREATE", _of(guild_id) | {"role": payloads.role(role_id)}
        case 1:
            yield "GUILD_ROLE_UPDATE", _of(guild_id) | {"role": payloads.role(role_id)}
        case _:
            yield "GUILD_ROLE_DELETE", _of(guild_id) | {"role_id": str(role_id)}


def _member(payloads: Payloads, guild_id: int) -> Made:
    user_id = payloads.pick((SELF_ID, *user_ids(guild_id) * 2))
    match payloads.random.randrange(8):
        case 0 | 1 | 2:
            yield "GUILD_MEMBER_ADD", payloads.member(user_id, guild_id) | _of(guild_id)
        case 3 | 4 | 5:
            yield "GUILD_MEMBER_UPDATE", _member_update(payloads, guild_id, user_id)
        case _:
            yield "GUILD_MEMBER_REMOVE", _of(guild_id) | {"user": payloads.user(user_id)}


def _chunk(payloads: Payloads, guild_id: int) -> Made:
    users = payloads.some(user_ids(guild_id), 5)
    data = _of(guild_id) | {"members": [payloads.member(user_id, guild_id) for user_id in users]}
    data |= {"chunk_index": 0, "chunk_count": payloads.pick((1, 2)), "nonce": "n"}
    presences = [payloads.presence(user_id) for user_id in payloads.some(user_ids(guild_id), 3)]
    for presence in presences:
        if payloads.chance(40):
            presence["user"] = payloads.user(int(presence["user"]["id"]))
    yield "GUILD_MEMBERS_CHUNK", payloads.optional(data, 60, presences=presences)


def _presence(payloads: Payloads, guild_id: int) -> Made:
    user_id = payloads.pick((SELF_ID, *user_ids(guild_id) * 2))
    data = payloads.presence(user_id) | _of(guild_id)
    if payloads.chance(30):
        data["user"] = payloads.user(user_id)
    yield "PRESENCE_UPDATE", data


def _voice(payloads: Payloads, guild_id: int) -> Made:
    user_id = payloads.pick((SELF_ID, *user_ids(guild_id) * 2))
    channel_id = payloads.pick((None, None, *channel_ids(guild_id), guild_id * 100 + 99))
    data = payloads.voice_state(user_id, channel_id) | _of(guild_id)
    yield "VOICE_STATE_UPDATE", payloads.optional(data, 70, member=payloads.member(user_id, guild_id))


def _message(payloads: Payloads, guild_id: int) -> Made:
    channel_id = payloads.pick((*channel_ids(guild_id), *numbered(guild_id, 20)))
    data = {"id": str(payloads.random.randrange(1000, 9000)), "channel_id": str(channel_id), "type": 0, "content": ""}
    author_id = payloads.pick((SELF_ID, *user_ids(guild_id)))
    data |= _of(guild_id) | {"author": payloads.user(author_id)}
    member = {key: value for key, value in payloads.member(author_id, guild_id).items() if key != "user"}
    thread = payloads.thread(payloads.pick(numbered(guild_id, 20)), guild_id)
    payloads.optional(payloads.optional(data, 50, member=member), 20, thread=thread)
    yield payloads.pick(("MESSAGE_CREATE", "MESSAGE_CREATE", "MESSAGE_UPDATE")), data


def _emojis(payloads: Payloads, guild_id: int) -> Made:
    emojis = [payloads.emoji(known) for known in payloads.some(numbered(guild_id, 50), 3)]
    yield "GUILD_EMOJIS_UPDATE", _of(guild_id) | {"emojis": emojis}


def _stickers(payloads: Payloads, guild_id: int) -> Made:
    stickers = [payloads.sticker(known, guild_id) for known in payloads.some(numbered(guild_id, 60), 3)]
    yield "GUILD_STICKERS_UPDATE", _of(guild_id) | {"stickers": stickers}


def _sound(payloads: Payloads, guild_id: int) -> Made:
    sound = payloads.sound(payloads.pick(numbered(guild_id, 70)), guild_id)
    if payloads.chance(25):
        sounds = [payloads.sound(known, guild_id) for known in payloads.some(numbered(guild_id, 70), 3)]
        yield "GUILD_SOUNDBOARD_SOUNDS_UPDATE", _of(guild_id) | {"soundboard_sounds": sounds}
    else:
        yield "GUILD_SOUNDBOARD_SOUND_" + payloads.pick(("CREATE", "CREATE", "UPDATE", "DELETE")), sound


def _stage(payloads: Payloads, guild_id: int) -> Made:
    stage = payloads.stage(payloads.pick(numbered(guild_id, 80)), guild_id)
    yield "STAGE_INSTANCE_" + payloads.pick(("CREATE", "UPDATE", "DELETE")), stage


def _scheduled_event(payloads: Payloads, guild_id: int) -> Made:
    event = payloads.scheduled_event(payloads.pick(numbered(guild_id, 90)), guild_id)
    if payloads.chance(60):
        yield "GUILD_SCHEDULED_EVENT_" + payloads.pick(("CREATE", "CREATE", "UPDATE", "DELETE")), event
        return
    user_id = payloads.pick((SELF_ID, *own_user_ids(guild_id)))
    data = _of(guild_id) | {"guild_scheduled_event_id": event["id"], "user_id": str(user_id)}
    yield "GUILD_SCHEDULED_EVENT_USER_" + payloads.pick(("ADD", "ADD", "REMOVE")), data


def _account(payloads: Payloads, _: int) -> Made:
    yield "USER_UPDATE", payloads.own_user()


_EVENTS: dict[str, Callable[[Payloads, int], Made]] = {
    "GUILD": _guild,
    "GUILD_UPDATE": _guild_update,
    "CHANNEL": _channel,
    "THREAD": _thread,
    "ROLE": _role,
    "THREAD_MEMBERS": _thread_members,
    "MEMBER": _member,
    "CHUNK": _chunk,
    "PRESENCE": _presence,
    "VOICE": _voice,
    "MESSAGE": _message,
    "EMOJIS": _emojis,
    "STICKERS": _stickers,
    "SOUND": _sound,
    "STAGE": _stage,
    "SCHEDULED_EVENT": _scheduled_event,
    "ACCOUNT": _account,
}
_OFTEN = ("MEMBER", "VOICE", "CHANNEL", "THREAD", "THREAD_MEMBERS", "PRESENCE", "GUILD", "SCHEDULED_EVENT")


def scripts(*, most: int = 60, renamed_everywhere: bool = False) -> st.SearchStrategy[list[Step]]:
    """Sequences of steps."""
    names = (*_EVENTS, *_OFTEN, "RENAMED") if renamed_everywhere else (*_EVENTS, *_OFTEN)
    step = st.builds(Step, st.sampled_from(names), st.integers(0, 3), st.integers(0, 2**32 - 1))
    # As long as said: lists() alone would nearly always be short.
    return st.integers(0, most).flatmap(lambda length: st.lists(step, min_size=length, max_size=length))
