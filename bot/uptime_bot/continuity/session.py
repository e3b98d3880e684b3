"""What identifies a gateway session and what it must match before it may be resumed."""

from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

_T = TypeVar("_T")

LARGEST_BYTES = 64 * 1024
"""A SESSION frame's payload is far smaller; a longer one is not read."""


class SessionKey(NamedTuple):
    """What a session belongs to: a RESUME carries none of it, so where one part differs, only an IDENTIFY is right."""

    token: str
    """The token's fingerprint, never the token."""

    intents: int
    member_cache: int
    """The MemberCacheFlags' value: it decides what the cache is made of."""

    shard_id: int
    shard_count: int
    """0 for a client without sharding."""

    gateway_version: int
    encoding: str
    compression: str
    """As in the gateway's query string; "" for none."""


class Session(NamedTuple):
    """One gateway session of one shard."""

    session_id: str
    resume_url: str
    application_id: int
    key: SessionKey
    policy: dict[str, Any]
    """JSON that folding needs to know of the client (fold.py)."""

    generation: int
    """Told apart from every other recorded session by this; 0 until a Recorder gives it one."""

    started_at: datetime
    """Aware, UTC."""


def session_payload(session: Session) -> bytes:
    """The payload of a SESSION frame."""
    import json  # late: only a start and a new session need it

    values = session._asdict()
    values |= {"key": session.key._asdict(), "started_at": session.started_at.astimezone(UTC).isoformat()}
    return json.dumps(values, separators=(",", ":")).encode()


def session_from(payload: bytes) -> Session | None:
    """The session of a SESSION frame; None where anything in it is odd."""
    if len(payload) > LARGEST_BYTES:
        return None
    import json  # late, as above

    try:
        values = json.loads(payload)
        return _session(values)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def differences(recorded: SessionKey, wanted: SessionKey) -> tuple[str, ...]:
    """In words, what is not the same; empty where all of it is."""
    return tuple(
        f"{_WORDS[name]} {was!r}, now {now!r}"
        for name, was, now in zip(SessionKey._fields, recorded, wanted, strict=True)
        if was != now
    )


_WORDS = {
    "token": "the token was",
    "intents": "intents were",
    "member_cache": "member cache flags were",
    "shard_id": "the shard was",
    "shard_count": "the shard count was",
    "gateway_version": "the gateway version was",
    "encoding": "the encoding was",
    "compression": "the compression was",
}


def _session(values: dict[str, Any]) -> Session:
    key = values["key"]
    started_at = datetime.fromisoformat(_typed(values["started_at"], str))
    if set(values) != set(Session._fields) or started_at.tzinfo is None:
        raise ValueError("not a session")
    if set(key) != set(SessionKey._fields):
        raise ValueError("not a session's key")
    for name, value in key.items():
        _typed(value, str if name in ("token", "encoding", "compression") else int)
    return Session(
        session_id=_typed(values["session_id"], str),
        resume_url=_typed(values["resume_url"], str),
        application_id=_typed(values["application_id"], int),
        key=SessionKey(**key),
        policy=_typed(values["policy"], dict),
        generation=_typed(values["generation"], int),
        started_at=started_at.astimezone(UTC),
    )


def _typed(value: Any, kind: type[_T]) -> _T:
    if type(value) is not kind:
        raise TypeError("not a session")
    return value
