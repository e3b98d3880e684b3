"""The one thread that writes the journals of all shards: the event loop never waits for a disk."""

import logging
from threading import Event, Lock, Thread
from time import monotonic

from uptime_bot.continuity.compacting import Compacting, StartCompacting
from uptime_bot.continuity.files import RecordFiles
from uptime_bot.continuity.limits import Limits
from uptime_bot.continuity.outbox import Outbox
from uptime_bot.continuity.shard_writer import ShardWriter

_log = logging.getLogger(__name__)


class Writer:
    """Starts with the first session that begins; a daemon thread, so that it never keeps a process alive."""

    def __init__(self, limits: Limits | None = None, compact: StartCompacting = Compacting) -> None:
        self.limits = limits or Limits()
        self._compact = compact
        self._shards: list[ShardWriter] = []
        self._wake, self._hurry, self._stopping = Event(), Event(), Event()
        self._flushes: list[Event] = []
        self._lock = Lock()
        self._thread: Thread | None = None

    def add(self, files: RecordFiles, outbox: Outbox) -> None:
        """Write this shard's journal as well; whoever wrote it before must have been closed."""
        others = [shard for shard in self._shards if not (shard.files == files and shard.outbox.resting)]
        self._shards = [*others, ShardWriter(files, outbox, self.limits, self._compact)]

    def wake(self) -> None:
        """There is something to write."""
        if self._thread is None:
            self._start()
        self._wake.set()

    def hurry(self) -> None:
        """There is much to write: no waiting for more."""
        self._hurry.set()
        self.wake()

    def give_up(self, outbox: Outbox, reason: str) -> None:
        """Record this shard's session no longer. From any thread."""
        for shard in self._shards:
            if shard.outbox is outbox:
                shard.give_up(reason)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was handed over is written, and the positions are copied; False if that took longer."""
        if self._thread is None or not self._thread.is_alive():
            return not any(shard.waiting for shard in self._shards)
        done = Event()
        with self._lock:
            self._flushes.append(done)
        self._hurry.set()
        self._wake.set()
        return done.wait(timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Flush, and end the thread; compaction is not waited for. False if that took longer."""
        deadline_mono = monotonic() + timeout_s
        flushed = self.flush(timeout_s)
        self._stopping.set()
        self._hurry.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(max(deadline_mono - monotonic(), 0.0))
        return flushed

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = Thread(target=self._work, name="uptime-bot session recorder", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # the machine's or the service's limit of threads
                    for shard in self._shards:
                        shard.give_up(f"sessions cannot be recorded: {error}")
                else:
                    self._thread = thread

    def _work(self) -> None:
        batch_s, copy_s, copied_at_mono = self.limits.batch_s, self.limits.copy_s, monotonic()
        while not self._stopping.is_set():
            busy = any(shard.busy for shard in self._shards)
            self._wake.wait(batch_s if busy else max(copied_at_mono + copy_s - monotonic(), batch_s))
            self._hurry.wait(batch_s)
            self._wake.clear()
            self._hurry.clear()
            with self._lock:
                flushes = tuple(self._flushes)
            for shard in tuple(self._shards):
                _step(shard)
            if monotonic() - copied_at_mono >= copy_s or flushes:
                copied_at_mono = monotonic()
                for shard in tuple(self._shards):
                    shard.copy_position()
            self._answer(flushes)
        for shard in self._shards:
            shard.stop()

    def _answer(self, flushes: tuple[Event, ...]) -> None:
        if not flushes or any(shard.waiting for shard in self._shards):
            return
        for done in flushes:
            done.set()
        with self._lock:
            self._flushes = [flush for flush in self._flushes if flush not in flushes]


def _step(shard: ShardWriter) -> None:
    try:
        shard.step()
    except Exception:  # noqa: BLE001 - the supervision point of this thread
        _log.exception("recording failed")
        shard.give_up("recording failed")
