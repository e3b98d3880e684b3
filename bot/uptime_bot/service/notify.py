"""sd_notify by the sdnotify package, with its traps closed.

sdnotify 0.3.2 encodes latin-1 (a check mark in STATUS= would lose the whole datagram, READY=1 included), swallows every
error, and blocks when nobody reads the socket. So: UTF-8 bytes go through it as latin-1 text, errors are seen, and the
socket does not block; what could not be sent stays due and goes with the next datagram.
"""

import logging
import os
import threading
from collections.abc import Mapping, MutableMapping

import sdnotify

_log = logging.getLogger(__name__)

LONGEST_STATUS = 300
"""Characters; a status is a line that people read."""


def status_line(words: str) -> str:
    """One line without control characters: a newline would be a field of its own."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return line if len(line) <= LONGEST_STATUS else line[: LONGEST_STATUS - 1] + "…"


class Notifier:
    """Sends assignments to systemd; silent where there is no systemd. Never blocks, never raises.

    Any thread may send, and a signal handler in the middle of it: hence the lock that its own thread passes.
    """

    def __init__(self, socket: sdnotify.SystemdNotifier | None) -> None:
        self._socket = socket
        self._due: dict[str, str] = {}
        self._lock = threading.RLock()
        if socket is not None:
            socket.socket.setblocking(False)

    @property
    def listening(self) -> bool:
        """Whether somebody listens."""
        return self._socket is not None

    def send(self, **assignments: str | int) -> bool:
        """Send NAME=value pairs in one datagram; False when they have to wait for the next one."""
        if self._socket is None:
            return True
        failure = self._send(self._socket, {name: str(value) for name, value in assignments.items()})
        if failure is not None:
            _log.debug("systemd's notify socket: %s; it goes with the next message", failure)
        return failure is None

    def _send(self, socket: sdnotify.SystemdNotifier, assignments: dict[str, str]) -> OSError | None:
        with self._lock:
            due, self._due = self._due, {}  # taken, since a signal handler may send in the middle of this
            fields = due | assignments
            if due.get("WATCHDOG") == "trigger":
                fields["WATCHDOG"] = "trigger"
            text = "\n".join(f"{name}={status_line(value)}" for name, value in fields.items())
            try:
                socket.notify(text.encode("utf-8", "replace").decode("latin-1"))
            except OSError as exc:
                # A ping that could not be sent in time is stale; the next tick brings its own. A trigger is not.
                if fields.get("WATCHDOG") == "1":
                    del fields["WATCHDOG"]
                self._due = fields | self._due
                return exc
            return None


def connect(environ: MutableMapping[str, str]) -> Notifier:
    """Connect to $NOTIFY_SOCKET, and take it from the environment: a child, or a bot that pings by itself, must not
    keep a deaf process alive."""
    if not environ.get("NOTIFY_SOCKET"):
        return Notifier(None)
    try:
        notifier = Notifier(sdnotify.SystemdNotifier(debug=True))
    except OSError as exc:
        _log.warning("cannot reach systemd's notify socket: %s; running without it", exc)
        notifier = Notifier(None)
    environ.pop("NOTIFY_SOCKET", None)
    return notifier


def watchdog_s(environ: Mapping[str, str]) -> float | None:
    """The watchdog's timeout in seconds, or None where no watchdog waits for this process (sd_watchdog_enabled(3))."""
    pid = environ.get("WATCHDOG_PID")
    if pid not in (None, "", str(os.getpid())):
        return None
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 1e6 if microseconds > 0 else None
