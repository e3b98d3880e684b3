"""IDENTIFY: what becomes of it, READY, and the guilds after it."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from uptime_drill.discord.admission import is_authorized
from uptime_drill.discord.budgets import IdentifyVerdict
from uptime_drill.discord.connection import Connection
from uptime_drill.discord.dispatches import Dispatch, shard_of
from uptime_drill.discord.faults import FaultKind
from uptime_drill.discord.gateway import Gateway
from uptime_drill.discord.identifying import (
    Identify,
    IdentifyRefused,
    check_intents,
    check_sharding,
    parse_identify,
)
from uptime_drill.discord.intents import Intent
from uptime_drill.discord.payloads import Payload
from uptime_drill.discord.protocol import CloseCode
from uptime_drill.discord.sessions import ReplayBuffer, Session
from uptime_drill.discord.strikes import invalidate
from uptime_drill.discord.tokens import fingerprint

_GUILDS_BEFORE_A_BREATH = 20


class Outcome(StrEnum):
    READY = "ready"
    SWALLOWED = "swallowed"
    INVALID_SESSION = "invalid_session"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an IDENTIFY gets; `code` is the close code where it is closed."""

    outcome: Outcome
    code: int | None = None


async def identify(gateway: Gateway, connection: Connection, data: Any) -> None:
    """Handle op 2 of a connection that has no session."""
    try:
        asked = parse_identify(data)
    except IdentifyRefused as refusal:
        gateway.log.write("identify", conn=connection.id, outcome=Outcome.CLOSED, code=refusal.code)
        connection.close(refusal.code)
        return
    connection.fingerprint, connection.shard = fingerprint(asked.token), asked.shard
    answer = judge(gateway, connection, asked)
    session = start_session(gateway, connection, asked) if answer.outcome is Outcome.READY else None
    _log(gateway, connection, asked, answer)
    if session is not None:
        await send_ready(gateway, connection, session)
    elif answer.code is not None:
        connection.close(answer.code)
    elif answer.outcome is Outcome.INVALID_SESSION:
        invalidate(gateway, connection, resumable=False)


def _log(gateway: Gateway, connection: Connection, asked: Identify, answer: Answer) -> None:
    gateway.log.write(
        "identify",
        conn=connection.id,
        outcome=answer.outcome,
        code=answer.code,
        session=connection.session_id,
        shard=list(asked.shard),
        intents=int(asked.intents),
        properties=dict(asked.properties),
        token=connection.fingerprint,
    )


def judge(gateway: Gateway, connection: Connection, asked: Identify) -> Answer:
    """Faults, token, budget, intents and sharding, in the order in which they matter; counts the IDENTIFY."""
    target = gateway.target(connection)
    if gateway.faults.claim(FaultKind.SWALLOW_IDENTIFY, target):
        return Answer(Outcome.SWALLOWED)
    if not is_authorized(gateway, connection, "IDENTIFY"):
        return Answer(Outcome.CLOSED, CloseCode.AUTHENTICATION_FAILED)
    verdict = gateway.starts.take(asked.shard[0], time.monotonic())
    if verdict is IdentifyVerdict.EXHAUSTED:
        gateway.reset_token()
        return Answer(Outcome.CLOSED, CloseCode.AUTHENTICATION_FAILED)
    if verdict is IdentifyVerdict.TOO_FAST or gateway.faults.claim_op9(target, "identify") is not None:
        return Answer(Outcome.INVALID_SESSION)
    fault = gateway.faults.claim(FaultKind.IDENTIFY_CLOSE, target)
    if fault is not None:
        return Answer(Outcome.CLOSED, fault.code)
    options = gateway.options
    try:
        check_intents(asked.intents, options.privileged_intents)
        check_sharding(asked.shard, guilds=options.guilds, guilds_per_shard=options.gateway.guilds_per_shard)
    except IdentifyRefused as refusal:
        return Answer(Outcome.CLOSED, refusal.code)
    return Answer(Outcome.READY)


def start_session(gateway: Gateway, connection: Connection, asked: Identify) -> Session:
    session = Session(
        session_id=secrets.token_hex(16),
        fingerprint=connection.fingerprint or "",
        shard=asked.shard,
        intents=asked.intents,
        replay=ReplayBuffer(gateway.options.gateway.replay_limit),
    )
    gateway.sessions.add(session)
    gateway.attach(session, connection)
    return session


async def send_ready(gateway: Gateway, connection: Connection, session: Session) -> None:
    """READY, then GUILD_CREATE for each guild of the shard if the session has the GUILDS intent."""
    world, (index, count) = gateway.world, session.shard
    guild_ids = [guild_id for guild_id in world.guild_ids() if shard_of(guild_id, count) == index]
    gateway.deliver(session, Dispatch("READY", ready(gateway, session, guild_ids)), swallowable=False)
    gateway.log.write("ready", conn=connection.id, session=session.session_id, shard=list(session.shard))
    if Intent.GUILDS not in session.intents:
        return
    for number, guild_id in enumerate(guild_ids):
        gateway.deliver(session, gateway.guild_create(guild_id, session.intents), swallowable=False)
        if number % _GUILDS_BEFORE_A_BREATH == _GUILDS_BEFORE_A_BREATH - 1:
            await asyncio.sleep(0)
    gateway.log.write("guilds_sent", conn=connection.id, session=session.session_id, guilds=len(guild_ids))


def ready(gateway: Gateway, session: Session, guild_ids: list[int]) -> Payload:
    """The `d` of READY."""
    application = gateway.world.application()
    return {
        "v": 10,
        "user_settings": {},
        "user": gateway.world.own_user(),
        "session_type": "normal",
        "session_id": session.session_id,
        "resume_gateway_url": gateway.resume_url,
        "relationships": [],
        "private_channels": [],
        "presences": [],
        "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guild_ids],
        "guild_join_requests": [],
        "geo_ordered_rtc_regions": [],
        "shard": list(session.shard),
        "application": {"id": application["id"], "flags": application["flags"]},
        "_trace": ['["stand-in"]'],
    }
