"""sdnotify's SystemdNotifier without a socket: it encodes as that does, and can be full."""

import errno
import os


class FakeSocket:
    """Knows whether it would block."""

    blocking = True

    def setblocking(self, flag: bool) -> None:
        self.blocking = flag


class FakeSystemdNotifier:
    """Remembers the datagrams that systemd would have read."""

    def __init__(self) -> None:
        self.socket = FakeSocket()
        self.datagrams: list[bytes] = []
        self.full = False

    def notify(self, state: str) -> None:
        """Send as sdnotify 0.3.2 with debug=True does: in latin-1, raising what goes wrong."""
        data = state.encode("latin-1")
        if self.full:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        self.datagrams.append(data)

    @property
    def last(self) -> dict[str, str]:
        """The newest datagram as systemd reads it: strictly UTF-8, a field a line."""
        return dict(line.split("=", 1) for line in self.datagrams[-1].decode("utf-8").split("\n"))
