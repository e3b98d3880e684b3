"""What the event loop hands to the writer thread: the frames of one session that are not in its journal yet."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from uptime_bot.continuity.found import Found
from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.position import (
    GENERATION,
    JOURNAL,
    NEXT_JOURNAL,
    PARSED,
    SETTLED_LENGTH,
    UNWRITTEN,
    Mark,
    Position,
)

_FRAME_BYTES = 200
"""What a waiting frame costs besides its payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A new session's record is to be made."""

    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """A record that was found is to be gone on with."""

    found: Found


class Run:
    """The recording of one session by this process."""

    __slots__ = ("bytes_waiting", "catch_up_to", "start", "unwritten", "waiting")

    def __init__(self, start: Beginning | Continuation, *, unwritten: int = 0, catch_up_to: int = 0) -> None:
        self.start = start
        self.waiting: list[Frame] = []
        self.bytes_waiting = 0
        self.unwritten = unwritten  # the word's value, or higher than it would have to be: never read back from it
        self.catch_up_to = catch_up_to

    @property
    def generation(self) -> int:
        """The session's."""
        start = self.start
        return start.generation if isinstance(start, Beginning) else start.found.session.generation


class Outbox:
    """One shard's; `state` and `last_message` are called by the event loop, the rest by the writer thread."""

    def __init__(self, position: Position, wake: Callable[[], None], *, most_waiting: int) -> None:
        self.position = position
        self.run: Run | None = None
        self.resting = False
        self._lock = Lock()  # held for a few instructions, never while anything is written
        self._wake = wake
        self._most_waiting = most_waiting

    def replace(self, run: Run | None, *, sequence: int = 0) -> None:
        """From now on another session, or none: a record before this is invalid at once. Called by the event loop."""
        with self._lock:
            if run is None:
                self.position.store(GENERATION, 0)
            elif isinstance(run.start, Beginning):
                self.position.begin(sequence)
            self.run, self.resting = run, False
        self._wake()

    def rest(self) -> None:
        """Nothing is recorded any more, and what is recorded stays. Called by the event loop."""
        with self._lock:
            self.run, self.resting = None, True
        self._wake()

    def put(self, frame: Frame) -> bool:
        """Queue a frame; False when there is no room, and the recording must end. Called by the event loop."""
        with self._lock:
            run = self.run
            if run is None:
                if self.resting and not self.position.value(UNWRITTEN):
                    self.position.store(UNWRITTEN, frame[1])
                return True
            first = not run.waiting
            if not run.unwritten:
                run.unwritten = frame[1]
                self.position.store(UNWRITTEN, frame[1])
            run.waiting.append(frame)
            run.bytes_waiting += len(frame[4]) + _FRAME_BYTES
            fits = run.bytes_waiting <= self._most_waiting
        if first:
            self._wake()
        return fits

    def take(self, run: Run) -> tuple[list[Frame], int]:
        """All that waits, without LAST_MESSAGE frames that a later one makes void wherever a resume may begin.

        And what it counts for, to be given to written(). What was taken before must have been written.
        """
        bound = self.position.bound()
        with self._lock:
            taken, run.waiting, size = run.waiting, [], run.bytes_waiting
        return _without_void(taken, bound), size

    def established(self, run: Run, mark: Mark) -> None:
        """The new session's journal is in its place: the position counts from here on."""
        with self._lock:
            if self.run is run:
                self.position.store(JOURNAL, mark.packed())
                self.position.store(GENERATION, run.generation)

    def written(self, run: Run, mark: Mark, *, bytes_written: int) -> None:
        """All that was taken is in the journal, which is intact up to this mark."""
        parsed = self.position.value(PARSED)  # before the lock: everything up to here was put before
        with self._lock:
            run.bytes_waiting -= bytes_written
            if self.run is not run:
                return
            self.position.store(JOURNAL, mark.packed())
            unwritten = run.waiting[0][1] if run.waiting else 0
            if not unwritten and parsed < run.catch_up_to:
                unwritten = parsed + 1
            elif not unwritten:
                run.catch_up_to = 0
            run.unwritten = unwritten
            self.position.store(UNWRITTEN, unwritten)

    def announce(self, run: Run, mark: Mark) -> bool:
        """A compacted journal is about to take the place of the other; False where it must not any more."""
        with self._lock:
            if self.run is run:
                self.position.store(NEXT_JOURNAL, mark.packed())
            return self.run is run

    def replaced(self, run: Run, mark: Mark) -> None:
        """It has taken the place."""
        with self._lock:
            if self.run is run:
                self.position.store(JOURNAL, mark.packed())
                self.position.store(NEXT_JOURNAL, 0)

    def settled(self, run: Run, length: int) -> None:
        """The journal's size to which its growth is compared."""
        with self._lock:
            if self.run is run:
                self.position.store(SETTLED_LENGTH, length)

    def end(self, run: Run) -> bool:
        """Give the recording up: its session cannot be resumed any more; False if another has begun meanwhile."""
        with self._lock:
            if self.run is not run:
                return False
            self.position.store(GENERATION, 0)
            self.run = None
            return True

    def resume_bound(self) -> int:
        """No resume will ever begin before this sequence: what the journal holds up to here may be folded together."""
        unwritten = self.position.value(UNWRITTEN)
        return min(self.position.bound(), unwritten - 1) if unwritten else self.position.bound()


def _without_void(frames: list[Frame], bound: int) -> list[Frame]:
    kept: list[Frame] = []
    later: set[int] = set()
    for frame in reversed(frames):
        if frame[0] is Kind.LAST_MESSAGE and frame[1] <= bound:
            if frame[3] in later:
                continue
            later.add(frame[3])
        kept.append(frame)
    kept.reverse()
    return kept
