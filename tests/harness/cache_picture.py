"""A client's cache as plain values, to compare two of them: every attribute of everything that is in it, in its order.

Left out is only what cannot be equal or means nothing; IGNORED and the comments below say what and why.
"""

import array
import datetime as dt
import enum
from collections.abc import Iterator, Mapping
from typing import Any

import discord
from discord.state import AutoShardedConnectionState, ConnectionState

Picture = dict[str, Any]

IGNORED = {
    "_state": "the client itself",
    "_cs_guild": "works itself out when it is looked at",
    "_cs_channel": "works itself out when it is looked at",
    "_cs_scheduled_event": "works itself out when it is looked at",
}


def picture(state: "ConnectionState[Any]") -> Picture:
    """Everything that the gateway's events have made in a client's cache."""
    return {
        "user": _of(state.user, state),
        "guilds": [(guild_id, _guild(guild, state)) for guild_id, guild in _ordered_guilds(state)],
        # In no order: which of two guilds' users is first is a matter of which guild is filled first.
        "users": {user_id: _of(state._users.get(user_id), state) for user_id in sorted(_users_of(state))},
        "emojis": _held(state._emojis, [emoji for guild in state._guilds.values() for emoji in guild.emojis]),
        "stickers": _held(state._stickers, [sticker for guild in state._guilds.values() for sticker in guild.stickers]),
    }


def _ordered_guilds(state: "ConnectionState[Any]") -> list[tuple[int, discord.Guild]]:
    """In the client's order; shard by shard, as each shard has a record of its own."""
    guilds = list(state._guilds.items())
    if isinstance(state, AutoShardedConnectionState):
        guilds.sort(key=lambda item: item[1].shard_id)
    return guilds


def _users_of(state: "ConnectionState[Any]") -> set[int]:
    """Whom the client has to know; leaked stickers (see _held) keep others."""
    users = {0 if state.user is None else state.user.id}
    for guild in state._guilds.values():
        users |= guild._members.keys()
        for event in guild._scheduled_events.values():
            users |= {*event._users, *(() if event.creator is None else (event.creator.id,))}
        users |= {sticker.user.id for sticker in guild.stickers if sticker.user is not None}
    return users


def _held(known: Mapping[int, Any], held: list[Any]) -> dict[int, bool]:
    """By id, whether the lookup gives the guild's own object.

    Whatever else is in it is a leak of discord.py: what a GUILD_UPDATE names no more. The order is that in which guilds
    are filled.
    """
    return {thing.id: known.get(thing.id) is thing for thing in held}


def _guild(guild: discord.Guild, state: "ConnectionState[Any]") -> Picture:
    result = {name: _of(value, state) for name, value in _attributes(guild) if name not in IGNORED}
    for user_id, member in guild._members.items():
        # Whether a later event of the user will reach this member too.
        result[f"member {user_id} shares its user"] = state._users.get(user_id) is member._user
    for user_id, voice in guild._voice_states.items():
        known = any(channel is voice.channel for channel in guild._channels.values())
        result[f"voice state {user_id} has the guild's channel"] = known
    return result


def _of(value: Any, state: "ConnectionState[Any]") -> Any:
    match value:
        case None | bool() | int() | float() | str() | bytes() | dt.datetime():
            return value
        case enum.Enum():
            return repr(value)
        case array.array():
            return (type(value).__name__, list(value))
        case list() | tuple():
            return (type(value).__name__, [_of(item, state) for item in value])
        case dict():
            return [(key, _of(item, state)) for key, item in value.items()]
        case discord.Guild():
            return f"guild {value.id}"
        case discord.Thread() | discord.Member() | discord.Role() | discord.abc.GuildChannel():
            return _object(value, state)
        case _:
            return _object(value, state)


def _object(value: Any, state: "ConnectionState[Any]") -> Any:
    if not type(value).__module__.startswith("discord."):
        raise TypeError(f"no picture of a {type(value)}")
    if isinstance(value, discord.enums.Enum) or type(value).__name__.startswith("_EnumValue_"):
        return repr(value)
    attributes = {}
    for name, attribute in _attributes(value):
        if name in IGNORED:
            continue
        # A thread's members point back to it.
        attributes[name] = attribute.id if name == "parent" else _of(attribute, state)
    return (type(value).__name__, attributes)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    names = dict.fromkeys(name for kind in type(value).__mro__ for name in _slots(kind))
    names |= dict.fromkeys(getattr(value, "__dict__", {}))
    for name in names:
        if name not in ("__weakref__", "__dict__"):
            yield name, getattr(value, name, "<not set>")


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where two pictures differ, in words."""
    if type(one) is type(other) and isinstance(one, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            yield from differences(one.get(key, "<absent>"), other.get(key, "<absent>"), f"{path}.{key}")
    elif type(one) is type(other) and isinstance(one, list | tuple) and len(one) == len(other):
        for place, (mine, yours) in enumerate(zip(one, other, strict=True)):
            yield from differences(mine, yours, f"{path}[{place}]")
    elif one != other:
        yield f"{path}: {_short(one)} is not {_short(other)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else text[:200] + "..."
