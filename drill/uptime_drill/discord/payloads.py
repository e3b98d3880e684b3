"""Discord's objects, with every field its documentation calls mandatory. Pure builders."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

ALL_PERMISSIONS = str((1 << 53) - 1)
JOINED_AT = "2021-01-01T00:00:00.000000+00:00"
TEXT_CHANNEL = 0
DM_CHANNEL = 1
EPHEMERAL = 1 << 6
LOADING = 1 << 7
GATEWAY_FLAGS = (1 << 12) | (1 << 14) | (1 << 18)  # the privileged intents are switched on

Payload = dict[str, Any]


def iso(now_s: float) -> str:
    return datetime.fromtimestamp(now_s, UTC).isoformat(timespec="microseconds")


def user(user_id: int, name: str, *, bot: bool = False) -> Payload:
    return {
        "id": str(user_id),
        "username": name,
        "global_name": None if bot else name.title(),
        "discriminator": "0000" if bot else "0",
        "avatar": None,
        "bot": bot,
        "public_flags": 0,
        "flags": 0,
    }


def own_user(user_id: int, name: str) -> Payload:
    return {**user(user_id, name, bot=True), "verified": True, "mfa_enabled": True, "email": None, "bio": ""}


def application(application_id: int, owner: Payload) -> Payload:
    return {
        "id": str(application_id),
        "name": "stand-in",
        "icon": None,
        "description": "A bot at Discord's stand-in.",
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": owner,
        "team": None,
        "summary": "",
        "verify_key": "0" * 64,
        "flags": GATEWAY_FLAGS,
        "tags": [],
        "rpc_origins": [],
        "hook": True,
        "approximate_guild_count": 0,
        "approximate_user_install_count": 0,
    }


# A member as messages carry it, whose user stands next to it.
PARTIAL_MEMBER: Payload = {
    "nick": None,
    "avatar": None,
    "banner": None,
    "roles": [],
    "joined_at": JOINED_AT,
    "premium_since": None,
    "deaf": False,
    "mute": False,
    "flags": 0,
    "pending": False,
    "communication_disabled_until": None,
}


def member(of: Payload) -> Payload:
    return {"user": of, **PARTIAL_MEMBER}


def role(role_id: int, name: str, permissions: str, position: int) -> Payload:
    return {
        "id": str(role_id),
        "name": name,
        "description": None,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": position,
        "permissions": permissions,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def text_channel(channel_id: int, guild_id: int, name: str, position: int) -> Payload:
    return {
        "id": str(channel_id),
        "type": TEXT_CHANNEL,
        "guild_id": str(guild_id),
        "name": name,
        "topic": None,
        "position": position,
        "permission_overwrites": [],
        "nsfw": False,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "parent_id": None,
        "flags": 0,
    }


def dm_channel(channel_id: int, recipient: Payload) -> Payload:
    return {"id": str(channel_id), "type": DM_CHANNEL, "last_message_id": None, "recipients": [recipient], "flags": 0}


def guild(guild_id: int, name: str, owner_id: int) -> Payload:
    """The guild object as GET /guilds/{id} gives it: without channels, members and the rest of GUILD_CREATE."""
    return {
        "id": str(guild_id),
        "name": name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "owner_id": str(owner_id),
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "roles": [role(guild_id, "@everyone", ALL_PERMISSIONS, 0)],
        "emojis": [],
        "stickers": [],
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "max_presences": None,
        "max_members": 500_000,
        "vanity_url_code": None,
        "description": None,
        "banner": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "public_updates_channel_id": None,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "nsfw_level": 0,
        "nsfw": False,
        "premium_progress_bar_enabled": False,
        "safety_alerts_channel_id": None,
        "incidents_data": None,
    }


def guild_create(
    base: Payload, channels: Sequence[Payload], members: Sequence[Payload], presences: Sequence[Payload], count: int
) -> Payload:
    return {
        **base,
        "joined_at": JOINED_AT,
        "large": count > 250,
        "unavailable": False,
        "member_count": count,
        "voice_states": [],
        "members": list(members),
        "channels": list(channels),
        "threads": [],
        "presences": list(presences),
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def presence(user_id: str, guild_id: int) -> Payload:
    status = {"status": "online", "activities": [], "client_status": {"desktop": "online"}}
    return {"user": {"id": user_id}, "guild_id": str(guild_id), **status}


def message(message_id: int, channel_id: int, author: Payload, content: str, now_s: float) -> Payload:
    """A message as REST gives it; what the gateway adds (guild_id, member) is the caller's."""
    return {
        "id": str(message_id),
        "type": 0,
        "channel_id": str(channel_id),
        "author": author,
        "content": content,
        "timestamp": iso(now_s),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "flags": 0,
    }
