"""Which events an intents value lets through (events/gateway, "List of Intents")."""

from collections.abc import Mapping
from enum import IntFlag
from typing import Any


class Intent(IntFlag):
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
NO_INTENT = Intent(0)
# Bits 17 to 19, 22 and 23 were never given out; discord.py and others set none of them.
KNOWN = Intent((1 << 26) - 1)

_ALWAYS = (NO_INTENT, NO_INTENT)


def _guild(intent: Intent, *events: str) -> dict[str, tuple[Intent, Intent]]:
    return dict.fromkeys(events, (intent, NO_INTENT))


def _both(guild: Intent, direct: Intent, *events: str) -> dict[str, tuple[Intent, Intent]]:
    return dict.fromkeys(events, (guild, direct))


# event -> (intent in a guild, intent in a direct message); what is not listed is always sent.
REQUIRED: Mapping[str, tuple[Intent, Intent]] = {
    **_guild(Intent.GUILDS, "GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE", "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE"),
    **_guild(Intent.GUILDS, "GUILD_ROLE_DELETE", "CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"),
    **_guild(Intent.GUILDS, "THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "THREAD_LIST_SYNC"),
    **_guild(Intent.GUILDS, "THREAD_MEMBER_UPDATE", "THREAD_MEMBERS_UPDATE", "STAGE_INSTANCE_CREATE"),
    **_guild(Intent.GUILDS, "STAGE_INSTANCE_UPDATE", "STAGE_INSTANCE_DELETE"),
    **_both(Intent.GUILDS, Intent.DIRECT_MESSAGES, "CHANNEL_PINS_UPDATE"),
    **_guild(Intent.GUILD_MEMBERS, "GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"),
    **_guild(Intent.GUILD_MODERATION, "GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_BAN_ADD", "GUILD_BAN_REMOVE"),
    **_guild(Intent.GUILD_EXPRESSIONS, "GUILD_EMOJIS_UPDATE", "GUILD_STICKERS_UPDATE"),
    **_guild(Intent.GUILD_EXPRESSIONS, "GUILD_SOUNDBOARD_SOUND_CREATE", "GUILD_SOUNDBOARD_SOUND_UPDATE"),
    **_guild(Intent.GUILD_EXPRESSIONS, "GUILD_SOUNDBOARD_SOUND_DELETE", "GUILD_SOUNDBOARD_SOUNDS_UPDATE"),
    **_guild(Intent.GUILD_INTEGRATIONS, "GUILD_INTEGRATIONS_UPDATE", "INTEGRATION_CREATE"),
    **_guild(Intent.GUILD_INTEGRATIONS, "INTEGRATION_UPDATE", "INTEGRATION_DELETE"),
    **_guild(Intent.GUILD_WEBHOOKS, "WEBHOOKS_UPDATE"),
    **_guild(Intent.GUILD_INVITES, "INVITE_CREATE", "INVITE_DELETE"),
    **_guild(Intent.GUILD_VOICE_STATES, "VOICE_STATE_UPDATE", "VOICE_CHANNEL_EFFECT_SEND"),
    **_guild(Intent.GUILD_PRESENCES, "PRESENCE_UPDATE"),
    **_both(Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES, "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"),
    **_guild(Intent.GUILD_MESSAGES, "MESSAGE_DELETE_BULK"),
    **_both(
        Intent.GUILD_MESSAGE_REACTIONS,
        Intent.DIRECT_MESSAGE_REACTIONS,
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
    ),
    **_both(Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING, "TYPING_START"),
    **_guild(Intent.GUILD_SCHEDULED_EVENTS, "GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_UPDATE"),
    **_guild(Intent.GUILD_SCHEDULED_EVENTS, "GUILD_SCHEDULED_EVENT_DELETE", "GUILD_SCHEDULED_EVENT_USER_ADD"),
    **_guild(Intent.GUILD_SCHEDULED_EVENTS, "GUILD_SCHEDULED_EVENT_USER_REMOVE"),
    **_guild(Intent.AUTO_MODERATION_CONFIGURATION, "AUTO_MODERATION_RULE_CREATE", "AUTO_MODERATION_RULE_UPDATE"),
    **_guild(Intent.AUTO_MODERATION_CONFIGURATION, "AUTO_MODERATION_RULE_DELETE"),
    **_guild(Intent.AUTO_MODERATION_EXECUTION, "AUTO_MODERATION_ACTION_EXECUTION"),
    **_both(
        Intent.GUILD_MESSAGE_POLLS,
        Intent.DIRECT_MESSAGE_POLLS,
        "MESSAGE_POLL_VOTE_ADD",
        "MESSAGE_POLL_VOTE_REMOVE",
    ),
}

CONTENT_FIELDS = ("content", "embeds", "attachments", "components")


def allows(intents: Intent, event: str, *, in_guild: bool) -> bool:
    """Whether a session with these intents receives the event."""
    guild, direct = REQUIRED.get(event, _ALWAYS)
    needed = guild if in_guild else direct
    return needed in intents


def privileged_from_words(words: str) -> Intent:
    """`all`, `none`, or names such as `message_content,guild_members`; ValueError names a word that is neither."""
    if words == "all":
        return PRIVILEGED
    granted = NO_INTENT
    for word in words.replace(",", " ").split():
        name = word.upper()
        if name == "NONE":
            continue
        if name not in Intent.__members__ or Intent[name] not in PRIVILEGED:
            raise ValueError(
                f"{word} is no privileged intent; there are: {', '.join(i.name or '' for i in PRIVILEGED)}"
            )
        granted |= Intent[name]
    return granted


def content_is_visible(intents: Intent, message: Mapping[str, Any], *, bot_id: str) -> bool:
    """Without MESSAGE_CONTENT, content comes only with own messages, direct messages and mentions of the bot."""
    if Intent.MESSAGE_CONTENT in intents or message.get("guild_id") is None:
        return True
    if message.get("author", {}).get("id") == bot_id:
        return True
    return any(user.get("id") == bot_id for user in message.get("mentions", ()))


def without_content(message: Mapping[str, Any]) -> dict[str, Any]:
    """The same message with empty content fields and no poll, as Discord sends it without the intent."""
    emptied = {field: "" if field == "content" else [] for field in CONTENT_FIELDS if field in message}
    return {key: value for key, value in {**message, **emptied}.items() if key != "poll"}
