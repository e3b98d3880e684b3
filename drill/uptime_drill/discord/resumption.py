"""RESUME: what becomes of it, and the replay."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from uptime_drill.discord.admission import is_authorized
from uptime_drill.discord.connection import Connection
from uptime_drill.discord.dispatches import Dispatch, encode
from uptime_drill.discord.faults import FaultKind
from uptime_drill.discord.gateway import Gateway
from uptime_drill.discord.protocol import CloseCode
from uptime_drill.discord.sessions import ResumeRefused, Session, judge_resume
from uptime_drill.discord.strikes import invalid_session
from uptime_drill.discord.tokens import fingerprint


class Outcome(StrEnum):
    RESUMED = "resumed"
    SWALLOWED = "swallowed"
    INVALID_SESSION = "invalid_session"
    INVALID_SESSION_RESUMABLE = "invalid_session_resumable"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a RESUME gets. `forget`: Discord told the client to start a new session, so this one is over."""

    outcome: Outcome
    code: int | None = None
    replayed: int | None = None
    forget: bool = False


def resume(gateway: Gateway, connection: Connection, data: Any) -> None:
    """Handle op 6 of a connection that has no session."""
    match data:
        case {"token": str(token), "session_id": str(session_id), "seq": int() | None as seq}:
            connection.fingerprint = fingerprint(token)
        case _:
            gateway.log.write("resume", conn=connection.id, outcome=Outcome.CLOSED, code=CloseCode.DECODE_ERROR)
            return connection.close(CloseCode.DECODE_ERROR)
    gateway.expire_sessions()
    session = gateway.sessions.get(session_id)
    if session is not None and session.fingerprint != connection.fingerprint:
        session = None
    connection.shard = session.shard if session else None
    answer = meet_faults(gateway, connection) or answer_resume(gateway, connection, session, seq or 0)
    gateway.log.write(
        "resume",
        conn=connection.id,
        outcome=answer.outcome,
        code=answer.code,
        session=session_id,
        seq=seq,
        replayed=answer.replayed,
        shard=list(connection.shard) if connection.shard else None,
        token=connection.fingerprint,
    )
    if session is not None and answer.forget:
        gateway.end_session(session, "RESUME refused")
    return _refuse(connection, answer)


def meet_faults(gateway: Gateway, connection: Connection) -> Answer | None:
    """What a fault or a bad token makes of this RESUME, whatever its session; None lets it pass."""
    target = gateway.target(connection)
    if gateway.faults.claim(FaultKind.SWALLOW_RESUME, target):
        return Answer(outcome=Outcome.SWALLOWED)
    if not is_authorized(gateway, connection, "RESUME"):
        return Answer(outcome=Outcome.CLOSED, code=CloseCode.AUTHENTICATION_FAILED)
    fault = gateway.faults.claim(FaultKind.RESUME_CLOSE, target)
    if fault is not None:
        return Answer(outcome=Outcome.CLOSED, code=fault.code)
    match gateway.faults.claim_op9(target, "resume"):
        case None:
            return None
        case True:
            return Answer(outcome=Outcome.INVALID_SESSION_RESUMABLE)
        case False:
            return Answer(outcome=Outcome.INVALID_SESSION, forget=True)


def answer_resume(gateway: Gateway, connection: Connection, session: Session | None, seq: int) -> Answer:
    """Replay what was missed, or say why that cannot be."""
    try:
        session = judge_resume(session, connection.fingerprint or "", seq)
    except ResumeRefused as refusal:
        outcome = Outcome.INVALID_SESSION if refusal.code is None else Outcome.CLOSED
        return Answer(outcome=outcome, code=refusal.code, forget=True)
    return Answer(outcome=Outcome.RESUMED, replayed=replay(gateway, connection, session, seq))


def replay(gateway: Gateway, connection: Connection, session: Session, seq: int) -> int:
    """Send what has a higher number than `seq`, then RESUMED; how many events that was."""
    gateway.attach(session, connection)
    missed = session.replay.after(seq)
    for frame in missed:
        connection.send(frame)
    resumed = Dispatch("RESUMED", {"_trace": ['["stand-in"]']})
    connection.send(resumed.frame(session.next_seq(), encode(resumed.data)))
    gateway.log.write("resumed", conn=connection.id, session=session.session_id, replayed=len(missed), seq=seq)
    return len(missed)


def _refuse(connection: Connection, answer: Answer) -> None:
    match answer.outcome:
        case Outcome.CLOSED:
            connection.close(answer.code or CloseCode.UNKNOWN_ERROR)
        case Outcome.INVALID_SESSION:
            connection.send(invalid_session(resumable=False))
        case Outcome.INVALID_SESSION_RESUMABLE:
            connection.send(invalid_session(resumable=True))
        case Outcome.RESUMED | Outcome.SWALLOWED:
            return
