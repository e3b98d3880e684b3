"""Goes on with the gateway sessions of the process before, and leaves this one's to the process after."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yarl
from discord import utils as discord_utils
from discord.http import INTERNAL_API_VERSION
from discord.state import ConnectionState

from uptime_bot.continuity.files import FOLDER
from uptime_bot.continuity.fold_policy import Policy
from uptime_bot.continuity.found import Found, Nothing
from uptime_bot.continuity.gaps import Gap, Gaps
from uptime_bot.continuity.identity import read_identity, write_identity
from uptime_bot.continuity.recorder import Recorder, close_all
from uptime_bot.continuity.session import Session as RecordedSession
from uptime_bot.continuity.session import SessionKey
from uptime_bot.continuity.set_aside import SetAside
from uptime_bot.continuity.store import RecordStore
from uptime_bot.continuity.writer import Writer
from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.settings import SessionSettings
from uptime_bot.contract.tokens import Token
from uptime_bot.discordpy.gateway_session import Session
from uptime_bot.discordpy.hearing import STALE_AFTER_S, interaction_age_s, session_frame
from uptime_bot.discordpy.links import ClientLink
from uptime_bot.discordpy.readiness import renew_all
from uptime_bot.discordpy.recording import ShardRecording
from uptime_bot.discordpy.refill import PendingRefill
from uptime_bot.discordpy.shard_link import ShardLink
from uptime_bot.waiting.off_loop import begin_off_loop

if TYPE_CHECKING:
    from uptime_bot.contract.status import SessionStatus

_log = logging.getLogger(__name__)

CLOSE_S = 0.3
"""For what is still to be written when a client ends."""

ENCODING = "json"
"""What discord.py asks the gateway for."""


class Continuity:
    """The sessions of all clients of the process."""

    def __init__(self, state_dir: Path, runtime_dir: Path, settings: Callable[[], SessionSettings]) -> None:
        self._settings = settings
        self._store = RecordStore(state_dir, runtime_dir)
        self._writer = Writer()
        self._gaps = Gaps(state_dir / "gaps.json")
        self._set_aside = SetAside(state_dir / "set-aside")
        self._recorders: dict[SessionKey, Recorder] = {}
        self._shards: list[ShardLink] = []
        self.possible = False
        """Whether the installed discord.py has what this needs."""

        self._tidied = False
        self._started_at = datetime.now(UTC)
        self.resumed = False
        """Whether this process went on with a session of the one before."""

        self._interactions_dropped = 0
        self._events_set_aside = 0
        self._last_gap: Gap | None = None

    def status(self) -> "SessionStatus":
        """What is known of it in this process."""
        from uptime_bot.contract.status import SessionStatus  # late: the first tick needs it, no RESUME

        gap = self._last_gap
        return SessionStatus(
            resumed=self.resumed,
            recorded=bool(self._recorders) and all(recorder.recording for recorder in self._recorders.values()),
            events_set_aside=self._events_set_aside,
            interactions_dropped=self._interactions_dropped,
            events_lost_from=None if gap is None else gap.from_at,
            events_lost_to=None if gap is None else gap.to_at,
        )

    @property
    def _resumes(self) -> bool:
        return self.possible and self._settings().across_restarts == "resume"

    def known_answers(self, link: ClientLink) -> dict[str, Any]:
        """What REST said at the login before, where there is a session to go on with; else nothing."""
        if not self._resumes or link.token is None:
            return {}
        if self._store.resumable_for_s(now=datetime.now(UTC), window_s=self._settings().window_s) is None:
            return {}
        return read_identity(self._identity_path(link.token))

    def remember_answers(self, link: ClientLink) -> None:
        """Keep what REST said at this login for the next one."""
        if self._resumes and link.token is not None and link.answers:
            path, answers = self._identity_path(link.token), link.known | link.answers
            begin_off_loop(lambda: write_identity(path, answers))

    def _identity_path(self, token: Token) -> Path:
        return self._store.state_dir / FOLDER / token.fingerprint / "identity.json"

    def release(self, link: ClientLink) -> None:
        """A client has ended; the process may go on with another one."""
        for shard in link.shards.values():
            if shard.refill is not None:  # it ended before the gateway said HELLO
                shard.refill.close()
                shard.refill = None
        ended = {shard.recording.recorder for shard in link.shards.values() if shard.recording is not None}
        close_all(ended, CLOSE_S)
        self._shards = [shard for shard in self._shards if shard.recording and shard.recording.recorder not in ended]
        self._recorders = {key: kept for key, kept in self._recorders.items() if kept not in ended}

    def take_up(self, link: ClientLink, shard: ShardLink) -> Session | None:
        """Begin to record a shard; returns the session that the process before has left, where there is one.

        The cache is refilled when the gateway has said HELLO, just before the RESUME.
        """
        if not self._resumes or link.token is None or shard.recording is not None:
            return None
        key = _key_of(link, shard)
        if key in self._recorders:
            _log.warning("a second client with the same token and shard: its session is not recorded")
            return None
        if not self._tidied:  # before any other client of this process has a record open
            self._tidied = True
            self._store.discard_others(link.token.fingerprint, now=datetime.now(UTC))
        found = self._store.find(key, now=datetime.now(UTC), window_s=self._settings().window_s)
        self._tell_problems()
        shard.recording = self._record(link, shard, key)
        if isinstance(found, Nothing):
            self._lose(shard, found.session_ended_at, found.reason)
            return None
        return self._go_on(link, shard, shard.recording, found)

    def _record(self, link: ClientLink, shard: ShardLink, key: SessionKey) -> ShardRecording:
        recorder = self._recorders[key] = Recorder(self._store.files(key), self._writer)
        recording = ShardRecording(
            recorder,
            link.client._connection,
            at_least_once=self._settings().delivery == "at-least-once",
            leaves_out=self._leaves_out,
            on_set_aside=lambda sequence, text: self._keep_aside(shard, sequence, text),
        )
        self._shards.append(shard)
        return recording

    def _go_on(self, link: ClientLink, shard: ShardLink, recording: ShardRecording, found: Found) -> Session:
        recording.go_on_from(found)
        self.resumed = True
        shard.refill = PendingRefill(
            link.client._connection, found, link.becoming_ready, lambda exc: self._damaged(shard, exc)
        )
        log_event(
            _log,
            Event.RESUMING,
            "shard %s: going on with the session of the process before, behind event %d",
            shard.shard_id,
            found.resume_sequence,
        )
        return Session(
            session_id=found.session.session_id,
            sequence=found.resume_sequence,
            gateway=yarl.URL(found.session.resume_url),
        )

    def _damaged(self, shard: ShardLink, exc: Exception) -> None:
        """A part of the cache cannot be had from the record: only a new session brings all of it."""
        if not shard.forget_session:
            log_event(
                _log,
                Event.NOT_RECORDED,
                "shard %s: the cache cannot be refilled (%s: %s); beginning a new session",
                shard.shard_id,
                type(exc).__name__,
                exc,
            )
            shard.forget_session = True
            asyncio.ensure_future(shard.drop(forget_session=True))  # noqa: RUF006 - the shard's link knows of it

    def began(self, link: ClientLink, shard: ShardLink, ready: dict[str, Any]) -> None:
        """A READY is being parsed: what is recorded from now on belongs to this session."""
        self._close_gap(shard)
        self.remember_answers(link)
        renew_all(link.becoming_ready)
        recording = shard.recording
        if recording is None or link.token is None or "session_id" not in ready:
            return
        _drop_ghosts(link.client._connection, recording, ready)
        recording.session_id = ready["session_id"]
        recording.touch()
        session = RecordedSession(
            session_id=ready["session_id"],
            resume_url=ready["resume_gateway_url"],
            application_id=int(ready.get("application", {}).get("id") or 0),
            key=_key_of(link, shard),
            policy=_policy_of(link.client._connection).to_dict(),
            generation=0,
            started_at=datetime.now(UTC),
        )
        recording.recorder.begin(session, session_frame(recording))

    def _lose(self, shard: ShardLink, ended_at: datetime | None, reason: str) -> None:
        """There is no session to go on with: note from when on events may be missing."""
        # Not where this very process has begun to record another shard meanwhile.
        if ended_at is not None and ended_at < self._started_at:
            shard.lost_since_at = ended_at.timestamp()
            shard.lost_because = reason

    def _close_gap(self, shard: ShardLink) -> None:
        since_at, shard.lost_since_at = shard.lost_since_at, None
        if since_at is None:
            return
        gap = Gap(shard.shard_id, since_at, time.time(), shard.lost_because)
        self._last_gap = gap
        begin_off_loop(lambda: self._gaps.add(gap))
        log_event(
            _log,
            Event.EVENTS_LOST,
            "shard %s: a new session (%s); events between %s and %s may be lost",
            shard.shard_id,
            gap.reason,
            _clock(gap.from_at),
            _clock(gap.to_at),
            lost_from=gap.from_at,
            lost_to=gap.to_at,
        )

    def _keep_aside(self, shard: ShardLink, sequence: int, text: str) -> None:
        event = str(discord_utils._from_json(text).get("t"))
        session_id = shard.recording.session_id if shard.recording is not None else ""
        path = self._set_aside.keep(session_id, sequence, shard=shard.shard_id, event=event, frame=text)
        self._events_set_aside += 1
        log_event(
            _log,
            Event.EVENT_SET_ASIDE,
            "shard %s: event %d (%s) was being handled when the process died, twice; it is not handled again. "
            "It is kept in %s: look at what the bot does with it",
            shard.shard_id,
            sequence,
            event,
            path,
            event_type=event,
            sequence=sequence,
        )

    def _leaves_out(self, data: Any) -> bool:
        """Whether an interaction is not to be handled any more: its user was told by Discord that nobody answers."""
        age_s = interaction_age_s(data, time.time())
        if age_s <= STALE_AFTER_S or self._settings().stale_interactions != "drop":
            return False
        self._interactions_dropped += 1
        log_event(
            _log,
            Event.INTERACTION_DROPPED,
            "an interaction (%s) is %.0f s old and cannot be answered any more; not handled",
            data.get("data", {}).get("name") or data.get("data", {}).get("custom_id") or data.get("type"),
            age_s,
        )
        return True

    def stop(self) -> None:
        """The process was asked to end: events that come now are left to the next one. Called by a signal's handler."""
        keeps = self._settings().at_stop == "keep"
        for shard in self._shards:
            shard.ends_session = not keeps
            if shard.recording is not None:
                shard.recording.closed = keeps

    def flush(self, timeout_s: float) -> None:
        """Write down what waits, and no more than that; waits at most timeout_s."""
        self._writer.flush(timeout_s)

    def close(self, timeout_s: float) -> None:
        """A clean end: write everything down; waits at most timeout_s."""
        close_all(self._recorders.values(), timeout_s)

    def _tell_problems(self) -> None:
        while self._store.problems:
            _log.warning("%s", self._store.problems.pop(0))


def _key_of(link: ClientLink, shard: ShardLink) -> SessionKey:
    state = link.client._connection
    assert link.token is not None  # both callers have looked
    return SessionKey(
        token=link.token.fingerprint,
        intents=state._intents.value,
        member_cache=state.member_cache_flags.value,
        shard_id=shard.shard_id,
        shard_count=state.shard_count or 0,
        gateway_version=INTERNAL_API_VERSION,
        encoding=ENCODING,
        compression=discord_utils._ActiveDecompressionContext.COMPRESSION_TYPE,
    )


def _policy_of(state: "ConnectionState[Any]") -> Policy:
    flags = state.member_cache_flags
    return Policy(
        self_id=state.self_id or 0,
        shared_users=state._intents.members and not flags._empty,
        joined=flags.joined,
        voice=flags.voice,
        expressions=state.cache_guild_expressions,
    )


def _drop_ghosts(state: "ConnectionState[Any]", recording: ShardRecording, ready: dict[str, Any]) -> None:
    """Take out guilds of a session that was given up: an AutoShardedClient does not clear its cache at READY."""
    named = {int(guild["id"]) for guild in ready["guilds"]}
    ghosts, recording.refilled_guilds = set(recording.refilled_guilds) - named, ()
    for guild_id in ghosts:
        guild = state._get_guild(guild_id)
        if guild is not None:
            state._remove_guild(guild)


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
