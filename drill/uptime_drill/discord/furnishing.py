"""What a lived-in guild holds beyond the bare one: roles, voice channels with people in them, threads, emojis."""

from typing import Any

from uptime_drill.discord import payloads
from uptime_drill.discord.payloads import Payload

ROLES = 12
VOICE_CHANNELS = 4
THREADS = 3
EMOJIS = 8
TALKERS = 3

# Where each kind's ids lie above the guild's own, whose lowest 22 bits are 0.
_CATEGORY, _VOICE, _THREAD, _ROLE, _EMOJI, _SESSION = 100_000, 200_000, 300_000, 400_000, 500_000, 600_000
_VOICE_CHANNEL, _CATEGORY_CHANNEL, _PUBLIC_THREAD = 2, 4, 11


def roles(guild_id: int) -> list[Payload]:
    """Besides @everyone."""
    return [
        payloads.role(guild_id + _ROLE + number, f"role {number}", str(1 << number), number + 1)
        for number in range(ROLES)
    ]


def emojis(guild_id: int) -> list[Payload]:
    shared: Payload = {"roles": [], "require_colons": True, "managed": False, "animated": False, "available": True}
    return [
        {"id": str(guild_id + _EMOJI + number), "name": f"emoji_{number}", "user": None, **shared}
        for number in range(EMOJIS)
    ]


def channels(guild_id: int) -> list[Payload]:
    """A category and the voice channels in it."""
    category = payloads.text_channel(guild_id + _CATEGORY, guild_id, "Voice", 100) | {"type": _CATEGORY_CHANNEL}
    return [category, *(_voice_channel(guild_id, number) for number in range(VOICE_CHANNELS))]


def _voice_channel(guild_id: int, number: int) -> Payload:
    overwrite = {"id": str(guild_id + _ROLE + number), "type": 0, "allow": "1024", "deny": "0"}
    return payloads.text_channel(voice_channel_id(guild_id, number), guild_id, f"voice {number}", 101 + number) | {
        "type": _VOICE_CHANNEL,
        "parent_id": str(guild_id + _CATEGORY),
        "bitrate": 64_000,
        "user_limit": 0,
        "rtc_region": None,
        "video_quality_mode": 1,
        "permission_overwrites": [overwrite],
    }


def voice_channel_id(guild_id: int, number: int = 0) -> int:
    return guild_id + _VOICE + number


def threads(guild_id: int, owner_id: str) -> list[Payload]:
    """Threads of the guild's first text channel."""
    return [
        {
            "id": str(guild_id + _THREAD + number),
            "guild_id": str(guild_id),
            "parent_id": str(guild_id + 1),
            "owner_id": owner_id,
            "name": f"thread {number}",
            "type": _PUBLIC_THREAD,
            "last_message_id": None,
            "message_count": 3,
            "member_count": 2,
            "rate_limit_per_user": 0,
            "total_message_sent": 3,
            "flags": 0,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": 1440,
                "archive_timestamp": payloads.JOINED_AT,
                "locked": False,
                "create_timestamp": payloads.JOINED_AT,
            },
        }
        for number in range(THREADS)
    ]


def voice_state(guild_id: int, user_id: str, number: int = 0, channel_id: int | None = None) -> Payload:
    """A user in a voice channel, as GUILD_CREATE lists them: without guild_id and member."""
    flags = dict.fromkeys(("deaf", "mute", "self_deaf", "self_mute", "self_video", "suppress"), False)
    return {
        "channel_id": str(channel_id or voice_channel_id(guild_id, number % VOICE_CHANNELS)),
        "user_id": user_id,
        "session_id": f"{guild_id + _SESSION + number:032x}",
        "request_to_speak_timestamp": None,
        **flags,
    }


def member_details(guild_id: int, number: int) -> dict[str, Any]:
    """What sets a guild's member apart: two roles, every third with a nickname."""
    mine = sorted({number % ROLES, (number + 5) % ROLES})
    return {
        "roles": [str(guild_id + _ROLE + role) for role in mine],
        "nick": f"nick {number}" if number % 3 == 0 else None,
    }


def furnish(create: Payload, guild_id: int, members: list[Payload]) -> Payload:
    """GUILD_CREATE of a lived-in guild. `members`: everyone but the bot; those in voice channels are always listed."""
    talkers = members[:TALKERS]
    listed = create["members"]
    known = {member["user"]["id"] for member in listed}
    return {
        **create,
        "roles": [*create["roles"], *roles(guild_id)],
        "emojis": emojis(guild_id),
        "channels": [*create["channels"], *channels(guild_id)],
        "threads": threads(guild_id, create["owner_id"]),
        "voice_states": [voice_state(guild_id, one["user"]["id"], n) for n, one in enumerate(talkers)],
        "members": [*listed, *(one for one in talkers if one["user"]["id"] not in known)],
    }
