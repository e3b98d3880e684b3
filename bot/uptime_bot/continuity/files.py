"""Where a shard's record lies, and opening its files without being led elsewhere."""

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

_FINGERPRINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
FOLDER = "sessions"


class RecordFiles(NamedTuple):
    """The files of one shard: journal and the position's copy in the state directory, the position itself in tmpfs."""

    journal: Path
    copy: Path
    position: Path


def record_files(state_dir: Path, runtime_dir: Path, *, token: str, shard_id: int, shard_count: int) -> RecordFiles:
    """A shard's files; token is the fingerprint. Raises ValueError for one that is no plain name."""
    if not _FINGERPRINT.fullmatch(token):
        raise ValueError("not a token's fingerprint")
    name = f"{int(shard_id)}-of-{int(shard_count)}"
    kept, fleeting = state_dir / FOLDER / token, runtime_dir / FOLDER / token
    return RecordFiles(
        journal=kept / f"{name}.journal",
        copy=kept / f"{name}.position",
        position=fleeting / f"{name}.position",
    )


def make_folder(folder: Path) -> None:
    """Creates it and its parents below what is there, for the owner alone. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in (folder, folder.parent):
        if each.stat().st_mode & 0o077:
            each.chmod(0o700)


def open_file(path: Path, flags: int) -> int:
    """A descriptor of a regular file, 0600 where it is created. Raises OSError, also for a link or a pipe."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError("not a regular file")


def read_file(path: Path, *, at_most: int) -> bytes | None:
    """Its content, at most one byte more than asked for; None where there is none or it cannot be read."""
    try:
        descriptor = open_file(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return os.read(descriptor, at_most + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
