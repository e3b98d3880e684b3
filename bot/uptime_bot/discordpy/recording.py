"""Follows a shard's events, one after another, and has what a later process needs of each recorded.

Runs for every event of the gateway, so that each line counts: discord.py itself takes some 80 us for a message.
"""

import asyncio
from collections.abc import Callable
from contextvars import Token
from datetime import UTC, datetime
from typing import Any

from discord.state import ConnectionState

from uptime_bot.continuity.found import Found
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.position import LARGEST
from uptime_bot.continuity.recorder import Recorder
from uptime_bot.discordpy.delivery import Unfinished
from uptime_bot.replay import replaying


class Parsing:
    """Which shard's event a client is parsing; a parser is not told."""

    recording: "ShardRecording | None" = None


class ShardRecording:
    """The events of one shard, over all its websockets."""

    def __init__(
        self,
        recorder: Recorder,
        state: "ConnectionState[Any]",
        parsing: Parsing,
        *,
        at_least_once: bool,
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

        self.session_id = ""
        self.alive_at: float | None = None
        """When the session last had a connection, Unix seconds; None while there is none."""

        self._parsing = parsing
        self._loop = asyncio.get_running_loop()
        self._unfinished = Unfinished(recorder, self._loop) if at_least_once else None
        self._on_set_aside = on_set_aside
        self._mark: Token[bool] | None = None
        self._dispatch: Any = None
        self._before: Found | None = None
        self._replaying = False
        self._quiet_until = 0
        self._careful_until = 0
        # What runs for every event, looked up once.
        self._call_soon = self._loop.call_soon
        self._received, self._parsed, self._delivered = recorder.received, recorder.parsed, recorder.delivered

    def go_on_from(self, found: Found) -> None:
        """Take over from the process before: what it delivered is not delivered again, nor what killed it twice."""
        self.recorder.resume(found)
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
        return alive_at

    @property
    def replaying(self) -> bool:
        """Between a RESUME and its RESUMED."""
        return self._replaying

    @replaying.setter
    def replaying(self, replaying: bool) -> None:
        self._replaying = replaying
        self._careful_until = LARGEST if replaying else self._quiet_until

    def touch(self) -> None:
        """The session has a connection now; Discord counts from its loss on."""
        now = datetime.now(UTC)
        self.alive_at = now.timestamp()
        self.recorder.touch(now)

    def received(self, sequence: int) -> None:
        """An event is about to be parsed."""
        if sequence == self.sequence:
            return  # discord.py says it twice for READY
        self.sequence = sequence
        self._parsing.recording = self
        self._received(sequence)
        if sequence <= self._careful_until:
            self._receive_with_care(sequence)
        if self._unfinished is not None:
            self._unfinished.begin(sequence)

    def parsed(self) -> None:
        """The event was parsed, and its handlers are about to begin."""
        sequence, self.sequence = self.sequence, 0
        self._parsing.recording = None
        self._parsed(sequence)
        # Behind the first step of each handler, which stands in the loop's queue by now.
        self._call_soon(self._delivered, sequence)
        if self._unfinished is not None:
            self._unfinished.parsed(sequence)
        if sequence <= self._careful_until:
            self._end_care(sequence)

    def record(self, guild_id: int, entity_id: int) -> None:
        """Have the event that is being parsed recorded: it changes the cache."""
        self.recorder.state(Frame(Kind.EVENT, self.sequence, guild_id, entity_id, self.text.encode()))

    def _receive_with_care(self, sequence: int) -> None:
        if self._replaying:
            self._mark = replaying.set(True)
        before = self._before
        if before is not None and (before.muted(sequence) or sequence in before.poison):
            self.quiet = True
            self._dispatch, self.state.dispatch = self.state.dispatch, _nothing

    def _end_care(self, sequence: int) -> None:
        if self._mark is not None:
            replaying.reset(self._mark)
            self._mark = None
        if not self.quiet:
            return
        self.quiet = False
        self.state.dispatch = self._dispatch
        if self._before is not None and sequence in self._before.poison:
            self._on_set_aside(sequence, self.text)


def _nothing(event: str, *args: Any, **kwargs: Any) -> None:
    """Dispatch nothing."""
