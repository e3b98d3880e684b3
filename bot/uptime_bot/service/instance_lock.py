"""One process per bot: an flock in the state directory, which the kernel releases however the process ends."""

import fcntl
import json
import os
import time
from pathlib import Path


class InstanceLocked(Exception):  # noqa: N818 - the state is the name
    """Another process holds the lock; str() says which."""


class InstanceLock:
    """Held from acquire() until the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self, target: str) -> None:
        """Take the lock or raise InstanceLocked with the holder in words."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise InstanceLocked(f"cannot open the lock {self._path}: {exc.strerror}; mend [paths] state_dir") from exc
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = _holder(os.pread(file, 4096, 0))
            os.close(file)
            raise InstanceLocked(
                f"another process runs this bot: {holder}. It holds {self._path}; stop it first "
                "(systemctl stop uptime-bot), or give this one a state directory of its own (--set paths.state_dir=DIR)"
            ) from exc
        self._file = file
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps({"pid": os.getpid(), "since": time.time(), "target": target}).encode(), 0)


def _holder(written: bytes) -> str:
    try:
        holder = json.loads(written)
        pid = int(holder["pid"])
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(holder["since"])))
        return f"pid {pid} ({_name(pid)}), since {since}, running {holder['target']}"
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return "a process that has not said which it is"


def _name(pid: int) -> str:
    import psutil  # late: only a process that is turned away pays for it

    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "in another container or gone"
