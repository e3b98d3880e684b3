"""Compaction of small journals; the law is test_law.py's."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from uptime_bot.continuity.compaction import compacted
from uptime_bot.continuity.fold import Policy
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.session import Session, SessionKey, session_payload

POLICY = Policy(self_id=1, shared_users=True, joined=True, voice=True, expressions=True)
KEY = SessionKey(
    token="0",
    intents=0,
    member_cache=3,
    shard_id=0,
    shard_count=0,
    gateway_version=10,
    encoding="json",
    compression="",
)
SESSION = Session(
    session_id="s",
    resume_url="wss://x",
    application_id=1,
    key=KEY,
    policy=POLICY.to_dict(),
    generation=1,
    started_at=datetime(2026, 11, 21, tzinfo=UTC),
)


def _user(user_id: int, name: str) -> dict[str, Any]:
    return {"id": str(user_id), "username": name, "discriminator": "0", "avatar": None}


def _event(sequence: int, name: str, data: dict[str, Any], guild_id: int = 0, entity_id: int = 0) -> Frame:
    payload = json.dumps({"t": name, "s": sequence, "op": 0, "d": data}).encode()
    return Frame(Kind.EVENT, sequence, guild_id, entity_id, payload)


def _created(sequence: int, guild_id: int, **more: Any) -> Frame:
    return _event(sequence, "GUILD_CREATE", {"id": str(guild_id), "unavailable": False, **more}, guild_id, 1)


def _beginning(*guild_ids: int) -> list[Frame]:
    stubs = [{"id": str(guild_id), "unavailable": True} for guild_id in guild_ids]
    ready = {"user": _user(1, "bot"), "guilds": stubs}
    return [Frame(Kind.SESSION, 0, 0, 0, session_payload(SESSION)), _event(1, "READY", ready)]


def _compact(*frames: Frame) -> list[Frame]:
    return list(compacted(frames, lambda frame: frame.payload))


def _member(user_id: int, name: str) -> dict[str, Any]:
    return {"user": _user(user_id, name), "roles": [], "flags": 0}


def test_ready_names_the_guilds_in_their_order() -> None:
    """Who was left is not among them, who was joined is last."""
    left = _event(3, "GUILD_DELETE", {"id": "20"}, 20, 2)
    frames = _compact(*_beginning(10, 20, 30), left, _created(4, 40))
    assert [stub["id"] for stub in json.loads(frames[1].payload)["d"]["guilds"]] == ["10", "30", "40"]
    assert [(frame.kind, frame.guild_id, frame.sequence) for frame in frames[2:]] == [(Kind.GUILD, 40, 4)]


def test_many_events_become_one_frame() -> None:
    """Of a size that does not grow with their number."""
    channel = {"id": "7", "type": 0, "name": "c", "position": 0, "guild_id": "10"}
    few = [_event(number, "CHANNEL_CREATE", channel, 10) for number in range(3, 10)]
    many = [Frame(Kind.LAST_MESSAGE, number, 10, 7, (number + 1000).to_bytes(8, "big")) for number in range(10, 500)]
    frames = _compact(*_beginning(10), _created(2, 10), *few, *many)
    assert [frame.kind for frame in frames] == [Kind.SESSION, Kind.EVENT, Kind.GUILD]
    assert json.loads(frames[2].payload)["channels"] == [channel | {"last_message_id": "1499"}]


def test_what_cannot_be_folded_stays_with_all_that_follows() -> None:
    """Of its guild; until the bot leaves that."""
    odd = _event(3, "FROM_THE_FUTURE", {"guild_id": "10"}, 10)
    after = _event(4, "GUILD_UPDATE", {"id": "10"}, 10)
    assert _compact(*_beginning(10), _created(2, 10), odd, after)[3:] == [odd, after]
    left = _event(5, "GUILD_DELETE", {"id": "10"}, 10, 2)
    assert [frame.kind for frame in _compact(*_beginning(10), _created(2, 10), odd, left, _created(6, 10))[2:]] == [
        Kind.GUILD
    ]


def test_the_last_word_on_a_user_stays_where_guilds_differ() -> None:
    """And goes where they agree again."""
    guilds = [_created(2, 10, members=[_member(5, "old")]), _created(3, 20, members=[_member(5, "old")])]
    renamed = [
        _event(number, "GUILD_MEMBER_UPDATE", _member(5, "new") | {"guild_id": str(guild_id)}, guild_id, 5)
        for number, guild_id in ((4, 10), (5, 20))
    ]
    once = _compact(*_beginning(10, 20), *guilds, renamed[0])
    assert [(frame.kind, frame.entity_id, frame.sequence) for frame in once[4:]] == [(Kind.USER, 5, 4)]
    assert json.loads(once[4].payload)["username"] == "new"
    assert [frame.kind for frame in _compact(*once, renamed[1])[2:]] == [Kind.GUILD, Kind.GUILD]


def test_what_is_no_journal_is_refused() -> None:
    """Rather than folded into something else."""
    with pytest.raises(ValueError, match="journal"):
        _compact(*_beginning(10)[1:])
