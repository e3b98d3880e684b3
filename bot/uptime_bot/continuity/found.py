"""What the record of a shard says at a start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from uptime_bot.continuity.files import RecordFiles
from uptime_bot.continuity.journal import Entry, Head, load
from uptime_bot.continuity.position import Mark, PositionState
from uptime_bot.continuity.session import Session


class Nothing(NamedTuple):
    """There is nothing to resume; reason says why, in words that complete "IDENTIFY, because ..."."""

    reason: str
    session_ended_at: datetime | None
    """Where a session ended before: from here on, events may have been lost."""


@dataclass(slots=True, kw_only=True)
class Index:
    """The journal's frames up to the resume sequence, in their order; of LAST_MESSAGE the last of each channel."""

    ready: Entry
    guilds: Mapping[int, tuple[Entry, ...]]
    """GUILD, EVENT and LAST_MESSAGE frames of each guild."""

    account: tuple[Entry, ...]
    """EVENT and LAST_MESSAGE frames that belong to no guild (USER_UPDATE, direct messages)."""

    users: tuple[Entry, ...]
    """USER frames."""

    cleared: bool = False

    def clear(self) -> None:
        """Let go of the entries: a session outlives its refill by days."""
        self.guilds, self.account, self.users, self.cleared = {}, (), (), True


class Found(NamedTuple):
    """A session that can be resumed. It keeps the journal open for `load`, until close()."""

    session: Session
    resume_sequence: int
    """The `seq` of the RESUME: the cache is refilled from frames up to here, Discord replays what comes after."""

    delivered: int
    """The handlers of events up to here were started: replays of these are muted, unless still in flight."""

    entries: Index
    alive_at: datetime
    clean: bool
    from_copy: bool
    """The position is the state directory's copy: after an end that was not clean, it may be some seconds old."""

    in_flight: frozenset[int]
    """At-least-once: handlers of these were still running, or never ran again since; they are delivered again."""

    in_flight_from: int
    """At-least-once: from here on it is not known which were running, so all were; 0: known for all."""

    suspect: int | None
    """The event that was being parsed or begun by handlers at the last death."""

    poison: frozenset[int]
    """Events that were in the middle of things at two deaths in a row: to be set aside."""

    position: PositionState
    files: RecordFiles
    head: Head
    end: int
    """The byte behind the last frame up to the resume sequence."""

    frames: int
    """How many frames there are up to that byte."""

    settled_frames: int
    """How many of these there were when the journal was last compact."""

    descriptor: int

    def load(self, entry: Entry) -> bytes:
        """A frame's payload; may be called until close(), also after the journal was compacted. Raises OSError."""
        return load(self.descriptor, entry)

    def muted(self, sequence: int) -> bool:
        """Whether a replayed event was delivered before and nobody is owed it: for the cache only."""
        if sequence > self.delivered or sequence in self.in_flight:
            return False
        return not 0 < self.in_flight_from <= sequence

    @property
    def journal(self) -> Mark:
        """The part of the journal that stays when the session goes on."""
        return Mark(edition=self.head.edition, length=self.end)

    def close(self) -> None:
        """Let go of the journal and of the index; the rest stays as it is. Again is nothing."""
        if not self.entries.cleared:
            self.entries.clear()
            os.close(self.descriptor)
