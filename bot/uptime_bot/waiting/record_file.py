"""A small file of what was spent, which says how old it is by a clock that nobody can turn."""

import json
import logging
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from uptime_bot.contract.atomic_file import write_atomically
from uptime_bot.waiting.elapsed import Moment, elapsed_s, this_moment

_log = logging.getLogger(__name__)

_LARGEST_BYTES = 256 * 1024
_VERSION = 1


class NotARecord(Exception):  # noqa: N818 - reads as what happened
    """The file is there and does not say what was spent; the text says why. A copy is kept as .corrupt."""


class RecordFile:
    """One record; `owner` is whose it is, and another's is refused."""

    def __init__(self, path: Path, owner: str, *, moment: Callable[[], Moment] = this_moment) -> None:
        self.path = path
        self._owner = owner
        self._moment = moment
        self._unsaved: str | None = None

    def read(self, parse: Callable[[Any, float], Any]) -> Any:
        """Call `parse` with the record and its age in seconds; None where there is no file. Raises NotARecord.

        A file that is refused stays in place, so that a process that dies here leaves no clean slate behind.
        """
        try:
            with self.path.open("rb") as file:
                raw = file.read(_LARGEST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise NotARecord(f"{self.path} cannot be read: {exc.strerror}") from exc
        try:
            found = json.loads(raw)
            return parse(self._own(found), self._age_s(found))
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError, AttributeError) as exc:
            aside = self.path.with_name(self.path.name + ".corrupt")
            with suppress(OSError):
                write_atomically(aside, raw, durable=False)
            raise NotARecord(f"{self.path} cannot be understood, kept as {aside.name}") from exc

    def _own(self, found: Any) -> Any:
        if found["version"] != _VERSION or found["of"] != self._owner:
            raise ValueError("another version, or another owner")
        return found["record"]

    def _age_s(self, found: Any) -> float:
        at_s = float(found["at_s"])
        if not 0 <= at_s < math.inf:
            raise ValueError("no time")
        return elapsed_s(Moment(boot=str(found["boot"]), at_s=at_s), self._moment())

    def write(self, record: Any, moment: Moment, *, durable: bool) -> None:
        """Replace it; `moment` is when the record was true. Raises OSError."""
        content = {"version": _VERSION, "of": self._owner, "boot": moment.boot, "at_s": moment.at_s, "record": record}
        write_atomically(self.path, json.dumps(content).encode(), durable=durable)

    def save(self, record: Any, moment: Moment, *, durable: bool, otherwise: str) -> bool:
        """Do write(); where that is not possible, False, and logged once with what happens `otherwise`."""
        problem: str | None = None
        try:
            self.write(record, moment, durable=durable)
        except OSError as exc:
            problem = exc.strerror or type(exc).__name__
        if problem is not None and problem != self._unsaved:
            _log.warning("cannot write %s: %s; %s", self.path, problem, otherwise)
        self._unsaved = problem
        return problem is None
