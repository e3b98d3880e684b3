"""The position: each word is right or the whole is none; what a death leaves behind is read from it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.continuity.position import (
    ALIVE_AT_MS,
    DELIVERED,
    GENERATION,
    JOURNAL,
    LARGEST,
    NEXT_JOURNAL,
    SIZE,
    SLOTS,
    UNWRITTEN,
    Mark,
    Position,
    PositionState,
    open_position,
    parsed_position,
    read_position,
    suspect_of,
)

SEQUENCES = st.integers(0, LARGEST)


def a_position() -> Position:
    position = Position(bytearray(SIZE))
    position.begin(1)
    position.store(GENERATION, 77)
    return position


def a_state(**values: object) -> PositionState:
    return a_position().state()._replace(**values)  # type: ignore[arg-type]


def taken_over(position: Position, *, suspect: int | None = None) -> PositionState:
    state = position.state()
    position.take_over(state, sequence=state.resume_sequence, journal=state.journal, suspect=suspect)
    return position.state()


@given(values=st.tuples(*[SEQUENCES] * 5))
def test_what_is_stored_is_read(values: tuple[int, ...]) -> None:
    position = a_position()
    places = (GENERATION, UNWRITTEN, DELIVERED, ALIVE_AT_MS, JOURNAL)
    for place, value in zip(places, values, strict=True):
        position.store(place, value)
    state = position.state()
    read = (state.generation, state.unwritten, state.delivered, state.alive_at_ms, state.journal.packed())
    assert read == values


@given(byte=st.integers(0, SIZE - 1), flip=st.integers(1, 255))
def test_a_damaged_byte_makes_it_no_position(byte: int, flip: int) -> None:
    position = a_position()
    position.delivered(123)
    page = bytearray(position.page())
    page[byte] ^= flip
    assert parsed_position(bytes(page)) is None


@given(word=st.integers(0, SIZE // 8 - 1), other=st.integers(0, SIZE // 8 - 1))
def test_a_word_in_a_wrong_place_makes_it_no_position(word: int, other: int) -> None:
    position = a_position()
    for place, store in enumerate((position.received, position.parsed, position.delivered)):
        store(123 + place)
    page = position.page()
    moved = bytearray(page)
    moved[word * 8 : word * 8 + 8] = page[other * 8 : other * 8 + 8]
    assert parsed_position(bytes(moved)) in (None, position.state())


@pytest.mark.parametrize("content", [b"", b"x", bytes(SIZE), bytes(SIZE - 1), bytes(SIZE + 1), b"\xff" * SIZE])
def test_what_is_no_position_is_absent_and_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "folder" / "0-of-0.position"
    path.parent.mkdir()
    path.write_bytes(content)
    assert read_position(path) is None
    assert open_position(path).state().generation == 0
    assert read_position(path) is not None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(a_position().page())
    link = tmp_path / "link"
    link.symlink_to(target)
    assert read_position(link) is None
    with pytest.raises(OSError, match="symbolic"):
        open_position(link)


def test_stores_are_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "position"
    position = open_position(path)
    position.begin(1)
    position.delivered(9)
    state = read_position(path)
    assert state is not None
    assert state.delivered == 9


def test_delivered_never_goes_back() -> None:
    position = a_position()
    for sequence in (5, 3, 9, 1):
        position.delivered(sequence)
    assert position.state().delivered == 9
    taken_over(position)
    position.delivered(8)
    assert position.state().delivered == 9
    position.begin(1)
    position.delivered(2)
    assert position.state().delivered == 2


@pytest.mark.parametrize(
    ("received", "parsed", "delivered", "clean", "suspect"),
    [
        pytest.param(9, 8, 8, False, 9, id="died while parsing"),
        pytest.param(9, 8, 5, False, 9, id="died while parsing, with handlers to be started"),
        pytest.param(9, 9, 8, False, 9, id="died before the handler's first step was over"),
        pytest.param(9, 9, 5, False, 6, id="the first of several handlers that had to start"),
        pytest.param(9, 9, 9, False, None, id="nothing was going on"),
        pytest.param(5, 5, 9, False, None, id="during muted replays"),
        pytest.param(9, 8, 5, True, None, id="a clean end accuses nobody"),
    ],
)
def test_who_is_suspected(received: int, parsed: int, delivered: int, clean: bool, suspect: int | None) -> None:
    assert suspect_of(a_state(received=received, parsed=parsed, delivered=delivered, clean=clean)) == suspect


@pytest.mark.parametrize(
    ("values", "sequence"),
    [
        pytest.param({"delivered": 9, "unwritten": 0}, 9, id="all is written"),
        pytest.param({"delivered": 9, "unwritten": 5}, 4, id="the journal lags behind"),
        pytest.param({"delivered": 9, "unwritten": 11}, 9, id="what is unwritten was not delivered either"),
        pytest.param({"delivered": 9, "unwritten": 0, "running": frozenset({7})}, 6, id="a handler was running"),
        pytest.param({"delivered": 9, "unwritten": 0, "carried": frozenset({3})}, 2, id="a handler is still owed"),
        pytest.param({"delivered": 9, "unwritten": 0, "in_flight_from": 4}, 3, id="too many to tell apart"),
    ],
)
def test_where_a_replay_begins(values: dict[str, object], sequence: int) -> None:
    assert a_state(**values).resume_sequence == sequence


def test_going_on_after_another_process() -> None:
    position = a_position()
    position.store(JOURNAL, Mark(edition=3, length=1000).packed())
    position.store(NEXT_JOURNAL, Mark(edition=4, length=500).packed())
    position.delivered(9)
    position.received(9)
    position.parsed(9)
    position.store(UNWRITTEN, 5)
    before = position.state()
    position.take_over(before, sequence=4, journal=Mark(edition=3, length=800), suspect=None)
    after = position.state()
    assert after == before._replace(
        journal=Mark(edition=3, length=800), next_journal=Mark(edition=0, length=0), received=4, parsed=4
    )
    assert after.resume_sequence == 4


def test_going_on_from_a_copy_in_a_page_of_something_else() -> None:
    position = a_position()
    position.delivered(9)
    position.store(UNWRITTEN, 0)
    position.started(7)
    state = position.state()
    other = Position(bytearray(SIZE))
    other.take_over(state, sequence=6, journal=state.journal, suspect=None)
    taken = other.state()
    assert (taken.generation, taken.delivered, taken.carried, taken.running) == (77, 9, frozenset({7}), frozenset())
    assert taken.resume_sequence == 6


def test_deaths_are_counted_while_the_same_event_is_suspected() -> None:
    position = a_position()
    counted = [(taken_over(position, suspect=suspect).suspect_deaths) for suspect in (5, 5, None, 5, 6)]
    assert counted == [1, 2, 2, 3, 1]
    assert position.state().suspect_sequence == 6


def test_what_is_in_flight_at_two_deaths_is_known() -> None:
    position = a_position()
    position.delivered(9)
    for sequence in (5, 6, 7):
        position.started(sequence)
    position.finished(6)
    position.finished(1000)
    assert position.state().running == {5, 7}
    taken_over(position)
    assert (position.state().running, position.state().carried) == (frozenset(), frozenset({5, 7}))
    position.started(5)
    assert (position.state().running, position.state().carried) == (frozenset({5}), frozenset({5, 7}))
    position.finished(5)
    position.finished(7)
    assert position.state().in_flight == frozenset()


def test_more_in_flight_than_can_be_told_apart() -> None:
    position = a_position()
    position.delivered(1000)
    position.store(UNWRITTEN, 0)
    for sequence in range(1, SLOTS + 3):
        position.started(sequence)
    assert position.state().in_flight_from == SLOTS + 1
    for sequence in range(1, SLOTS + 1):
        position.finished(sequence)
    assert position.state().resume_sequence == position.bound() == SLOTS
    taken_over(position)
    position.started(SLOTS + 1)
    position.finished(SLOTS + 1)
    assert position.state().in_flight_from == SLOTS + 1, "until all that was not told apart has been replayed"
    position.started(1001)
    assert position.state().in_flight_from == 0


@given(st.lists(st.tuples(st.sampled_from("sfd"), st.integers(1, 400))))
def test_the_bound_is_what_a_reader_computes(steps: list[tuple[str, int]]) -> None:
    position = a_position()
    position.store(UNWRITTEN, 0)
    for step, sequence in steps:
        {"s": position.started, "f": position.finished, "d": position.delivered}[step](sequence)
        assert position.bound() == position.state().resume_sequence
