"""The pace of restarts after crashes, the same on every systemd: docs/decisions/0001-restart-pace.md.

systemd's RestartSec stays at 100 ms. RestartSteps exists only from version 254 and never forgets (systemd#43813), so
the rest of a growing delay is waited out here, at the start of the process, from a count in the state directory.
"""

import json
import logging
from pathlib import Path

from uptime_bot.contract.atomic_file import write_atomically
from uptime_bot.contract.settings import RestartSettings

_log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def pace_s(unclean_starts: int, settings: RestartSettings) -> float:
    """Seconds still to wait after systemd's own first_delay_s, when that many starts in a row did not end cleanly.

    The whole delay is 0 before the first crash, then first_delay_s doubling up to max_delay_s.
    """
    if unclean_starts <= 0:
        return 0.0
    doublings = min(unclean_starts - 1, 60)
    return max(min(settings.max_delay_s, settings.first_delay_s * 2.0**doublings) - settings.first_delay_s, 0.0)


class CrashRecord:
    """How many starts in a row did not end cleanly, in a small file in the state directory.

    A start counts until it is taken back: by a clean end, or by having been healthy for long enough. So no end has to
    be written by a process that was killed. A reboot starts afresh.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self) -> int:
        """Count this start; returns how many unclean ones came before it."""
        before = self._read()
        self._write(before + 1)
        return before

    def healthy_for_long(self) -> None:
        """Forget what was before this start; a crash from here on is the first."""
        self._write(1)

    def ended_cleanly(self) -> None:
        """Take this start back as well."""
        self._write(0)

    def _read(self) -> int:
        try:
            record = json.loads(self._path.read_text(encoding="utf-8"))
            if record["boot_id"] != _boot_id():
                return 0
            return max(int(record["unclean_starts"]), 0)
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as exc:
            _log.warning("the crash record %s is unreadable (%s); starting with none, ignoring", self._path, exc)
            return 0

    def _write(self, unclean_starts: int) -> None:
        record = {"unclean_starts": unclean_starts, "boot_id": _boot_id()}
        try:
            write_atomically(self._path, json.dumps(record).encode(), durable=False)
        except OSError as exc:
            _log.warning("cannot write the crash record %s: %s; restarts are not paced, ignoring", self._path, exc)


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
