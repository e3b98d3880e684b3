"""The journal's format: what was written is read; what is damaged before the end that is asked for is not accepted."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.continuity.frames import Frame, Kind
from uptime_bot.continuity.journal import HEAD_LENGTH, DamagedError, Head, encoded, load, read_head, scan, write_all

GENERATION = 0xABCDEF123
HEAD = Head(generation=GENERATION, edition=3, folded_sequence=17)
IDS = st.integers(0, 2**64 - 1)
FRAMES = st.lists(st.builds(Frame, st.sampled_from(Kind), IDS, IDS, IDS, st.binary(max_size=300)), max_size=12)


def packed(frames: list[Frame]) -> bytes:
    return HEAD.packed() + b"".join(part for frame in frames for part in encoded(frame, GENERATION))


@contextmanager
def a_file(content: bytes | bytearray) -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        write_all(file.fileno(), bytes(content), 0)
        yield file.fileno()


def read(descriptor: int, end: int, generation: int = GENERATION) -> list[Frame]:
    return [
        Frame(entry.kind, entry.sequence, entry.guild_id, entry.entity_id, load(descriptor, entry))
        for entry in scan(descriptor, generation, end=end)
    ]


def read_all(descriptor: int, end: int) -> list[Frame]:
    return read(descriptor, end, read_head(descriptor).generation)


@given(FRAMES, st.binary(max_size=50))
def test_what_is_written_is_read_whatever_stands_behind_it(frames: list[Frame], behind: bytes) -> None:
    content = packed(frames)
    with a_file(content + behind) as descriptor:
        assert read_head(descriptor) == HEAD
        assert read(descriptor, len(content)) == frames


@given(FRAMES.filter(bool), st.data())
def test_a_damaged_byte_is_noticed(frames: list[Frame], data: st.DataObject) -> None:
    content = bytearray(packed(frames))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with a_file(content) as descriptor, pytest.raises(DamagedError):
        read_all(descriptor, len(content))


@given(FRAMES.filter(bool), st.data())
def test_an_end_within_a_frame_or_behind_the_file_is_noticed(frames: list[Frame], data: st.DataObject) -> None:
    content = packed(frames)
    end = data.draw(st.integers(0, len(content) + 100))
    with a_file(content) as descriptor:
        try:
            whole = read(descriptor, end)
        except DamagedError:
            return
        assert packed(whole) == content[:end]


def test_a_frame_of_another_session_is_noticed() -> None:
    content = packed([Frame(Kind.EVENT, 1, 2, 3, b"x")])
    with a_file(content) as descriptor, pytest.raises(DamagedError, match="garbled"):
        read(descriptor, len(content), GENERATION + 1)


def test_frames_that_are_longer_than_a_read() -> None:
    frames = [
        Frame(Kind.EVENT, number, 2, 3, bytes([number]) * size) for number, size in enumerate((5, 3 << 20, 7, 1 << 20))
    ]
    content = packed(frames)
    with a_file(content) as descriptor:
        assert read(descriptor, len(content)) == frames


def test_an_impossible_length_is_not_read() -> None:
    content = bytearray(packed([Frame(Kind.EVENT, 1, 2, 3, b"x")]))
    content[HEAD_LENGTH + 4 : HEAD_LENGTH + 8] = b"\xff\xff\xff\xff"
    with a_file(content) as descriptor, pytest.raises(DamagedError, match="impossible length"):
        read(descriptor, len(content))


def test_another_version_is_no_journal() -> None:
    with a_file(os.urandom(200)) as descriptor, pytest.raises(DamagedError):
        read_head(descriptor)
