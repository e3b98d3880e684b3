"""Keeps one shard's journal, in the writer thread."""

import logging
import struct
from time import monotonic

from uptime_bot.continuity.compacting import StartCompacting
from uptime_bot.continuity.compaction_run import CompactionRun
from uptime_bot.continuity.files import RecordFiles
from uptime_bot.continuity.frames import Frame
from uptime_bot.continuity.journal_file import JournalFile
from uptime_bot.continuity.limits import Limits
from uptime_bot.continuity.outbox import Continuation, Outbox, Run
from uptime_bot.contract.atomic_file import write_atomically
from uptime_bot.contract.messages import Event, log_event

_log = logging.getLogger(__name__)


class ShardWriter:
    """Writes what one outbox holds; every method returns soon, unless the disk does not."""

    def __init__(self, files: RecordFiles, outbox: Outbox, limits: Limits, compact: StartCompacting) -> None:
        self.outbox = outbox
        self.files = files
        self._limits = limits
        self._compact = compact
        self._run: Run | None = None
        self._file: JournalFile | None = None
        self._taken: list[Frame] = []
        self._size = 0  # what the taken frames count for
        self._failing_since: float | None = None
        self._retry_at = 0.0
        self._compaction = CompactionRun(files, outbox, limits, compact)
        self._copied = b""

    @property
    def waiting(self) -> bool:
        """Whether something was handed over that is not written yet."""
        run = self.outbox.run
        return run is not self._run or bool(run and (run.waiting or run.last_messages or self._taken))

    @property
    def busy(self) -> bool:
        """Whether there is something to do without being woken."""
        run = self.outbox.run
        return self.waiting or self._compaction.running or bool(run and run.catch_up_to)

    def step(self) -> None:
        """Write what waits. Errors end the recording of the session, never the thread."""
        try:
            self._step()
        except OSError as error:
            self._failed(error)
        except (struct.error, ValueError, TypeError, OverflowError) as error:
            self.give_up(f"an event cannot be recorded: {error}")

    def copy_position(self) -> None:
        """Copy the position to the state directory if it has changed."""
        page = self.outbox.position.page()
        if self._run is None or page == self._copied:
            return
        try:
            write_atomically(self.files.copy, page, durable=False)
        except OSError as error:
            if self._copied:
                _log.warning("cannot write %s: %s, ignoring", self.files.copy, error.strerror or error)
            self._copied = b""
        else:
            self._copied = page

    def give_up(self, reason: str) -> None:
        """Record this session no longer, and say why."""
        run = self.outbox.run
        if run is not None and self.outbox.end(run):
            words = "%s; the session cannot be resumed by the next start any more, the bot goes on"
            log_event(_log, Event.NOT_RECORDED, words, reason)

    def stop(self) -> None:
        """End a compaction that is under way."""
        self._compaction.stop()

    def _step(self) -> None:
        run = self.outbox.run
        if run is not self._run:
            self._change_to(run)
        if run is None or monotonic() < self._retry_at:
            return
        if not self._taken:
            self._taken, self._size = self.outbox.take(run)
        if self._taken or run.catch_up_to or self._file is None:
            self._write(run)
        if self._file is not None:
            self._file = self._compaction.step(run, self._file)
            if reason := self._compaction.hopeless(self._file):
                self.give_up(reason)

    def _change_to(self, run: Run | None) -> None:
        self._compaction.stop()
        if self._file is not None:
            self._file.close()
        self._run, self._file, self._taken, self._size = run, None, [], 0
        self._failing_since, self._retry_at = None, 0.0
        self._compaction = CompactionRun(self.files, self.outbox, self._limits, self._compact)
        self._copied = b""
        for left in self.files.copy.parent.glob(f".{self.files.copy.name}.*"):
            left.unlink(missing_ok=True)  # by a process that was killed while it copied
        if not self.outbox.resting and (run is None or not isinstance(run.start, Continuation)):
            self.files.copy.unlink(missing_ok=True)

    def _write(self, run: Run) -> None:
        if self._file is None and isinstance(run.start, Continuation):
            self.copy_position()  # the old copy may name a length that is about to be cut off
            self._file = JournalFile.continued(run.start.found)
            self._compaction.go_on_from(run.start.found.settled_frames)
        if self._file is None:
            self._file = JournalFile.created(self.files.journal, generation=run.generation, frames=self._taken)
            self.outbox.established(run, self._file.mark)
        elif self._taken:
            self._file.append(self._taken)
        self._taken, size, self._size = [], self._size, 0
        self.outbox.written(run, self._file.mark, bytes_written=size)
        if self._failing_since is not None:
            _log.warning("%s is being written again", self.files.journal)
            self._failing_since = None

    def _failed(self, error: OSError) -> None:
        now, words = monotonic(), error.strerror or error
        self._retry_at = now + self._limits.retry_after_s
        if self._failing_since is None:
            self._failing_since = now
            _log.warning(
                "cannot write %s: %s; trying again for %.0f s", self.files.journal, words, self._limits.patience_s
            )
        elif now - self._failing_since >= self._limits.patience_s:
            self.give_up(f"{self.files.journal} cannot be written: {words}")
