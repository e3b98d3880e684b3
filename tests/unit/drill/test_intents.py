"""Which events an intents value lets through."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_drill.discord.dispatches import Dispatch
from uptime_drill.discord.intents import (
    KNOWN,
    NO_INTENT,
    PRIVILEGED,
    REQUIRED,
    Intent,
    allows,
    content_is_visible,
    privileged_from_words,
    without_content,
)

INTENTS = st.integers(0, int(KNOWN)).map(Intent)
EVENTS = st.sampled_from(sorted(REQUIRED))
BOT = "7"


@given(INTENTS, INTENTS, EVENTS, st.booleans())
def test_more_intents_never_take_an_event_away(few: Intent, more: Intent, event: str, in_guild: bool) -> None:
    if allows(few, event, in_guild=in_guild):
        assert allows(few | more, event, in_guild=in_guild)


@pytest.mark.parametrize("event", ["INTERACTION_CREATE", "READY", "RESUMED", "USER_UPDATE", "ENTITLEMENT_CREATE"])
def test_events_that_are_always_sent(event: str) -> None:
    assert allows(NO_INTENT, event, in_guild=True)


@pytest.mark.parametrize(
    ("event", "in_guild", "needed"),
    [
        ("GUILD_CREATE", True, Intent.GUILDS),
        ("MESSAGE_CREATE", True, Intent.GUILD_MESSAGES),
        ("MESSAGE_CREATE", False, Intent.DIRECT_MESSAGES),
        ("TYPING_START", True, Intent.GUILD_MESSAGE_TYPING),
        ("PRESENCE_UPDATE", True, Intent.GUILD_PRESENCES),
        ("GUILD_MEMBER_ADD", True, Intent.GUILD_MEMBERS),
        ("VOICE_STATE_UPDATE", True, Intent.GUILD_VOICE_STATES),
    ],
)
def test_the_intent_that_an_event_needs_is_exactly_one(event: str, in_guild: bool, needed: Intent) -> None:
    assert allows(needed, event, in_guild=in_guild)
    assert not allows(KNOWN & ~needed, event, in_guild=in_guild)


@pytest.mark.parametrize(
    ("message", "visible"),
    [
        pytest.param({"guild_id": "1", "author": {"id": "2"}, "mentions": []}, False, id="of-others"),
        pytest.param({"guild_id": "1", "author": {"id": BOT}, "mentions": []}, True, id="own"),
        pytest.param({"guild_id": "1", "author": {"id": "2"}, "mentions": [{"id": BOT}]}, True, id="mention"),
        pytest.param({"author": {"id": "2"}, "mentions": []}, True, id="direct"),
    ],
)
def test_content_without_the_intent(message: dict[str, Any], visible: bool) -> None:
    assert content_is_visible(KNOWN & ~Intent.MESSAGE_CONTENT, message, bot_id=BOT) is visible
    assert content_is_visible(Intent.MESSAGE_CONTENT, message, bot_id=BOT)


def test_one_dispatch_shows_each_session_its_own_version() -> None:
    message = {"guild_id": "1", "author": {"id": "2"}, "content": "secret", "embeds": [{}], "poll": {}}
    dispatch = Dispatch("MESSAGE_CREATE", message, guild_id=1)
    assert "secret" not in dispatch.body(Intent.GUILD_MESSAGES, BOT)
    assert "secret" in dispatch.body(Intent.MESSAGE_CONTENT, BOT)
    assert dispatch.body(Intent.MESSAGE_CONTENT, BOT) is dispatch.body(Intent.MESSAGE_CONTENT, BOT)
    assert without_content(message) == {"guild_id": "1", "author": {"id": "2"}, "content": "", "embeds": []}


@pytest.mark.parametrize(
    ("words", "granted"),
    [
        ("all", PRIVILEGED),
        ("none", NO_INTENT),
        ("message_content, guild_members", Intent.MESSAGE_CONTENT | Intent.GUILD_MEMBERS),
    ],
)
def test_privileged_intents_in_words(words: str, granted: Intent) -> None:
    assert privileged_from_words(words) == granted


@pytest.mark.parametrize("words", ["guilds", "everything"])
def test_words_that_name_no_privileged_intent(words: str) -> None:
    with pytest.raises(ValueError, match="GUILD_MEMBERS, GUILD_PRESENCES, MESSAGE_CONTENT"):
        privileged_from_words(words)
