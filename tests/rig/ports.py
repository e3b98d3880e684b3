"""Ports of 127.0.0.1, which the machines share with the host and with each other."""

import socket
from contextlib import ExitStack

ATTEMPTS = 50


def free_port_pair() -> int:
    """A port that nobody listens on just now, and neither on the next one."""
    for _ in range(ATTEMPTS):
        with ExitStack() as held:
            first = held.enter_context(socket.create_server(("127.0.0.1", 0)))
            port = int(first.getsockname()[1])
            try:
                held.enter_context(socket.create_server(("127.0.0.1", port + 1)))
            except OSError:
                continue
            return port
    raise AssertionError("no two free ports side by side")
