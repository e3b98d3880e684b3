"""Compacts a journal up to an offset into another file: `python -m ... JOURNAL OUT END`, run by compacting.py."""

import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from uptime_bot.continuity.compaction import compacted
from uptime_bot.continuity.files import open_file
from uptime_bot.continuity.frames import Frame
from uptime_bot.continuity.journal import Entry, Head, encoded, load, read_head, scan, write_all
from uptime_bot.continuity.journal_file import next_edition

MOST_MEMORY = 1024 * 1024 * 1024
_LEAST_PRIORITY = 19
_PIECE = 1024 * 1024


def main(arguments: list[str]) -> int:
    """0, and OUT stands there, complete; else 1, and the reason is on stderr."""
    journal, out, end = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    os.nice(_LEAST_PRIORITY)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    part = out.with_name(out.name + ".part")
    try:
        compact(journal, part, end, fold=compacted, parent=os.getppid())
        part.replace(out)
    except Exception as error:  # noqa: BLE001 - whatever it is, the bot's process says it and goes on
        part.unlink(missing_ok=True)
        sys.stderr.write(f"{type(error).__name__}: {error}"[:1000])
        return 1
    return 0


Fold = Callable[[Sequence[Entry], Callable[[Entry], bytes]], Iterator[Frame]]
"""Frames of an index and its loader, folded into fewer."""


def compact(journal: Path, out: Path, end: int, *, fold: Fold, parent: int | None = None) -> None:
    """Write a journal's compacted successor, of its frames before end. Raises DamagedError, OSError, what fold does."""
    source = open_file(journal, os.O_RDONLY)
    target = open_file(out, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    head = read_head(source)
    entries = list(scan(source, head.generation, end=end))
    folded = max((entry.sequence for entry in entries), default=0)
    new_head = Head(generation=head.generation, edition=next_edition(head), folded_sequence=folded)
    parts: list[bytes] = []
    at, size = write_all(target, new_head.packed(), 0), 0
    for frame in fold(entries, partial(load, source)):
        parts.extend(encoded(frame, head.generation))
        size += len(frame.payload)
        if size > _PIECE:
            at, parts, size = write_all(target, b"".join(parts), at), [], 0
            if parent is not None and os.getppid() != parent:
                raise OSError("the bot's process is gone")
    write_all(target, b"".join(parts), at)
    os.close(source)
    os.close(target)


def unfolded(entries: Sequence[Entry], loaded: Callable[[Entry], bytes]) -> Iterator[Frame]:
    """Nothing is folded: a journal as it was."""
    for entry in entries:
        yield Frame(entry.kind, entry.sequence, entry.guild_id, entry.entity_id, loaded(entry))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
