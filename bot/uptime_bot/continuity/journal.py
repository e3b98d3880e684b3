"""The journal's format: a head, then frames; each carries a CRC that is seeded with the session's generation.

The position says up to which byte a journal is complete, so what stands behind that (a frame that a SIGKILL cut off, or
anything else) is never looked at, and whatever is odd before it makes the whole journal unusable.
"""

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from uptime_bot.continuity.frames import Frame, Kind

LONGEST_PAYLOAD = 64 * 1024 * 1024
LONGEST_JOURNAL = 4 * 1024 * 1024 * 1024

_MAGIC = b"uptimeJ1"
_HEAD = struct.Struct("<8sQQQ")  # magic and version, generation, edition, folded sequence; then their CRC
_CRC = struct.Struct("<I")
_REST = struct.Struct("<IQQQB3x")  # payload's length, sequence, guild, entity, kind: what the CRC covers first
_HEADER = struct.Struct("<IIQQQB3x")

HEAD_LENGTH = _HEAD.size + _CRC.size
HEADER_LENGTH = _HEADER.size
CRC_LENGTH = _CRC.size
_CHUNK = 1024 * 1024
_KINDS = {int(kind): kind for kind in Kind}


class DamagedError(Exception):
    """The journal is not what was written: torn before its end, garbled, foreign or of another version."""


class Entry(NamedTuple):
    """Where a frame lies: offset of its payload, length of it."""

    kind: Kind
    sequence: int
    guild_id: int
    entity_id: int
    offset: int
    length: int

    @property
    def starts_at(self) -> int:
        """Where the frame itself begins."""
        return self.offset - HEADER_LENGTH

    @property
    def ends_at(self) -> int:
        """Where the next frame begins."""
        return self.offset + self.length


class Head(NamedTuple):
    """The first bytes of a journal."""

    generation: int
    edition: int
    """How often it was compacted."""

    folded_sequence: int
    """Compaction folded events up to this one together: nothing before it can be told apart any more."""

    def packed(self) -> bytes:
        """As bytes, HEAD_LENGTH of them."""
        head = _HEAD.pack(_MAGIC, self.generation, self.edition, self.folded_sequence)
        return head + _CRC.pack(crc32(head))


def read_head(descriptor: int) -> Head:
    """Raises DamagedError, OSError."""
    raw = os.pread(descriptor, HEAD_LENGTH, 0)
    if len(raw) != HEAD_LENGTH or _CRC.unpack_from(raw, _HEAD.size)[0] != crc32(raw[: _HEAD.size]):
        raise DamagedError("its head is damaged")
    magic, generation, edition, folded_sequence = _HEAD.unpack_from(raw)
    if magic != _MAGIC:
        raise DamagedError("it is no journal, or one of another version")
    return Head(generation=generation, edition=edition, folded_sequence=folded_sequence)


def encoded(frame: Frame, generation: int) -> tuple[bytes, bytes, bytes]:
    """A frame's bytes in three parts, to be joined with others'. Raises struct.error for ids that are none."""
    kind, sequence, guild_id, entity_id, payload = frame
    rest = _REST.pack(len(payload), sequence, guild_id, entity_id, kind)
    return _CRC.pack(crc32(payload, crc32(rest, generation & 0xFFFFFFFF))), rest, payload


def scan(descriptor: int, generation: int, *, start: int = HEAD_LENGTH, end: int) -> Iterator[Entry]:
    """The frames between two boundaries, each with its CRC verified. Raises DamagedError, OSError."""
    if not HEAD_LENGTH <= start <= end <= LONGEST_JOURNAL:
        raise DamagedError("its length is out of bounds")
    seed, at = generation & 0xFFFFFFFF, start
    kind_of, unpack, new = _KINDS.get, _HEADER.unpack_from, tuple.__new__  # there may be some 100,000 frames
    while at < end:
        chunk = _read(descriptor, at, end)
        view, place, size = memoryview(chunk), 0, len(chunk)
        while place + HEADER_LENGTH <= size:
            crc, length, sequence, guild_id, entity_id, kind = unpack(chunk, place)
            stop = place + HEADER_LENGTH + length
            if stop > size:
                break
            known = kind_of(kind)
            if crc32(view[place + CRC_LENGTH : stop], seed) != crc or known is None:
                raise DamagedError(f"a frame at byte {at + place} is garbled")
            yield new(Entry, (known, sequence, guild_id, entity_id, at + place + HEADER_LENGTH, length))
            place = stop
        at += place


def load(descriptor: int, entry: Entry) -> bytes:
    """A frame's payload. Raises DamagedError, OSError."""
    payload = os.pread(descriptor, entry.length, entry.offset)
    if len(payload) != entry.length:
        raise DamagedError(f"a frame at byte {entry.starts_at} is cut off")
    return payload


def write_all(descriptor: int, content: bytes, offset: int) -> int:
    """Write all of it at an offset; the offset behind it. Raises OSError, and some of it may be written then."""
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, offset)
        offset += written
        view = view[written:]
    return offset


def _read(descriptor: int, at: int, end: int) -> bytes:
    """A piece of the file that holds at least one whole frame."""
    chunk = os.pread(descriptor, min(_CHUNK, end - at), at)
    if len(chunk) >= HEADER_LENGTH:
        length = _HEADER.unpack_from(chunk)[1]
        needed = HEADER_LENGTH + length
        if length > LONGEST_PAYLOAD or at + needed > end:
            raise DamagedError(f"a frame at byte {at} has an impossible length")
        if needed > len(chunk):
            chunk = os.pread(descriptor, needed, at)
        if len(chunk) >= needed:
            return chunk
    raise DamagedError(f"it is cut off at byte {at}")
