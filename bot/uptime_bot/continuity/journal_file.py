"""A journal on disk while it is being written: only appended to, and never half a frame followed by others."""

import os
from collections import deque
from itertools import islice
from pathlib import Path

from uptime_bot.continuity.files import make_folder, open_file
from uptime_bot.continuity.found import Found
from uptime_bot.continuity.frames import Frame
from uptime_bot.continuity.journal import Head, encoded, read_head, write_all
from uptime_bot.continuity.position import Mark

_COPY_CHUNK = 1024 * 1024
_MOST_BOUNDARIES = 1000


class JournalFile:
    """Open for appending. Methods raise OSError, and struct.error for frames that cannot be written."""

    def __init__(self, path: Path, descriptor: int, head: Head, length: int, last_sequence: int) -> None:
        self.path = path
        self.head = head
        self.length = length
        self._descriptor = descriptor
        # Where batches ended, and with which sequence: compaction may reach up to one of these.
        self._boundaries: deque[tuple[int, int]] = deque([(length, last_sequence)])

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
        return cls(path, descriptor, head, length, frames[-1].sequence)

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
        return cls(found.files.journal, descriptor, found.head, found.end, found.resume_sequence)

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
        self._boundaries.append((self.length, frames[-1].sequence))
        if len(self._boundaries) > _MOST_BOUNDARIES:
            self._boundaries = deque([*islice(self._boundaries, 0, None, 2), self._boundaries[-1]])

    def boundary(self, until: int) -> int:
        """The furthest known end of a frame before which no sequence is above until."""
        boundaries = self._boundaries
        while len(boundaries) > 1 and boundaries[1][1] <= until:
            boundaries.popleft()
        return boundaries[0][0] if boundaries[0][1] <= until else 0

    def moved_behind(self, compacted: Path, start: int) -> "JournalFile":
        """The compacted file with this one's frames from start on appended; not in its place yet."""
        descriptor = open_file(compacted, os.O_RDWR)
        try:
            head = read_head(descriptor)
            wanted = (self.head.generation, next_edition(self.head))
            _require((head.generation, head.edition) == wanted, "the compacted journal is not this one's")
            length = os.fstat(descriptor).st_size
            moved = JournalFile(compacted, descriptor, head, length, 0)
            for at in range(start, self.length, _COPY_CHUNK):
                chunk = os.pread(self._descriptor, min(_COPY_CHUNK, self.length - at), at)
                moved.length = write_all(descriptor, chunk, moved.length)
            _require(moved.length - length == self.length - start, "the journal is shorter than what was written")
        except BaseException:
            os.close(descriptor)
            raise
        moved._boundaries = deque([(moved.length, self._boundaries[-1][1])])
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


def next_edition(head: Head) -> int:
    """The edition of its compacted successor."""
    return (head.edition + 1) % 1024


def _joined(frames: list[Frame], generation: int) -> bytes:
    parts: list[bytes] = []
    for frame in frames:
        parts.extend(encoded(frame, generation))
    return b"".join(parts)
