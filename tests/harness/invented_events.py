"""Events that follow from session and sequence alone, so that a record can be checked against what must be in it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from uptime_bot.continuity.fold_policy import Policy
from uptime_bot.continuity.found import Found
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.session import Session, SessionKey

GUILDS = 5
FINGERPRINT = "tok-0123456789ab"


def a_key(*, shard_id: int = 0, shard_count: int = 0, token: str = FINGERPRINT, intents: int = 3) -> SessionKey:
    """A key that differs in nothing but what is asked for."""
    return SessionKey(
        token=token,
        intents=intents,
        member_cache=7,
        shard_id=shard_id,
        shard_count=shard_count,
        gateway_version=10,
        encoding="json",
        compression="zlib-stream",
    )


def a_session(session_id: str, key: SessionKey | None = None) -> Session:
    """A session before it was given its generation."""
    return Session(
        session_id=session_id,
        resume_url="wss://gateway.test",
        application_id=1234,
        key=key or a_key(),
        policy=Policy(self_id=1, shared_users=True, joined=True, voice=True, expressions=True).to_dict(),
        generation=0,
        started_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def event(session_id: str, sequence: int) -> Frame | None:
    """The event of a sequence: READY first; then some change a guild, some are messages, some are of no interest."""
    if sequence == 1:
        return Frame(Kind.EVENT, 1, 0, 0, f"READY {session_id}".encode())
    mixed = hash_of(session_id, sequence)
    guild_id = mixed % GUILDS
    if mixed % 7 < 3:
        payload = f"{session_id} {sequence} ".encode() + b"x" * (mixed % 400)
        return Frame(Kind.EVENT, sequence, guild_id, 0, payload)
    if mixed % 7 < 5:
        return Frame(Kind.LAST_MESSAGE, sequence, guild_id, guild_id * 10 + mixed % 3, sequence.to_bytes(8, "big"))
    return None


def hash_of(session_id: str, sequence: int) -> int:
    """A number that looks like chance, and is the same in every process."""
    number = int.from_bytes(session_id.encode()[-6:], "big") * 1_000_003 + sequence
    number = (number ^ number >> 15) * 0x9E3779B1 & 0xFFFFFFFF
    return (number ^ number >> 13) * 0x85EBCA6B >> 7 & 0xFFFFFF


def objection(found: Found) -> str | None:
    """What in the record is not as it must be, up to the resume sequence; None where all is right."""
    session_id, until = found.session.session_id, found.resume_sequence
    if found.load(found.entries.ready) != f"READY {session_id}".encode():
        return "READY is another session's"
    frames = sorted(_frames(found), key=lambda frame: frame.sequence)
    events = [frame for frame in frames if frame.kind is Kind.EVENT]
    wanted = [each for sequence in range(2, until + 1) if (each := event(session_id, sequence)) is not None]
    if events != [frame for frame in wanted if frame.kind is Kind.EVENT]:
        return f"events up to {until} are {[frame.sequence for frame in events][-5:]}"
    if any(event(session_id, frame.sequence) != frame for frame in frames):
        return "a frame is not what was recorded"
    if _last_messages(frames) != _last_messages(wanted):
        return "last messages differ"
    return None


def _frames(found: Found) -> Iterator[Frame]:
    index = found.entries
    for entry in (*index.account, *(entry for entries in index.guilds.values() for entry in entries)):
        yield Frame(entry.kind, entry.sequence, entry.guild_id, entry.entity_id, found.load(entry))


def _last_messages(frames: list[Frame]) -> dict[int, bytes]:
    return {frame.entity_id: frame.payload for frame in frames if frame.kind is Kind.LAST_MESSAGE}
