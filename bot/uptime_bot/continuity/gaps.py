"""The intervals in which events may have been lost: a session ended, and another began later."""

import json
import logging
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from uptime_bot.contract.atomic_file import write_atomically

_log = logging.getLogger(__name__)

MOST_GAPS = 200
_LARGEST_BYTES = 256 * 1024


class Gap(NamedTuple):
    """Between these two moments (Unix seconds) a shard had no session that knew of events."""

    shard: int
    from_at: float
    to_at: float
    reason: str


class Gaps:
    """The latest gaps, in a small JSON file; for any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._adding = Lock()

    def all(self) -> tuple[Gap, ...]:
        """What is on record, oldest first; nothing where the file cannot be read."""
        try:
            with self._path.open("rb") as file:
                listed = json.loads(file.read(_LARGEST_BYTES))["gaps"]
            return tuple(
                Gap(int(gap["shard"]), float(gap["from"]), float(gap["to"]), str(gap["reason"])) for gap in listed
            )
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as exc:
            _log.warning("%s cannot be read (%s); beginning anew", self._path, exc)
            return ()

    def add(self, gap: Gap) -> None:
        """Put one more on record."""
        with self._adding:
            self._add(gap)

    def _add(self, gap: Gap) -> None:
        kept = [*self.all(), gap][-MOST_GAPS:]
        listed = [
            {"shard": one.shard, "from": one.from_at, "to": one.to_at, "reason": one.reason[:200]} for one in kept
        ]
        try:
            write_atomically(self._path, json.dumps({"gaps": listed}, indent=1).encode() + b"\n", durable=False)
        except OSError as exc:
            _log.warning("cannot write %s: %s, ignoring", self._path, exc)
