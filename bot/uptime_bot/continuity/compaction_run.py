"""When a shard's journal is compacted, and how the compacted one takes its place. In the writer thread."""

import logging
from pathlib import Path
from time import monotonic

from uptime_bot.continuity.compacting import CompactionProcess, StartCompacting
from uptime_bot.continuity.files import RecordFiles
from uptime_bot.continuity.journal_file import JournalFile
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
        self._until = 0  # where in the journal the part ends that is being compacted
        self._not_below = 0  # after a failure: the length at which to try again

    @property
    def running(self) -> bool:
        """Whether a process is at work."""
        return self._process is not None

    def step(self, run: Run, file: JournalFile) -> JournalFile:
        """Begin a compaction where one is due, or finish it; the journal to go on with."""
        if not self.settled:
            self._settle(run, file.length)
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
        self._not_below = file.length * self._limits.growth
        return file

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

    def _settle(self, run: Run, length: int) -> None:
        self._outbox.settled(run, length)
        self.settled = monotonic() - self._began_at_mono >= self._limits.settling_s

    def _begin_if_due(self, file: JournalFile) -> None:
        base = self._outbox.position.value(SETTLED_LENGTH)
        if file.length <= max(self._limits.small_journal, base * self._limits.growth, self._not_below):
            return
        self._until = file.boundary(self._outbox.resume_bound())
        if self._until * self._limits.growth < file.length:
            return  # handlers run for long, or events wait: too little could be folded now
        try:
            self._process = self._compact(self._files.journal, self._until, self._limits.compacting_s)
        except OSError as error:
            _log.warning("cannot begin to compact %s: %s, ignoring", self._files.journal, error.strerror or error)
            self._not_below = file.length * self._limits.growth

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
        file.close()
        return moved
