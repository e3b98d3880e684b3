"""The gateway's far end: who is connected, which sessions live, and where each event goes."""

import time
from dataclasses import dataclass, field

from uptime_drill.discord.budgets import SessionStarts
from uptime_drill.discord.connection import Connection
from uptime_drill.discord.dispatches import Dispatch
from uptime_drill.discord.fault_desk import FaultDesk
from uptime_drill.discord.faults import FaultKind, Target
from uptime_drill.discord.intents import Intent
from uptime_drill.discord.logbook import Logbook
from uptime_drill.discord.member_requests import MemberRequests
from uptime_drill.discord.options import Options
from uptime_drill.discord.protocol import CloseCode, ends_session
from uptime_drill.discord.sessions import Session, SessionTable
from uptime_drill.discord.tokens import TokenRing
from uptime_drill.discord.world import World


@dataclass(slots=True, kw_only=True)
class Gateway:
    """Shared by all conversations. `url` and `resume_url` are known once the port is."""

    options: Options
    world: World
    tokens: TokenRing
    faults: FaultDesk
    log: Logbook
    starts: SessionStarts
    sessions: SessionTable
    member_requests: MemberRequests
    url: str = ""
    resume_url: str = ""
    connections: dict[int, Connection] = field(default_factory=dict)
    newest_connection: int = 0
    _guild_creates: dict[tuple[int, bool], Dispatch] = field(default_factory=dict)

    # sockets

    def next_connection_id(self) -> int:
        self.newest_connection += 1
        return self.newest_connection

    def joined(self, connection: Connection) -> None:
        self.connections[connection.id] = connection

    def left(self, connection: Connection, client_code: int | None) -> None:
        """A socket is gone: its session ends with 1000 and 1001 and waits for a RESUME after anything else."""
        self.connections.pop(connection.id, None)
        session = self.sessions.get(connection.session_id or "")
        if session is None or session.connection_id != connection.id:
            return
        if ends_session(client_code):
            self.end_session(session, f"client closed with {client_code}")
            return
        session.connection_id = None
        session.detached_mono = time.monotonic()

    def target(self, connection: Connection) -> Target:
        shard = connection.shard[0] if connection.shard else None
        return Target(shard=shard, token_fingerprint=connection.fingerprint, connection_id=connection.id)

    # sessions

    def end_session(self, session: Session, why: str) -> None:
        self.sessions.forget(session.session_id)
        self.log.write("session_ended", session=session.session_id, shard=list(session.shard), why=why)

    def expire_sessions(self) -> None:
        for session in self.sessions.expire(time.monotonic()):
            self.log.write("session_ended", session=session.session_id, shard=list(session.shard), why="window over")

    def attach(self, session: Session, connection: Connection) -> None:
        """Hand a session to a connection; an older one that still holds it is cut off."""
        holder = self.connections.get(session.connection_id or 0)
        if holder is not None and holder is not connection:
            holder.drop("its session was resumed elsewhere")
        session.connection_id = connection.id
        session.detached_mono = None
        connection.session_id = session.session_id
        connection.shard = session.shard
        connection.fingerprint = session.fingerprint

    def token_is_good(self, fingerprint: str) -> bool:
        """Whether a token opens the gateway now: known, and no fault says otherwise."""
        target = Target(token_fingerprint=fingerprint)
        revoked = self.faults.in_force(FaultKind.REVOKE, target)
        return self.tokens.knows(fingerprint) and revoked is None

    def lock_out(self, fingerprint: str | None, why: str) -> None:
        """End every session of a token (of all, if None) and close its sockets with 4004."""
        for session in self.sessions:
            if fingerprint in (None, session.fingerprint):
                self.end_session(session, why)
        for connection in tuple(self.connections.values()):
            if connection.session_id is not None and fingerprint in (None, connection.fingerprint):
                connection.close(CloseCode.AUTHENTICATION_FAILED)

    def reset_token(self) -> None:
        """The IDENTIFY budget is spent: Discord ends all sessions and resets the token."""
        self.log.write("token_reset", tokens=self.tokens.revoke_all())
        self.lock_out(None, "IDENTIFY budget spent")

    # events

    def guild_create(self, guild_id: int, intents: Intent) -> Dispatch:
        """GUILD_CREATE of a guild, encoded once: the world's guilds do not change."""
        key = (guild_id, Intent.GUILD_PRESENCES in intents)
        if key not in self._guild_creates:
            create = Dispatch("GUILD_CREATE", self.world.guild_create(guild_id, intents), guild_id=guild_id)
            self._guild_creates[key] = create.encoded(intents, self.world.bot_id)
        return self._guild_creates[key]

    def publish(self, dispatch: Dispatch) -> int:
        """Send an event to every session it concerns; how many those are."""
        self.expire_sessions()
        concerned = [s for s in self.sessions if dispatch.concerns(s.intents, s.shard)]
        for session in concerned:
            self.deliver(session, dispatch)
        return len(concerned)

    def deliver(self, session: Session, dispatch: Dispatch, *, swallowable: bool = True) -> None:
        """Number an event for one session, keep it for the replay, and send it where a socket is there."""
        frame = session.record(dispatch, self.world.bot_id)
        connection = self.connections.get(session.connection_id or 0)
        if connection is None:
            return
        if swallowable and self.faults.claim(FaultKind.SWALLOW_EVENTS, self.target(connection)):
            self.log.counts["swallowed_dispatches"] += 1
            return
        connection.send(frame)
