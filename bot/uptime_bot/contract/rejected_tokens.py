"""Remembers by fingerprint which tokens Discord rejected, so that no restart sends a known-bad one again."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from uptime_bot.contract.atomic_file import write_atomically

MOST_ENTRIES = 100
_LARGEST_BYTES = 256 * 1024
_LONGEST_WHERE = 200
_VERSION = 1


class RejectedToken(NamedTuple):
    """A token that Discord rejected: its fingerprint, when, and by which answer."""

    fingerprint: str
    at: datetime
    where: str


class NotSavedError(Exception):
    """The list could not be written (full disk, read-only file system); the process itself still remembers it."""


class RejectedTokens:
    """The rejected tokens of one bot, kept in a small JSON file.

    Never raises while reading: a file that cannot be understood is set aside as .corrupt and one that cannot be read is
    left; `problem` then says so, for the caller to log.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self._unsaved = False
        self._entries: dict[str, RejectedToken] = {}
        self.reload()

    def reload(self) -> None:
        """Takes up what another process wrote; keeps what could not be saved here."""
        if not self._unsaved:
            self._entries = {entry.fingerprint: entry for entry in self._read()}

    def contains(self, fingerprint: str) -> bool:
        """Whether Discord rejected this token before."""
        return fingerprint in self._entries

    def entries(self) -> tuple[RejectedToken, ...]:
        """All of them, the oldest first."""
        return tuple(sorted(self._entries.values(), key=lambda entry: entry.at))

    def add(self, fingerprint: str, *, at: datetime, where: str) -> None:
        """Remembers a rejected token; the newest 100 are kept. Raises NotSavedError."""
        self.reload()
        self._entries[fingerprint] = RejectedToken(fingerprint, at.astimezone(UTC), where[:_LONGEST_WHERE])
        self._entries = {entry.fingerprint: entry for entry in self.entries()[-MOST_ENTRIES:]}
        self._save()

    def discard(self, fingerprint: str) -> None:
        """Forgets a token that Discord accepts again. Raises NotSavedError."""
        self.reload()
        if self._entries.pop(fingerprint, None) is not None:
            self._save()

    def _read(self) -> Iterable[RejectedToken]:
        try:
            with self.path.open("rb") as file:
                raw = file.read(_LARGEST_BYTES)  # one that is cut off here is no valid JSON either
        except FileNotFoundError:
            return ()
        except OSError as error:
            self.problem = f"{self.path} cannot be read: {error.strerror}, going on without it"
            return ()
        import json  # late: watchers import this module, and mostly find no file

        try:
            return [_entry(item) for item in json.loads(raw)["rejected"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            self._set_aside()
            return ()

    def _set_aside(self) -> None:
        aside = self.path.with_name(self.path.name + ".corrupt")
        self.problem = f"{self.path} cannot be understood, set aside as {aside.name}, going on without it"
        try:
            self.path.replace(aside)
        except OSError as error:
            self.problem = f"{self.path} cannot be understood nor set aside: {error.strerror}, going on without it"

    def _save(self) -> None:
        import json  # late, as above

        listed = [
            {"fingerprint": entry.fingerprint, "at": entry.at.isoformat(), "where": entry.where}
            for entry in self.entries()
        ]
        self._unsaved = True
        try:
            content = json.dumps({"version": _VERSION, "rejected": listed}, indent=1) + "\n"
            write_atomically(self.path, content.encode())
        except OSError as error:
            raise NotSavedError(f"{self.path} cannot be written: {error.strerror}") from error
        self._unsaved = False


def _entry(item: Any) -> RejectedToken:
    at = datetime.fromisoformat(item["at"])
    if not isinstance(item["fingerprint"], str) or not isinstance(item["where"], str) or at.tzinfo is None:
        raise TypeError("not an entry")
    return RejectedToken(item["fingerprint"], at.astimezone(UTC), item["where"])
