"""Reads the machine's certificate authorities beside the imports: aiohttp would do it in the middle of its own.

That takes a third of the time in which discord.py is imported (40 to 140 ms, OpenSSL 3), and needs no GIL.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any


class EarlyContext:
    """A default TLS context that a thread makes; it imports nothing, since imports in two threads may deadlock."""

    def __init__(self) -> None:
        self._make = ssl.create_default_context
        self._made: ssl.SSLContext | None = None
        self._thread = Thread(target=self._work, name="uptime-bot TLS context", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the machine's or the service's limit of threads
            self._work()

    def _work(self) -> None:
        try:
            self._made = self._make()
        except (OSError, ValueError):
            self._made = None  # whoever needs one gets the same error, and tells it

    def wait(self) -> None:
        """Until the thread has ended: OpenSSL must not be working while the process ends, or it crashes."""
        if self._thread.ident is not None:
            self._thread.join()

    @contextmanager
    def given_to_the_first(self) -> Iterator[None]:
        """Within it, who first asks the ssl module for a default context is given this one: aiohttp.connector."""

        def give_or_make(*args: Any, **kwargs: Any) -> ssl.SSLContext:
            if args or kwargs:
                return self._make(*args, **kwargs)
            ssl.create_default_context = self._make
            return self._taken() or self._make()

        ssl.create_default_context = give_or_make
        try:
            yield
        finally:
            ssl.create_default_context = self._make

    def _taken(self) -> ssl.SSLContext | None:
        self.wait()
        made, self._made = self._made, None
        return made
