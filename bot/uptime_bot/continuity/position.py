"""How far a shard has come: one page of words that is mapped, so that a store costs nothing and outlives a SIGKILL.

Every word is stored by one aligned store of 8 bytes (a memoryview of format "Q"; struct.pack_into would store byte by
byte and tear). A value is multiplied by a prime of its own before it is stored, and its place is added (an AN code): a
word that is damaged or stands in a wrong place does not divide, and the file is then no position. Values end at 2**44.
"""

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from uptime_bot.continuity.files import make_folder, open_file, read_file

SIZE = 4096
SLOTS = 256
"""How many sequences in flight are told apart; beyond that, everything from the first untold one on counts as such."""

LARGEST = 2**44 - 1

_MAGIC = 0x31736F5065746955  # "Uite" "Pos1": version 1
_RUNNING, _CARRIED = 2, 1
_LENGTH_BITS = 34
_EDITIONS = 1 << 10

# The words' places, and what each is multiplied by.
_AT_MAGIC = 0
GENERATION, JOURNAL, NEXT_JOURNAL, UNWRITTEN, DELIVERED, RECEIVED, PARSED, ALIVE_AT_MS = range(1, 9)
SUSPECT_SEQUENCE, SUSPECT_DEATHS, CLEAN, IN_FLIGHT_FROM, SETTLED_LENGTH = range(9, 14)
_FIRST_SLOT = 16
_PRIMES = (
    0, 1000003, 1000033, 1000037, 1000039, 1000081, 1000099, 1000117, 1000121, 1000133, 1000151, 1000159, 1000171,
    1000183,
)  # fmt: skip
_SLOT_PRIME = 1000187


class Mark(NamedTuple):
    """Where the intact part of a journal ends, and of which journal: compaction makes a new edition."""

    edition: int
    length: int

    def packed(self) -> int:
        """As one value of a word; 0 is no mark."""
        return (self.edition % _EDITIONS) << _LENGTH_BITS | self.length


class PositionState(NamedTuple):
    """A position as it was read; sequences are 0 where there is none."""

    generation: int
    """Of the session's journal; 0: there is nothing to resume."""

    journal: Mark
    next_journal: Mark
    """Valid as well while a compacted journal takes the other's place; length 0: none."""

    unwritten: int
    """The first event that changes the cache and is not in the journal."""

    delivered: int
    received: int
    parsed: int
    alive_at_ms: int
    """Unix time."""

    suspect_sequence: int
    suspect_deaths: int
    clean: bool
    """The process ended in peace: nothing was in the middle of anything."""

    in_flight_from: int
    settled_length: int
    running: frozenset[int]
    """Sequences whose handlers had started in the process that ended, and had not finished."""

    carried: frozenset[int]
    """Sequences that were in flight when the process before that ended, and have not finished since."""

    @property
    def in_flight(self) -> frozenset[int]:
        """Everything whose handlers are still owed."""
        return self.running | self.carried

    @property
    def resume_sequence(self) -> int:
        """The last event that needs no replay: neither for the cache nor for a handler."""
        owed = (sequence for sequence in (self.unwritten, self.in_flight_from, *self.in_flight) if sequence)
        return min((self.delivered, *(sequence - 1 for sequence in owed)))


def suspect_of(position: PositionState) -> int | None:
    """The event that was being parsed or begun by handlers when the process died, if any."""
    if position.clean:
        return None
    if position.parsed < position.received:
        return position.received
    if position.received > position.delivered:
        return position.delivered + 1
    return None


def parsed_position(raw: bytes) -> PositionState | None:
    """A position out of a file's content; None where any of it is not as we write it."""
    if len(raw) != SIZE:
        return None
    words = memoryview(raw).cast("Q")
    if words[_AT_MAGIC] != _MAGIC or any(words[len(_PRIMES) : _FIRST_SLOT]) or any(words[_FIRST_SLOT + SLOTS :]):
        return None
    values = [0]
    for place in range(1, len(_PRIMES)):
        value, odd = divmod(words[place] - _BIASES[place], _PRIMES[place])
        if odd or not 0 <= value <= LARGEST:
            return None
        values.append(value)
    slots = []
    for slot in range(_FIRST_SLOT, _FIRST_SLOT + SLOTS):
        value, odd = divmod(words[slot] - slot, _SLOT_PRIME)
        if odd or not 0 <= value <= LARGEST:
            return None
        slots.append(value)
    return _state(values, slots)


def read_position(path: Path) -> PositionState | None:
    """The position in a file; None where there is none, or it is foreign, short or garbled."""
    raw = read_file(path, at_most=SIZE)
    return None if raw is None else parsed_position(raw)


class Position:
    """The words of one shard, for the one process that keeps them; `received`, `parsed`, `delivered` are stores.

    Sequences must lie between 0 and LARGEST; a store of anything else raises ValueError or TypeError.
    """

    __slots__ = (
        "_carried_until",
        "_delivered_reset",
        "_free",
        "_slots",
        "_untracked",
        "_words",
        "delivered",
        "parsed",
        "received",
    )

    def __init__(self, page: mmap.mmap | bytearray) -> None:
        self._words = memoryview(page).cast("Q")
        self.received: Callable[[int], None] = self._store_of(RECEIVED)
        self.parsed: Callable[[int], None] = self._store_of(PARSED)
        self.delivered: Callable[[int], None]
        self.delivered, self._delivered_reset = self._rising_store_of(DELIVERED)
        self._slots: dict[int, int] = {}
        self._free: list[int] = []
        self._untracked: set[int] = set()
        self._carried_until = 0
        if parsed_position(self.page()) is None:
            self._format()
        else:
            self._take_up_slots()
        self._delivered_reset(self.value(DELIVERED))

    def page(self) -> bytes:
        """A copy of all words, as of one instant."""
        return self._words.tobytes()

    def state(self) -> PositionState:
        """All of it, read."""
        state = parsed_position(self.page())
        if state is None:
            raise ValueError("the position was damaged while it was in use")
        return state

    def value(self, place: int) -> int:
        """One word's value."""
        return (self._words[place] - _BIASES[place]) // _PRIMES[place]

    def store(self, place: int, value: int) -> None:
        """Store one word."""
        self._words[place] = value * _PRIMES[place] + _BIASES[place]

    def bound(self) -> int:
        """Up to here nothing will be asked of Discord again, as far as delivery goes; the journal may lag behind."""
        owed = [sequence for sequence in (self.value(IN_FLIGHT_FROM), *tuple(self._slots)) if sequence]
        return min((self.value(DELIVERED), *(sequence - 1 for sequence in owed)))

    def begin(self, sequence: int) -> None:
        """Invalidate what was there, and start again at a READY; GENERATION is stored when there is a journal."""
        self.store(GENERATION, 0)
        for place in (JOURNAL, NEXT_JOURNAL, SUSPECT_SEQUENCE, SUSPECT_DEATHS, CLEAN, IN_FLIGHT_FROM, SETTLED_LENGTH):
            self.store(place, 0)
        self._delivered_reset(0)
        self.store(DELIVERED, 0)
        self.store(UNWRITTEN, sequence)
        self.store(PARSED, max(sequence - 1, 0))
        self.store(RECEIVED, sequence)
        self._clear_slots()

    def take_over(self, state: PositionState, *, sequence: int, journal: Mark, suspect: int | None) -> None:
        """Go on from where another process ended, with a replay from sequence + 1; legal after a kill at any step."""
        if self.state() != state:
            self._restore(state)
        self.store(UNWRITTEN, sequence + 1 if sequence < state.delivered else 0)
        self.store(JOURNAL, journal.packed())
        self.store(NEXT_JOURNAL, 0)
        self.store(RECEIVED, sequence)
        self.store(PARSED, sequence)
        self.store(CLEAN, 0)
        if suspect is not None and suspect == state.suspect_sequence:
            self.store(SUSPECT_DEATHS, min(state.suspect_deaths + 1, LARGEST))
        elif suspect is not None:
            self.store(SUSPECT_DEATHS, 0)
            self.store(SUSPECT_SEQUENCE, suspect)
            self.store(SUSPECT_DEATHS, 1)
        self._untracked.clear()
        self._carried_until = state.delivered if state.in_flight_from else 0
        for owed, slot in self._slots.items():
            self._words[slot] = (owed * 4 + _CARRIED) * _SLOT_PRIME + slot

    def started(self, sequence: int) -> None:
        """Handlers of an event were started."""
        if 0 < self._carried_until < sequence:
            # Whatever the process before could not tell apart was replayed: only what this one has started is owed.
            self._carried_until = 0
            self.store(IN_FLIGHT_FROM, min(self._untracked, default=0))
        flags = _RUNNING
        slot = self._slots.get(sequence)
        if slot is not None:
            flags |= (self._words[slot] - slot) // _SLOT_PRIME & _CARRIED
        elif self._free:
            slot = self._slots[sequence] = self._free.pop()
        else:
            self._untracked.add(sequence)
            if len(self._untracked) == 1 and not self.value(IN_FLIGHT_FROM):
                self.store(IN_FLIGHT_FROM, sequence)
            return
        self._words[slot] = (sequence * 4 + flags) * _SLOT_PRIME + slot

    def finished(self, sequence: int) -> None:
        """All handlers of an event have ended, or nobody will run them."""
        slot = self._slots.pop(sequence, None)
        if slot is not None:
            self._words[slot] = slot
            self._free.append(slot)
        elif sequence in self._untracked:
            self._untracked.discard(sequence)
            if not self._untracked and not self._carried_until:
                self.store(IN_FLIGHT_FROM, 0)

    def _store_of(self, place: int) -> Callable[[int], None]:
        words, prime = self._words, _PRIMES[place]

        def store(sequence: int) -> None:
            words[place] = sequence * prime

        return store

    def _rising_store_of(self, place: int) -> tuple[Callable[[int], None], Callable[[int], None]]:
        words, prime, last = self._words, _PRIMES[place], 0

        def store(sequence: int) -> None:
            nonlocal last
            if sequence > last:
                words[place] = sequence * prime
                last = sequence

        def reset(sequence: int) -> None:
            nonlocal last
            last = sequence

        return store, reset

    def _format(self) -> None:
        self._words[_AT_MAGIC] = 0
        for place in range(1, len(self._words)):
            self._words[place] = 0
        for place in range(1, len(_PRIMES)):
            self.store(place, 0)
        self._clear_slots()
        self._words[_AT_MAGIC] = _MAGIC

    def _restore(self, state: PositionState) -> None:
        self.store(GENERATION, 0)
        self._clear_slots()
        for place, value in _values(state):
            self.store(place, value)
        self._delivered_reset(state.delivered)
        for owed in state.in_flight:
            slot = self._slots[owed] = self._free.pop()
            flags = _RUNNING * (owed in state.running) | _CARRIED * (owed in state.carried)
            self._words[slot] = (owed * 4 + flags) * _SLOT_PRIME + slot
        self.store(GENERATION, state.generation)

    def _clear_slots(self) -> None:
        for slot in range(_FIRST_SLOT, _FIRST_SLOT + SLOTS):
            self._words[slot] = slot
        self._take_up_slots()

    def _take_up_slots(self) -> None:
        self._carried_until = 0
        self._untracked.clear()
        self._slots.clear()
        for slot in range(_FIRST_SLOT, _FIRST_SLOT + SLOTS):
            if owed := (self._words[slot] - slot) // _SLOT_PRIME // 4:
                self._slots[owed] = slot
        self._free[:] = set(range(_FIRST_SLOT, _FIRST_SLOT + SLOTS)) - set(self._slots.values())


def open_position(path: Path) -> Position:
    """The position in a file, made where there is none or nothing of use. Raises OSError."""
    make_folder(path.parent)
    descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        if os.fstat(descriptor).st_size != SIZE:
            # Written, not only made longer: a store to a page that a full tmpfs cannot give would be a SIGBUS.
            os.ftruncate(descriptor, 0)
            if os.pwrite(descriptor, bytes(SIZE), 0) != SIZE:
                raise OSError("no space for a page")
        return Position(mmap.mmap(descriptor, SIZE))
    finally:
        os.close(descriptor)


# A word of zeros (a page that was lost) must not read as "none". DELIVERED, RECEIVED and PARSED are stored for every
# event and go without: a DELIVERED of 0 cannot be resumed from, and the other two only name a suspect.
_BIASES = tuple(0 if place in (DELIVERED, RECEIVED, PARSED) else place for place in range(len(_PRIMES)))


def _mark(packed: int) -> Mark:
    return Mark(edition=packed >> _LENGTH_BITS, length=packed & ((1 << _LENGTH_BITS) - 1))


def _state(values: list[int], slots: list[int]) -> PositionState:
    return PositionState(
        generation=values[GENERATION],
        journal=_mark(values[JOURNAL]),
        next_journal=_mark(values[NEXT_JOURNAL]),
        unwritten=values[UNWRITTEN],
        delivered=values[DELIVERED],
        received=values[RECEIVED],
        parsed=values[PARSED],
        alive_at_ms=values[ALIVE_AT_MS],
        suspect_sequence=values[SUSPECT_SEQUENCE],
        suspect_deaths=values[SUSPECT_DEATHS],
        clean=bool(values[CLEAN]),
        in_flight_from=values[IN_FLIGHT_FROM],
        settled_length=values[SETTLED_LENGTH],
        running=frozenset(value // 4 for value in slots if value & _RUNNING),
        carried=frozenset(value // 4 for value in slots if value & _CARRIED),
    )


def _values(state: PositionState) -> tuple[tuple[int, int], ...]:
    """All words but GENERATION."""
    return (
        (JOURNAL, state.journal.packed()),
        (NEXT_JOURNAL, state.next_journal.packed()),
        (UNWRITTEN, state.unwritten),
        (DELIVERED, state.delivered),
        (RECEIVED, state.received),
        (PARSED, state.parsed),
        (ALIVE_AT_MS, state.alive_at_ms),
        (SUSPECT_SEQUENCE, state.suspect_sequence),
        (SUSPECT_DEATHS, state.suspect_deaths),
        (CLEAN, int(state.clean)),
        (IN_FLIGHT_FROM, state.in_flight_from),
        (SETTLED_LENGTH, state.settled_length),
    )
