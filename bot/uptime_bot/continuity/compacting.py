"""A process that compacts a journal at low priority: no GIL of ours, no memory of ours, no secret of ours."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Protocol

_LONGEST_WORDS = 2000
_OUT = ".compacted-"


class CompactionProcess(Protocol):
    """A compaction under way."""

    def outcome(self) -> Path | str | None:
        """The compacted journal, or why there is none; None while the process is at work."""

    def stop(self) -> None:
        """Kill it and take away what it wrote."""


StartCompacting = Callable[[Path, int, float], CompactionProcess]
"""Begins to compact a journal up to an offset, for at most so many seconds; raises OSError."""


class Compacting:
    """One process; raises OSError if it cannot be started."""

    def __init__(self, journal: Path, until: int, limit_s: float) -> None:
        import subprocess  # late: asyncio has it loaded by the time anything is compacted

        _clear(journal.parent, f"{journal.name}{_OUT}")
        self._limit_s = limit_s
        self._out = journal.with_name(f"{journal.name}{_OUT}{os.getpid()}")
        self._deadline_mono = monotonic() + limit_s
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "uptime_bot.continuity.compact_process", journal, self._out, str(until)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(),
            cwd="/",
        )

    def outcome(self) -> Path | str | None:
        """The compacted journal, or why there is none; None while the process is at work."""
        if self._process.poll() is None:
            if monotonic() < self._deadline_mono:
                return None
            self.stop()
            return f"it took longer than {self._limit_s:.0f} s"
        words = self._words()
        if self._process.returncode == 0 and self._out.exists():
            return self._out
        _clear(self._out.parent, self._out.name)
        return words or f"the process ended with {self._process.returncode}"

    def stop(self) -> None:
        """Kill it and take away what it wrote."""
        self._process.kill()
        self._process.wait()
        self._words()
        _clear(self._out.parent, self._out.name)

    def _words(self) -> str:
        stream = self._process.stderr
        if stream is None:
            return ""
        with stream:
            return stream.read(_LONGEST_WORDS).decode(errors="replace").strip()


def _clear(folder: Path, name: str) -> None:
    """Take away what begins with a name: a killed process leaves its file unfinished, under a longer name."""
    for left in folder.glob(f"{name}*"):
        left.unlink(missing_ok=True)


def _environment() -> dict[str, str]:
    """Nothing of the bot's: it may hold a token. A Python that is not the system's may need its libraries."""
    return {name: value for name in ("LD_LIBRARY_PATH",) if (value := os.environ.get(name))}
