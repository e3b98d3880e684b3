"""One client's talk with the gateway: HELLO, heartbeats, IDENTIFY, RESUME, and the requests that follow."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from uptime_drill.discord.budgets import SlidingWindow
from uptime_drill.discord.connection import Connection
from uptime_drill.discord.dispatches import Dispatch, encode
from uptime_drill.discord.faults import FaultKind
from uptime_drill.discord.gateway import Gateway
from uptime_drill.discord.identification import identify
from uptime_drill.discord.protocol import MAX_PAYLOAD_BYTES, CloseCode, Op
from uptime_drill.discord.resumption import resume
from uptime_drill.discord.sessions import Session
from uptime_drill.discord.strikes import RECONNECT, strike_new

_ACK = encode({"t": None, "s": None, "op": int(Op.HEARTBEAT_ACK), "d": None})
_BEFORE_IDENTIFY = frozenset({Op.HEARTBEAT, Op.IDENTIFY, Op.RESUME})
_MISSED_INTERVALS = 1.5


class Conversation:
    """Reads payloads of one connection and answers as Discord documents; whatever it refuses, it closes with a code."""

    def __init__(self, gateway: Gateway, connection: Connection) -> None:
        self._gateway = gateway
        self._rules = gateway.options.gateway
        self._connection = connection
        self._log = gateway.log
        self._events = SlidingWindow(self._rules.events_per_minute, 60.0)
        self._beat_mono = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None

    def greet(self) -> None:
        """HELLO, or op 7 in its place; from now on heartbeats are due."""
        if self._gateway.faults.claim(FaultKind.HANDSHAKE_OP7):
            self._log.write("handshake_op7", conn=self._connection.id)
            self._connection.send(RECONNECT)
            return
        hello = {"heartbeat_interval": self._rules.heartbeat_interval_ms, "_trace": ['["stand-in"]']}
        self._connection.send(encode({"t": None, "s": None, "op": int(Op.HELLO), "d": hello}))
        self._watch_heartbeats()
        strike_new(self._gateway, self._connection)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def hear(self, text: str | bytes) -> None:
        """Handle one payload of the client."""
        if len(text if isinstance(text, bytes) else text.encode()) > MAX_PAYLOAD_BYTES:
            return self._refuse(CloseCode.DECODE_ERROR, "payload is longer than 4096 bytes")
        if not self._events.take(time.monotonic()):
            return self._refuse(CloseCode.RATE_LIMITED, "more than 120 events in 60 s")
        try:
            payload = json.loads(text)
        except ValueError:
            return self._refuse(CloseCode.DECODE_ERROR, "not JSON")
        if not isinstance(payload, dict) or not isinstance(payload.get("op"), int):
            return self._refuse(CloseCode.DECODE_ERROR, "not a payload")
        if payload["op"] not in set(Op):
            return self._refuse(CloseCode.UNKNOWN_OPCODE, f"op {payload['op']}")
        return await self._handle(Op(payload["op"]), payload.get("d"))

    def _refuse(self, code: CloseCode, why: str) -> None:
        self._log.write("refused_payload", conn=self._connection.id, code=code, why=why)
        self._connection.close(code)

    async def _handle(self, op: Op, data: Any) -> None:
        session = self._gateway.sessions.get(self._connection.session_id or "")
        if session is None and op not in _BEFORE_IDENTIFY:
            return self._refuse(CloseCode.NOT_AUTHENTICATED, f"op {op} before IDENTIFY")
        if op in (Op.IDENTIFY, Op.RESUME) and session is not None:
            return self._refuse(CloseCode.ALREADY_AUTHENTICATED, f"op {op} on an identified connection")
        match op:
            case Op.HEARTBEAT:
                self._heartbeat(data)
            case Op.IDENTIFY:
                await identify(self._gateway, self._connection, data)
            case Op.RESUME:
                resume(self._gateway, self._connection, data)
            case Op.REQUEST_GUILD_MEMBERS if session is not None and isinstance(data, Mapping):
                self._send_members(session, data)
            case Op.VOICE_STATE_UPDATE if session is not None and isinstance(data, Mapping):
                self._echo_voice_state(session, data)
            case Op.PRESENCE_UPDATE | Op.REQUEST_SOUNDBOARD_SOUNDS:
                self._log.write("client_op", conn=self._connection.id, op=op, name=op.name)
            case _:
                self._refuse(CloseCode.UNKNOWN_OPCODE, f"op {op} from a client")
        return None

    # heartbeats

    def _heartbeat(self, seq: Any) -> None:
        self._beat_mono = time.monotonic()
        conn = self._connection
        if self._gateway.faults.claim(FaultKind.SWALLOW_ACKS, self._gateway.target(conn)):
            self._log.write("ack_swallowed", conn=conn.id, seq=seq, session=conn.session_id)
            return
        self._log.write("heartbeat", conn=conn.id, seq=seq, session=conn.session_id)
        conn.send(_ACK)

    def _watch_heartbeats(self) -> None:
        patience_s = self._rules.heartbeat_interval_ms / 1000 * _MISSED_INTERVALS + self._rules.heartbeat_grace_s
        left_s = self._beat_mono + patience_s - time.monotonic()
        if left_s <= 0 and self._connection.passable.is_set():
            self._log.write("heartbeat_missed", conn=self._connection.id, session=self._connection.session_id)
            self._connection.close(CloseCode.SESSION_TIMED_OUT)
            return
        self._timer = asyncio.get_running_loop().call_later(max(left_s, 0.05), self._watch_heartbeats)

    # requests of an identified client

    def _send_members(self, session: Session, data: Mapping[str, Any]) -> None:
        chunks = self._gateway.member_requests.answer(data, session.intents, time.monotonic())
        self._log.write(
            "member_request", conn=self._connection.id, session=session.session_id, chunks=len(chunks),
            guild_id=data.get("guild_id"), query=data.get("query"), limit=data.get("limit"),
            user_ids=data.get("user_ids"), rate_limited=any(chunk.name == "RATE_LIMITED" for chunk in chunks),
        )  # fmt: skip
        for chunk in chunks:
            self._gateway.deliver(session, chunk)

    def _echo_voice_state(self, session: Session, data: Mapping[str, Any]) -> None:
        guild_id = str(data.get("guild_id"))
        self._log.write("client_op", conn=self._connection.id, op=Op.VOICE_STATE_UPDATE, name="VOICE_STATE_UPDATE")
        if not guild_id.isdecimal() or not self._gateway.world.has_guild(int(guild_id)):
            return
        state = {
            "guild_id": guild_id,
            "channel_id": data.get("channel_id"),
            "user_id": self._gateway.world.bot_id,
            "member": self._gateway.world.bot_member(),
            "session_id": session.session_id,
            "deaf": False,
            "mute": False,
            "self_deaf": bool(data.get("self_deaf")),
            "self_mute": bool(data.get("self_mute")),
            "self_video": False,
            "suppress": False,
            "request_to_speak_timestamp": None,
        }
        self._gateway.publish(Dispatch("VOICE_STATE_UPDATE", state, guild_id=int(guild_id)))
