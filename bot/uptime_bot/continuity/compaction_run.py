"""When a shard's journal is compacted, and how the compacted one takes its place. In the writer thread."""

import logging
from pathlib import Path
from time import monotonic

from uptime_bot.continuity.compacting import CompactionProcess, StartCompacting
from uptime_bot.continuity.files import RecordFiles
from uptime_bot.continuity.journal_file import Boundary, JournalFile
from uptime_bot.continuity.limits import Limits
from uptime_bot.continuity.outbox import Outbox, Run
from uptime_bot.continuity.position import SETTLED_LENGTH

_log = logging.getLogger(__name__)


class CompactionRun:
    """The compactions of one session's journal."""

    def __init__(self, files: RecordFiles, outbox: Outbox, limits: Limits, compact: StartCompacting) -> None:
        self.settled = False
        self._files = files
        self._outbox = outbox
        self._limits = limits
        self._compact = compact
        self._began_at_mono = monotonic()
        self._process: CompactionProcess | None = None
        self._until = Boundary(0, 0, 0)  # where in the journal the part ends that is being compacted
        self._compact_frames = 0  # how many there were when it was last compact
        self._not_below = self._frames_not_below = 0  # after a failure: the length, or frames, at which to try again

    @property
    def running(self) -> bool:
        """Whether a process is at work."""
        return self._process is not None

    def step(self, run: Run, file: JournalFile) -> JournalFile:
        """Begin a compaction where one is due, or finish it; the journal to go on with."""
        if not self.settled:
            self._settle(run, file)
        if self._process is None:
            self._begin_if_due(file)
            return file
        outcome = self._process.outcome()
        if outcome is None:
            return file
        self._process = None
        try:
            if isinstance(outcome, Path):
                return self._swapped(run, file, outcome)
        except OSError as error:
            outcome = error.strerror or str(error)
        _log.warning("%s could not be compacted: %s; going on with it as it is", self._files.journal, outcome)
        self._put_off(file)
        return file

    def go_on_from(self, settled_frames: int) -> None:
        """The journal was another process's, and compact at so many frames."""
        self.settled, self._compact_frames = True, settled_frames

    def hopeless(self, file: JournalFile) -> str | None:
        """Why the journal cannot be let grow further, if so."""
        base = self._outbox.position.value(SETTLED_LENGTH)
        if file.length <= base * self._limits.hopeless_growth + self._limits.hopeless_journal:
            return None
        return f"{self._files.journal} has {file.length // 1024**2} MB and could not be compacted"

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def _settle(self, run: Run, file: JournalFile) -> None:
        self._outbox.settled(run, file.length)
        self._compact_frames = file.frames
        self.settled = monotonic() - self._began_at_mono >= self._limits.settling_s

    def _begin_if_due(self, file: JournalFile) -> None:
        long, many = self._is_long(file), self._are_many(file)
        if not long and not many:
            return
        until, growth = file.boundary(self._outbox.resume_bound()), self._limits.growth
        enough = (long and until.length * growth >= file.length) or (many and until.frames * growth >= file.frames)
        if not enough:
            return  # handlers run for long, or events wait: too little could be folded now
        self._until = until
        try:
            self._process = self._compact(self._files.journal, until.length, self._limits.compacting_s)
        except OSError as error:
            _log.warning("cannot begin to compact %s: %s, ignoring", self._files.journal, error.strerror or error)
            self._put_off(file)

    def _is_long(self, file: JournalFile) -> bool:
        base = self._outbox.position.value(SETTLED_LENGTH)
        return file.length > max(self._limits.small_journal, base * self._limits.growth, self._not_below)

    def _are_many(self, file: JournalFile) -> bool:
        worth = self._outbox.position.value(SETTLED_LENGTH) // self._limits.bytes_for_a_frame
        base = self._compact_frames * self._limits.growth
        return file.frames > max(self._limits.small_frames, base, self._compact_frames + worth, self._frames_not_below)

    def _put_off(self, file: JournalFile) -> None:
        self._not_below = file.length * self._limits.growth
        self._frames_not_below = file.frames * self._limits.growth

    def _swapped(self, run: Run, file: JournalFile, compacted: Path) -> JournalFile:
        try:
            folded_length = compacted.stat().st_size
            moved = file.moved_behind(compacted, self._until)
            if not self._outbox.announce(run, moved.mark):
                compacted.unlink(missing_ok=True)
                moved.close()
                return file
            moved.take_place_of(self._files.journal)
        except OSError:
            compacted.unlink(missing_ok=True)
            raise
        self._outbox.replaced(run, moved.mark)
        self._outbox.settled(run, folded_length)
        self._compact_frames = moved.frames - (file.frames - self._until.frames)
        file.close()
        return moved
