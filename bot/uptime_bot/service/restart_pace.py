"""The pace of restarts after crashes, the same on every systemd: docs/decisions/0001-restart-pace.md.

systemd's RestartSec is short. RestartSteps exists only from version 254 and never forgets (systemd#43813), so
the rest of a growing delay is waited out here, at the start of the process, from a count in the state directory.
"""

import json
import logging
from pathlib import Path

from uptime_bot.contract.atomic_file import write_atomically
from uptime_bot.contract.settings import RestartSettings
from uptime_bot.waiting.elapsed import boot_id

_log = logging.getLogger(__name__)

EARNED_AFTER_S = 1.0
"""A run that has served for as long, and longer than it was made to wait, has earned its restart."""


def pace_s(unclean_starts: int, settings: RestartSettings) -> float:
    """Seconds to wait beside systemd's short RestartSec, when that many starts in a row did not end cleanly.

    None after a first crash; after the next ones first_delay_s doubling up to max_delay_s, less that first step.
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
        self._unclean_starts = 0
        self.waited_s = 0.0
        """What this start was made to wait."""

    def begin(self, *, can_resume: bool = False) -> int:
        """Count this start; returns how many unclean ones came before it.

        Where the session of the run before can be resumed and that run had earned its restart, it is the only one: such
        a restart costs neither an IDENTIFY nor an event, so that there is nothing to be slow about.
        """
        before, earned = self._read()
        if earned and can_resume:
            before = min(before, 1)
        self._unclean_starts = before + 1
        self._write(before + 1)
        return before

    @property
    def earned_after_s(self) -> float:
        """How long this run has to serve to earn a quick restart."""
        return max(EARNED_AFTER_S, self.waited_s)

    def earned(self) -> None:
        """This run has served for so long; its crashes still count where there is no session to resume."""
        self._write(self._unclean_starts, earned=True)

    def healthy_for_long(self) -> None:
        """Forget what was before this start; a crash from here on is the first."""
        self._unclean_starts = 1
        self._write(1, earned=True)

    def ended_cleanly(self) -> None:
        """Take this start back as well."""
        self._write(0)

    def _read(self) -> tuple[int, bool]:
        try:
            record = json.loads(self._path.read_text(encoding="utf-8"))
            if record["boot_id"] != boot_id():
                return 0, False
            return max(int(record["unclean_starts"]), 0), record.get("earned") is True
        except FileNotFoundError:
            return 0, False
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as exc:
            _log.warning("the crash record %s is unreadable (%s); starting with none, ignoring", self._path, exc)
            return 0, False

    def _write(self, unclean_starts: int, *, earned: bool = False) -> None:
        record = {"unclean_starts": unclean_starts, "earned": earned, "boot_id": boot_id()}
        try:
            write_atomically(self._path, json.dumps(record).encode(), durable=False)
        except OSError as exc:
            _log.warning("cannot write the crash record %s: %s; restarts are not paced, ignoring", self._path, exc)
