"""Follows a shard's events, one after another, and has what a later process needs of each recorded.

Runs for every event of the gateway, so that each line counts: discord.py itself takes some 80 us for a message.
"""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Token, copy_context
from datetime import UTC, datetime
from typing import Any

from discord import utils as discord_utils
from discord.state import ConnectionState

from uptime_bot.continuity.found import Found
from uptime_bot.continuity.frames import Frame, GuildMark, Kind
from uptime_bot.continuity.position import LARGEST
from uptime_bot.continuity.recorder import Recorder
from uptime_bot.contract.messages import Event, log_event
from uptime_bot.discordpy.delivery import Unfinished
from uptime_bot.discordpy.lazy_cache import LazyGuilds
from uptime_bot.discordpy.muting import NOTHING, make_mutable, mute, muted
from uptime_bot.discordpy.readiness import Readiness
from uptime_bot.replay import replaying

_log = logging.getLogger(__name__)

_frame = tuple.__new__  # a NamedTuple without its constructor's cost: once for each event that changes the cache
_EVENT = Kind.EVENT


class ShardRecording:
    """The events of one shard, over all its websockets."""

    def __init__(
        self,
        recorder: Recorder,
        state: "ConnectionState[Any]",
        *,
        at_least_once: bool,
        leaves_out: Callable[[Any], bool],
        on_set_aside: Callable[[int, str], None],
    ) -> None:
        self.recorder = recorder
        self.state = state
        self.text = ""
        """The frame that is being handled."""

        self.sequence = 0
        """Its sequence; 0 while it is not known."""

        self.quiet = False
        """Whether its handlers are not to be called: they were, by the process before, or they killed it."""

        self.closed = False
        """Whether the process ends: what comes now is left to the next one, whole."""

        self.readiness: Readiness | None = None
        """What fires on_ready, until it has been told of RESUMED."""

        self.refilled_guilds: tuple[int, ...] = ()
        """Those of a session that was given up after its cache had been refilled: a new READY may not name them."""

        self.session_id = ""
        self.alive_at: float | None = None
        """When the session last had a connection, Unix seconds; None while there is none."""

        self.leaves_out = leaves_out
        """Whether an interaction that is replayed came too late."""

        self._loop = asyncio.get_running_loop()
        self._unfinished = Unfinished(recorder, self._loop) if at_least_once else None
        self._on_set_aside = on_set_aside
        self._mark: Token[bool] | None = None
        self._audible: frozenset[str] | None = None
        self._before: Found | None = None
        self._replaying = False
        self._quiet_until = 0
        self._careful_until = 0
        # What runs for every event, looked up once.
        self._call_soon, self._context = self._loop.call_soon, copy_context()
        self._state, self._last_message = recorder.state, recorder.last_message
        self._received, self._parsed, self._delivered = recorder.received, recorder.parsed, recorder.delivered

    def go_on_from(self, found: Found) -> None:
        """Take over from the process before: what it delivered is not delivered again, nor what killed it twice."""
        self.recorder.resume(found)
        make_mutable(self.state)
        self._before = found
        self._quiet_until = self._careful_until = max(found.delivered, *found.poison, 0)
        self.session_id = found.session.session_id
        self.alive_at = found.alive_at.timestamp()

    def begin_anew(self) -> float | None:
        """The session is given up: its sequences mean nothing any more. Returns when it was last alive, if it was."""
        alive_at, self.alive_at = self.alive_at, None
        self._before = None
        self._quiet_until = 0
        self.replaying = False
        self.recorder.forget()
        if self._unfinished is not None:
            self._unfinished = self._unfinished.begin_anew()
        if self.readiness is not None:
            self.readiness.abandon()
            self.refilled_guilds, self.readiness = tuple(self.readiness.guild_ids), None
        return alive_at

    @property
    def replaying(self) -> bool:
        """Between a RESUME and its RESUMED."""
        return self._replaying

    @replaying.setter
    def replaying(self, replaying: bool) -> None:
        self._replaying = replaying
        self._careful_until = LARGEST if replaying else self._quiet_until

    def caught_up(self) -> None:
        """RESUMED has arrived: everything that was missed has been replayed."""
        self.replaying = False
        if self.readiness is not None:
            self.readiness.resumed()
            self.readiness = None

    def touch(self) -> None:
        """The session has a connection now; Discord counts from its loss on."""
        now = datetime.now(UTC)
        self.alive_at = now.timestamp()
        self.recorder.touch(now)

    def received(self, sequence: int, text: str) -> None:
        """An event is about to be parsed."""
        self.sequence, self.text = sequence, text
        self._received(sequence)
        if sequence <= self._careful_until:
            self._receive_with_care(sequence)
        if self._unfinished is not None:
            self._unfinished.begin(sequence)

    def parsed(self) -> None:
        """The event was parsed, and its handlers are about to begin."""
        sequence, self.sequence = self.sequence, 0
        self._parsed(sequence)
        # Behind the first step of each handler, which stands in the loop's queue by now.
        self._call_soon(self._delivered, sequence, context=self._context)
        if self._unfinished is not None:
            self._unfinished.parsed(sequence)
        if self.quiet or self._mark is not None:
            self._end_care(sequence)

    def record(self, guild_id: int, entity_id: int) -> None:
        """Have the event that is being parsed recorded: it changes the cache."""
        if entity_id > GuildMark.LEFT or not guild_id:
            self._hear_of_user(entity_id or self.state.self_id or 0)
        try:
            self._state(_frame(Frame, (_EVENT, self.sequence, guild_id, entity_id, self.text.encode())))
        except Exception as exc:  # noqa: BLE001 - the event itself goes on to the bot
            self.fail(exc)

    def record_message(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Have it recorded which message is a channel's last."""
        try:
            self._last_message(self.sequence, guild_id, channel_id, message_id)
        except Exception as exc:  # noqa: BLE001 - as above
            self.fail(exc)

    def _hear_of_user(self, user_id: int) -> None:
        guilds = self.state._guilds
        if isinstance(guilds, LazyGuilds):
            guilds.unfilled.users_heard_of.add(user_id)

    def joined_quietly(self, guild_id: int) -> None:
        """A guild came that the process before has announced; this one has not asked for its members yet."""
        if self.readiness is not None and guild_id not in self.readiness.guild_ids:
            self.readiness.guild_ids.append(guild_id)

    def hand_to_voice(self, text: str) -> None:
        """The process ends, and its events are left to the next; but a voice client that leaves waits for its own."""
        if not self.state._voice_clients:
            return
        make_mutable(self.state)
        message = discord_utils._from_json(text)
        if message.get("t") in ("VOICE_STATE_UPDATE", "VOICE_SERVER_UPDATE"):
            with muted():
                self.state.parsers[message["t"]](message["d"])

    def fail(self, exc: Exception) -> None:
        """What the gateway sent cannot be recorded: the session is not to be resumed, and the bot goes on."""
        if self.recorder.recording:
            log_event(_log, Event.NOT_RECORDED, "an event cannot be recorded (%s: %s)", type(exc).__name__, exc)
        self.recorder.forget()

    def _receive_with_care(self, sequence: int) -> None:
        if self._replaying:
            self._mark = replaying.set(True)
        before = self._before
        if before is not None and (before.muted(sequence) or sequence in before.poison):
            self.quiet = True
            self._audible, mute.audible = mute.audible, NOTHING

    def _end_care(self, sequence: int) -> None:
        if self._mark is not None:
            replaying.reset(self._mark)
            self._mark = None
        if not self.quiet:
            return
        self.quiet = False
        mute.audible = self._audible
        if self._before is not None and sequence in self._before.poison:
            self._on_set_aside(sequence, self.text)
