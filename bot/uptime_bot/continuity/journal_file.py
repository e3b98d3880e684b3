"""A journal on disk while it is being written: only appended to, and never half a frame followed by others."""

import os
from collections import deque
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from uptime_bot.continuity.files import make_folder, open_file
from uptime_bot.continuity.found import Found
from uptime_bot.continuity.frames import Frame
from uptime_bot.continuity.journal import DamagedError, Head, encoded, read_head, scan, write_all
from uptime_bot.continuity.position import Mark

_COPY_CHUNK = 1024 * 1024
_MOST_BOUNDARIES = 1000


class Boundary(NamedTuple):
    """The end of a frame: what comes before it, and the highest sequence of that."""

    length: int
    frames: int
    last_sequence: int


class JournalFile:
    """Open for appending. Methods raise OSError, and struct.error for frames that cannot be written."""

    def __init__(
        self, path: Path, descriptor: int, head: Head, *, length: int, last_sequence: int, frames: int
    ) -> None:
        self.path = path
        self.head = head
        self.length = length
        self.frames = frames
        self._descriptor = descriptor
        # Where batches ended: compaction may reach up to one of these.
        self._boundaries: deque[Boundary] = deque([Boundary(length, frames, last_sequence)])

    @classmethod
    def created(cls, path: Path, *, generation: int, frames: list[Frame]) -> "JournalFile":
        """A new one in the place of any other, complete from the first instant that it stands there."""
        make_folder(path.parent)
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        head = Head(generation=generation, edition=0, folded_sequence=0)
        descriptor = open_file(new, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            content = head.packed() + _joined(frames, generation)
            length = write_all(descriptor, content, 0)
            new.replace(path)
        except BaseException:
            os.close(descriptor)
            raise
        last_sequence = frames[-1].sequence
        return cls(path, descriptor, head, length=length, last_sequence=last_sequence, frames=len(frames))

    @classmethod
    def continued(cls, found: Found) -> "JournalFile":
        """The one that was found, without what stands behind its resume sequence."""
        descriptor = open_file(found.files.journal, os.O_RDWR)
        try:
            _require(read_head(descriptor) == found.head, "the journal was replaced meanwhile")
            os.ftruncate(descriptor, found.end)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(
            found.files.journal,
            descriptor,
            found.head,
            length=found.end,
            last_sequence=found.resume_sequence,
            frames=found.frames,
        )

    @property
    def mark(self) -> Mark:
        """Up to where it is intact."""
        return Mark(edition=self.head.edition, length=self.length)

    def append(self, frames: list[Frame]) -> None:
        """Write frames; after an OSError nothing of them counts, and the next append begins at the same place."""
        content = _joined(frames, self.head.generation)
        try:
            self.length = write_all(self._descriptor, content, self.length)
        except OSError:
            os.ftruncate(self._descriptor, self.length)
            raise
        self.frames += len(frames)
        self._boundaries.append(Boundary(self.length, self.frames, frames[-1].sequence))
        if len(self._boundaries) > _MOST_BOUNDARIES:
            self._boundaries = deque([*islice(self._boundaries, 0, None, 2), self._boundaries[-1]])

    def boundary(self, until: int) -> Boundary:
        """The furthest known end of a frame before which no sequence is above until; length 0: there is none."""
        boundaries = self._boundaries
        while len(boundaries) > 1 and boundaries[1].last_sequence <= until:
            boundaries.popleft()
        return boundaries[0] if boundaries[0].last_sequence <= until else Boundary(0, 0, 0)

    def moved_behind(self, compacted: Path, start: Boundary) -> "JournalFile":
        """The compacted file, verified, with this one's frames from start on appended; not in its place yet."""
        descriptor = open_file(compacted, os.O_RDWR)
        try:
            head = read_head(descriptor)
            wanted = (self.head.generation, next_edition(self.head))
            _require((head.generation, head.edition) == wanted, "the compacted journal is not this one's")
            length = os.fstat(descriptor).st_size
            frames = _count(descriptor, head, length) + self.frames - start.frames
            last_sequence = self._boundaries[-1].last_sequence
            moved = JournalFile(compacted, descriptor, head, length=length, last_sequence=last_sequence, frames=frames)
            for at in range(start.length, self.length, _COPY_CHUNK):
                chunk = os.pread(self._descriptor, min(_COPY_CHUNK, self.length - at), at)
                moved.length = write_all(descriptor, chunk, moved.length)
            _require(
                moved.length - length == self.length - start.length, "the journal is shorter than what was written"
            )
        except BaseException:
            os.close(descriptor)
            raise
        moved._boundaries = deque([Boundary(moved.length, frames, last_sequence)])
        return moved

    def take_place_of(self, path: Path) -> None:
        """Rename over another."""
        self.path.replace(path)
        self.path = path

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def _require(met: bool, otherwise: str) -> None:
    if not met:
        raise OSError(otherwise)


def _count(descriptor: int, head: Head, end: int) -> int:
    try:
        return sum(1 for _ in scan(descriptor, head.generation, end=end))
    except DamagedError as error:
        raise OSError(f"the compacted journal is damaged: {error}") from None


def next_edition(head: Head) -> int:
    """The edition of its compacted successor."""
    return (head.edition + 1) % 1024


def _joined(frames: list[Frame], generation: int) -> bytes:
    parts: list[bytes] = []
    for frame in frames:
        parts.extend(encoded(frame, generation))
    return b"".join(parts)
