"""A record of invented events in a folder, made as the bot makes it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.invented_events import a_key, a_session, event
from uptime_bot.continuity.compacting import StartCompacting
from uptime_bot.continuity.files import RecordFiles
from uptime_bot.continuity.found import Found, Nothing
from uptime_bot.continuity.frames import Kind
from uptime_bot.continuity.limits import Limits
from uptime_bot.continuity.recorder import Recorder
from uptime_bot.continuity.session import SessionKey
from uptime_bot.continuity.store import RecordStore
from uptime_bot.continuity.writer import Writer

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WINDOW_S = 90.0
QUICK = Limits(batch_s=0.001, retry_after_s=0.01)


def store_in(folder: Path) -> RecordStore:
    """A store with its two folders below this one."""
    return RecordStore(folder / "state", folder / "run")


def find(folder: Path, key: SessionKey | None = None, *, now: datetime = AT) -> Found | Nothing:
    """What a start would find."""
    return store_in(folder).find(key or a_key(), now=now, window_s=WINDOW_S)


def found_in(folder: Path, key: SessionKey | None = None) -> Found:
    """The session that a start finds; fails where there is none."""
    found = find(folder, key)
    assert isinstance(found, Found), found
    return found


@dataclass
class Recording:
    """A bot that handles invented events and records them."""

    recorder: Recorder
    writer: Writer
    files: RecordFiles
    session_id: str
    sequence: int

    def handle(self, until: int, *, delivered: bool = True) -> None:
        """Handle events up to a sequence."""
        for sequence in range(self.sequence + 1, until + 1):
            self.recorder.received(sequence)
            frame = event(self.session_id, sequence)
            if frame is not None and frame.kind is Kind.EVENT:
                self.recorder.state(frame)
            elif frame is not None:
                message_id = int.from_bytes(frame.payload, "big")
                self.recorder.last_message(sequence, frame.guild_id, frame.entity_id, message_id)
            self.recorder.parsed(sequence)
            if delivered:
                self.recorder.delivered(sequence)
        self.sequence = max(self.sequence, until)

    def flush(self) -> None:
        """Wait until it is written."""
        assert self.recorder.flush(10.0)

    def end(self) -> None:
        """End the writer, as a process that goes away: without the mark of a clean end."""
        assert self.writer.close(10.0)


def begun(
    folder: Path,
    key: SessionKey | None = None,
    *,
    session_id: str = "s1",
    limits: Limits = QUICK,
    compact: StartCompacting | None = None,
) -> Recording:
    """A new session at its READY, delivered."""
    key = key or a_key()
    recording = _recording(folder, key, session_id, limits, compact)
    ready = event(session_id, 1)
    assert ready is not None
    recording.recorder.received(1)
    recording.recorder.begin(a_session(session_id, key), ready)
    recording.recorder.parsed(1)
    recording.recorder.delivered(1)
    recording.recorder.touch(AT)
    recording.sequence = 1
    return recording


def resumed(folder: Path, found: Found, *, limits: Limits = QUICK, compact: StartCompacting | None = None) -> Recording:
    """The session that was found, gone on with; the replay has yet to come."""
    recording = _recording(folder, found.session.key, found.session.session_id, limits, compact)
    recording.recorder.resume(found)
    recording.sequence = found.resume_sequence
    return recording


def recorded(folder: Path, until: int, key: SessionKey | None = None, *, session_id: str = "s1") -> None:
    """A session up to a sequence, whose process then went away."""
    recording = begun(folder, key, session_id=session_id)
    recording.handle(until)
    recording.end()


def _recording(
    folder: Path, key: SessionKey, session_id: str, limits: Limits, compact: StartCompacting | None
) -> Recording:
    writer = Writer(limits) if compact is None else Writer(limits, compact)
    files = store_in(folder).files(key)
    return Recording(Recorder(files, writer), writer, files, session_id, 0)
