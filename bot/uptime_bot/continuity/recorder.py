"""Records one shard's session while the bot runs."""

import logging
import os
from dataclasses import replace
from datetime import datetime

from uptime_bot.continuity.files import RecordFiles
from uptime_bot.continuity.found import Found
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.outbox import Beginning, Continuation, Outbox, Run
from uptime_bot.continuity.position import ALIVE_AT_MS, CLEAN, SIZE, Position, open_position
from uptime_bot.continuity.session import Session, session_payload
from uptime_bot.continuity.writer import Writer
from uptime_bot.contract.messages import Event, log_event

_frame = tuple.__new__  # a NamedTuple without its constructor's cost: once for each message
_LAST_MESSAGE = Kind.LAST_MESSAGE
_log = logging.getLogger(__name__)

_GENERATION_BYTES = 5  # 40 bits: a position's word holds 44
_new = tuple.__new__  # a third of what Frame() costs, and messages are what a bot gets most


class Recorder:
    """One shard's; called only by the event loop's thread, and never blocks it but in flush() and close().

    No method raises for the disk's sake: what cannot be recorded is logged once, the session is then not resumable, and
    the bot goes on. Sequences that are no numbers from 0 to position.LARGEST raise ValueError or TypeError.

    `received(seq)`, `parsed(seq)` and `delivered(seq)` are attributes, one store each: before an event is parsed, after
    that, and once its handlers have started. `delivered` never goes back. `parsed` must come after the event's `state`,
    and every event needs all three, replays and muted ones as well.
    """

    def __init__(self, files: RecordFiles, writer: Writer) -> None:
        """Touches the position only where it is no position yet, so a Found stays valid until resume() or begin()."""
        self._files = files
        self._writer = writer
        kept = _opened(files)
        self._position = kept or Position(bytearray(SIZE))
        self._kept = kept is not None
        self._outbox = Outbox(self._position, writer.wake, most_waiting=writer.limits.most_waiting)
        writer.add(files, self._outbox)
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
        session = replace(session, generation=int.from_bytes(os.urandom(_GENERATION_BYTES), "big") + 1)
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

    def state(self, frame: Frame) -> None:
        """An event that changes the cache, in the order of sequences, while it is being parsed."""
        if not self._outbox.put(frame):
            self._writer.give_up(self._outbox, "the disk is too slow for what is to be recorded")

    def last_message(self, sequence: int, guild_id: int, channel_id: int, message_id: int) -> None:
        """A message was sent in a channel; like state()."""
        payload = message_id.to_bytes(8, "big")
        self.state(_new(Frame, (Kind.LAST_MESSAGE, sequence, guild_id, channel_id, payload)))

    def touch(self, at: datetime) -> None:
        """The session was alive then; for every heartbeat ACK and the like, not for every event."""
        self._position.store(ALIVE_AT_MS, int(at.timestamp() * 1000))

    def forget(self) -> None:
        """The session is over (op 9, closed with 1000): not to be resumed any more."""
        self._outbox.replace(None)

    def flush(self, timeout_s: float) -> bool:
        """Wait until what was handed over is written, and the position is copied; False if that took longer."""
        return self._writer.flush(timeout_s)

    def close(self, timeout_s: float) -> bool:
        """A clean end: flush, say so in the record, and leave the files alone: another Recorder may take them up.

        Events that are handed over later are not recorded, and a resume begins before them; at most timeout_s twice.
        """
        self._position.store(CLEAN, 1)
        flushed = self._writer.flush(timeout_s)
        self._outbox.rest()
        return self._writer.flush(timeout_s) and flushed


def _opened(files: RecordFiles) -> Position | None:
    try:
        return open_position(files.position)
    except OSError as error:
        words = "cannot keep %s (%s); the next start needs an IDENTIFY, going on without"
        log_event(_log, Event.NOT_RECORDED, words, files.position, error.strerror or error)
        return None
