"""What the event loop hands to the writer thread: the frames of one session that are not in its journal yet."""

from collections.abc import Callable
from operator import itemgetter
from struct import Struct
from threading import Lock
from typing import NamedTuple

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

_HURRY_BYTES = 256 * 1024
"""No batch need grow larger: a large bot's guilds arrive as fast as they are parsed, and would all be in memory."""

_MESSAGE = Struct("=QQQQ")
"""A waiting last message: sequence, guild, channel, message."""

_pack_message = _MESSAGE.pack
_frame = tuple.__new__  # a NamedTuple without its constructor's cost
_LAST_MESSAGE = Kind.LAST_MESSAGE


class Beginning(NamedTuple):
    """A new session's record is to be made."""

    generation: int


class Continuation(NamedTuple):
    """A record that was found is to be gone on with."""

    found: Found


class Run:
    """The recording of one session by this process."""

    __slots__ = ("bytes_waiting", "catch_up_to", "last_messages", "start", "unwritten", "waiting")

    def __init__(self, start: Beginning | Continuation, *, unwritten: int = 0, catch_up_to: int = 0) -> None:
        self.start = start
        self.waiting: list[Frame] = []
        self.bytes_waiting = 0
        self.last_messages = bytearray()  # of _MESSAGE, and no list of tuples: the garbage collector would walk those
        self.unwritten = unwritten  # the word's value, or higher than it would have to be: never read back from it
        self.catch_up_to = catch_up_to

    @property
    def generation(self) -> int:
        """The session's."""
        start = self.start
        return start.generation if isinstance(start, Beginning) else start.found.session.generation

    @property
    def first_waiting(self) -> int:
        """The lowest sequence that waits; 0 where nothing does."""
        firsts = [frame[1] for frame in self.waiting[:1]]
        if self.last_messages:
            firsts.append(_MESSAGE.unpack_from(self.last_messages)[0])
        return min(firsts, default=0)


class Outbox:
    """One shard's; the event loop puts something in, the writer thread takes it.

    on_full is called in the event loop, when more waits than most_waiting (bytes): the recording must end.
    """

    def __init__(
        self,
        position: Position,
        *,
        wake: Callable[[], None],
        hurry: Callable[[], None],
        on_full: Callable[[], None],
        most_waiting: int,
    ) -> None:
        self.position = position
        self.run: Run | None = None
        self.resting = False
        self._lock = Lock()  # held for a few instructions, never while anything is written
        self._wake = wake
        self._hurry = hurry
        self._on_full = on_full
        self._most_waiting = most_waiting

    def replace(self, run: Run | None, *, sequence: int = 0) -> None:
        """From now on another session, or none: a record before this is invalid at once. Called by the event loop."""
        with self._lock:
            if run is None:
                self.position.store(GENERATION, 0)
            elif isinstance(run.start, Beginning):
                self.position.begin(sequence)
            self.run, self.resting = run, False
        self._hurry()  # until it is in its place, a new session cannot be resumed

    def rest(self) -> None:
        """Nothing is recorded any more, and what is recorded stays. Called by the event loop."""
        with self._lock:
            self.run, self.resting = None, True
        self._wake()

    def put(self, frame: Frame) -> None:
        """Queue a frame. Called by the event loop."""
        with self._lock:
            run = self.run
            if run is None:
                self._pass_over(frame[1])
                return
            run.waiting.append(frame)
            before = run.bytes_waiting
            run.bytes_waiting = waiting = before + len(frame[4]) + _FRAME_BYTES
            # Where something is unwritten already, the writer looks again before it sleeps.
            first = not run.unwritten
            if first:
                run.unwritten = frame[1]
                self.position.store(UNWRITTEN, frame[1])
        if first:
            self._wake()
        if before <= _HURRY_BYTES < waiting:
            self._hurry()
        if waiting > self._most_waiting:
            self._on_full()

    def put_last(self, sequence: int, guild_id: int, channel_id: int, message_id: int) -> None:
        """Queue the last message of a channel. Called by the event loop, for every message: each line counts.

        Raises struct.error for numbers that are no ids.
        """
        message = _pack_message(sequence, guild_id, channel_id, message_id)
        with self._lock:
            run = self.run
            if run is None:
                self._pass_over(sequence)
                return
            messages = run.last_messages
            messages += message
            first = not run.unwritten
            if first:
                run.unwritten = sequence
                self.position.store(UNWRITTEN, sequence)
        if first:
            self._wake()
        elif len(messages) > self._most_waiting:
            self._on_full()

    def _pass_over(self, sequence: int) -> None:
        if self.resting and not self.position.value(UNWRITTEN):
            self.position.store(UNWRITTEN, sequence)

    def take(self, run: Run) -> tuple[list[Frame], int]:
        """All that waits, without last messages that a later one makes void wherever a resume may begin.

        And what it counts for, to be given to written(). What was taken before must have been written. Raises what
        numbers that are no ids lead to.
        """
        bound = self.position.bound()
        with self._lock:
            taken, run.waiting, size = run.waiting, [], run.bytes_waiting
            messages, run.last_messages = run.last_messages, bytearray()
        if messages:
            taken.extend(_frames_of(messages, bound))
            taken.sort(key=itemgetter(1))
        return taken, size

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
            unwritten = run.first_waiting
            if not unwritten and parsed < run.catch_up_to:
                unwritten = parsed + 1
            elif not unwritten:
                run.catch_up_to = 0
            run.unwritten = unwritten
            self.position.store(UNWRITTEN, unwritten)
        if run.bytes_waiting > _HURRY_BYTES:
            self._hurry()

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


def _frames_of(packed: bytearray, bound: int) -> list[Frame]:
    """Frames of the last message of each channel, and of all whose sequence is above bound."""
    messages = list(_MESSAGE.iter_unpack(packed))
    last = {message[2]: message for message in messages if message[0] <= bound}
    above = [message for message in messages if message[0] > bound]
    return [
        _frame(Frame, (_LAST_MESSAGE, sequence, guild_id, channel_id, message_id.to_bytes(8, "big")))
        for sequence, guild_id, channel_id, message_id in (*last.values(), *above)
    ]
