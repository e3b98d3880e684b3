"""The least that discord.py takes for a user, a guild, a READY."""

from collections.abc import Iterable
from typing import Any

from harness.gateway_payloads import Data

ME = 1


def user(user_id: int) -> Data:
    """A whole user."""
    return {"id": str(user_id), "username": f"user{user_id}", "discriminator": "0", "avatar": None}


def member(user_id: int) -> Data:
    """A member, as GUILD_CREATE and GUILD_MEMBERS_CHUNK have one."""
    return {"user": user(user_id), "roles": [], "joined_at": "2026-11-01T00:00:00+00:00", "flags": 0}


def guild(guild_id: int, members: Iterable[int] = (ME,), **contents: Any) -> Data:
    """A guild, as GUILD_CREATE has it."""
    members = tuple(members)
    everyone = {"id": str(guild_id), "name": "@everyone", "permissions": "0"}
    data: Data = {"id": str(guild_id), "name": f"guild{guild_id}", "unavailable": False, "roles": [everyone]}
    data |= {
        "emojis": [],
        "stickers": [],
        "member_count": len(members),
        "members": [member(known) for known in members],
    }
    return data | contents


def joined(guild_id: int, **contents: Any) -> Data:
    """A guild that the bot has just joined: Discord says nothing of it having been unavailable."""
    data = guild(guild_id, **contents)
    del data["unavailable"]
    return data


def ready(guild_ids: Iterable[int], *, session_id: str = "s1", shard_id: int = 0, shard_count: int = 1) -> Data:
    """READY."""
    return {
        "v": 10,
        "user": user(ME) | {"bot": True},
        "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guild_ids],
        "session_id": session_id,
        "resume_gateway_url": "wss://gateway.test",
        "application": {"id": "1", "flags": 0},
        "shard": [shard_id, shard_count],
    }


def half_user_presence(guild_id: int, user_id: int) -> Data:
    """A presence of which Discord says less than a whole user and more than an id: no parser takes it."""
    about = {"id": str(user_id), "username": "renamed"}
    return {"user": about, "guild_id": str(guild_id), "status": "online", "activities": [], "client_status": {}}


def typing(channel_id: int = 7) -> Data:
    """TYPING_START: dispatched as raw_typing, whatever the cache holds."""
    return {"channel_id": str(channel_id), "user_id": "5", "timestamp": 1_700_000_000}
