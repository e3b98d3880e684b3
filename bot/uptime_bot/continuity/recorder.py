"""Records one shard's session while the bot runs."""

import logging
import os
from collections.abc import Callable, Collection
from datetime import datetime
from time import monotonic

from uptime_bot.continuity.files import RecordFiles
from uptime_bot.continuity.found import Found
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.outbox import Beginning, Continuation, Outbox, Run
from uptime_bot.continuity.position import ALIVE_AT_MS, CLEAN, SIZE, Position, open_position
from uptime_bot.continuity.session import Session, session_payload
from uptime_bot.continuity.writer import Writer
from uptime_bot.contract.messages import Event, log_event

_log = logging.getLogger(__name__)

_GENERATION_BYTES = 5  # 40 bits: a position's word holds 44


class Recorder:
    """One shard's; called only by the event loop's thread, and never blocks it but in flush() and close().

    No method raises for the disk's sake: what cannot be recorded is logged once, the session is then not resumable, and
    the bot goes on. Sequences that are no numbers from 0 to position.LARGEST raise ValueError or TypeError.

    `received(seq)`, `parsed(seq)` and `delivered(seq)` are attributes, one store each: before an event is parsed, after
    that, and once its handlers have started. `delivered` never goes back. `parsed` must come after the event's `state`,
    and every event needs all three, replays and muted ones as well. `state(frame)` is for an event that changes the
    cache, in the order of sequences, while it is parsed; `last_message(seq, guild, channel, message)` for a message.
    """

    def __init__(self, files: RecordFiles, writer: Writer) -> None:
        """Touches the position only where it is no position yet, so a Found stays valid until resume() or begin()."""
        self._files = files
        self.writer = writer
        kept = _opened(files)
        self._position = kept or Position(bytearray(SIZE))
        self._kept = kept is not None
        self._outbox = Outbox(
            self._position,
            wake=writer.wake,
            hurry=writer.hurry,
            on_full=self._give_up,
            most_waiting=writer.limits.most_waiting,
        )
        writer.add(files, self._outbox)
        self.state: Callable[[Frame], None] = self._outbox.put
        self.last_message: Callable[[int, int, int, int], None] = self._outbox.put_last
        self.received = self._position.received
        self.parsed = self._position.parsed
        self.delivered = self._position.delivered
        self.started = self._position.started  # at-least-once: an event's handlers run; before its delivered()
        self.finished = self._position.finished  # at-least-once: they have ended, or nobody will run them

    @property
    def recording(self) -> bool:
        """Whether what happens is being recorded; not whether all of it has been written yet."""
        return self._outbox.run is not None

    def begin(self, session: Session, ready: Frame) -> Session:
        """A new session, at its READY: what was recorded before is invalid at once. Returns it with its generation."""
        session = session._replace(generation=int.from_bytes(os.urandom(_GENERATION_BYTES), "big") + 1)
        run = Run(Beginning(generation=session.generation), unwritten=ready.sequence)
        run.waiting = [Frame(Kind.SESSION, 0, 0, 0, session_payload(session)), ready]
        self._outbox.replace(run if self._kept else None, sequence=ready.sequence)
        return session

    def resume(self, found: Found) -> None:
        """Go on with the session that was found, once: Discord is to replay from found.resume_sequence + 1."""
        sequence = found.resume_sequence
        self._position.take_over(found.position, sequence=sequence, journal=found.journal, suspect=found.suspect)
        behind = sequence < found.delivered
        run = Run(
            Continuation(found=found),
            unwritten=sequence + 1 if behind else 0,
            catch_up_to=found.delivered if behind else 0,
        )
        self._outbox.replace(run if self._kept else None)

    def touch(self, at: datetime) -> None:
        """The session was alive then; for every heartbeat ACK and the like, not for every event."""
        self._position.store(ALIVE_AT_MS, int(at.timestamp() * 1000))

    def forget(self) -> None:
        """The session is over (op 9, closed with 1000): not to be resumed any more."""
        self._outbox.replace(None)

    def flush(self, timeout_s: float) -> bool:
        """Wait until what was handed over is written, and the position is copied; False if that took longer."""
        return self.writer.flush(timeout_s)

    def close(self, timeout_s: float) -> bool:
        """A clean end: flush, say so in the record, and leave the files alone: another Recorder may take them up.

        Events that are handed over later are not recorded, and a resume begins before them.
        """
        return close_all((self,), timeout_s)

    def say_clean(self) -> None:
        """The process ends in peace."""
        self._position.store(CLEAN, 1)

    def rest(self) -> None:
        """Leave the files alone from now on."""
        self._outbox.rest()

    def _give_up(self) -> None:
        self.writer.give_up(self._outbox, "the disk is too slow for what is to be recorded")


def close_all(recorders: Collection[Recorder], timeout_s: float) -> bool:
    """Close them together, all within timeout_s; False if that was not enough."""
    deadline_mono = monotonic() + timeout_s
    for recorder in recorders:
        recorder.say_clean()
    flushed = _flush(recorders, deadline_mono)
    for recorder in recorders:
        recorder.rest()
    return _flush(recorders, deadline_mono) and flushed


def _flush(recorders: Collection[Recorder], deadline_mono: float) -> bool:
    flushed = True
    for writer in {recorder.writer for recorder in recorders}:
        flushed &= writer.flush(max(deadline_mono - monotonic(), 0.0))
    return flushed


def _opened(files: RecordFiles) -> Position | None:
    try:
        return open_position(files.position)
    except OSError as error:
        words = "cannot keep %s (%s); the next start needs an IDENTIFY, going on without"
        log_event(_log, Event.NOT_RECORDED, words, files.position, error.strerror or error)
        return None
