"""Events that killed the process twice: kept for inspection, one file each."""

import json
import logging
import time
from contextlib import suppress
from pathlib import Path

from uptime_bot.contract.atomic_file import write_atomically

_log = logging.getLogger(__name__)

MOST_FILES = 50
LARGEST_BYTES = 4 * 1024 * 1024
"""A gateway frame that is longer is cut: it is for people to read."""


class SetAside:
    """The folder of events that are not handed to the bot any more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, session_id: str, sequence: int) -> Path:
        """Where an event of a session is, or would be, kept."""
        from hashlib import sha256  # late: only who sets something aside needs it

        return self._folder / f"{sha256(session_id.encode()).hexdigest()[:12]}-{sequence}.json"

    def keep(self, session_id: str, sequence: int, *, shard: int, event: str, frame: str) -> Path:
        """Write an event down; where that is impossible, say so and go on."""
        path = self.path_of(session_id, sequence)
        content = {
            "event": event,
            "sequence": sequence,
            "shard": shard,
            "set_aside_at": time.time(),
            "frame": frame[:LARGEST_BYTES],
        }
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_atomically(path, json.dumps(content, indent=1).encode() + b"\n", durable=False)
            self._tidy()
        except OSError as exc:
            _log.warning("cannot keep the event that was set aside: %s", exc)
        return path

    def _tidy(self) -> None:
        files = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in files[:-MOST_FILES]:
            with suppress(OSError):
                path.unlink()
