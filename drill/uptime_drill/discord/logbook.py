"""What the stand-in saw, as JSON lines: enough to judge a bot from outside it."""

import asyncio
import contextlib
import json
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

Entry = dict[str, Any]

# A stand-in may run for months as a demo: the file is kept, and one before it, each up to this size.
FILE_LIMIT_BYTES = 64 << 20


class Logbook:
    """Appends entries to memory (the newest `kept`) and to a file, each with `n`, `at` and `mono`.

    `at` is seconds since 1970, `mono` the monotonic clock of this machine, `n` a number that rises by one.
    """

    def __init__(self, *, kept: int, file: Path | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._file = file
        self._stream: TextIO | None = _opened(file) if file else None
        self._changed = asyncio.Event()
        self._n = 0
        self.counts: Counter[str] = Counter()

    def write(self, event: str, **details: Any) -> None:
        self._n += 1
        entry: Entry = {"n": self._n, "at": time.time(), "mono": time.monotonic(), "event": event, **details}
        self._entries.append(entry)
        self.counts[event] += 1
        self._to_file(entry)
        self._changed.set()

    def _to_file(self, entry: Entry) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(json.dumps(entry) + "\n")
            if self._n % 1000 == 0:
                self._rotate()
        except OSError as problem:  # a full disk must not look like an outage of Discord
            self._stream = None
            self.write("log_file_lost", error=str(problem))

    def _rotate(self) -> None:
        if self._stream is None or self._file is None or self._stream.tell() < FILE_LIMIT_BYTES:
            return
        self._stream.close()
        self._file.replace(self._file.with_name(self._file.name + ".1"))
        self._stream = _opened(self._file)

    def entries(self, event: str | None = None, *, since: int = 0, **details: Any) -> list[Entry]:
        """The kept entries after number `since`, of that event and with exactly those details."""
        return [
            entry
            for entry in self._entries
            if entry["n"] > since
            and (event is None or entry["event"] == event)
            and all(key in entry and entry[key] == value for key, value in details.items())
        ]

    @property
    def last_n(self) -> int:
        return self._n

    async def wait_for(
        self, event: str, *, within_s: float = 10.0, since: int = 0, count: int = 1, **details: Any
    ) -> Entry:
        """The `count`-th such entry, as soon as it is there; raises TimeoutError with the newest entries."""
        await self.wait_until(
            lambda: len(self.entries(event, since=since, **details)) >= count,
            within_s=within_s,
            awaited=f"{event} {details}",
        )
        return self.entries(event, since=since, **details)[count - 1]

    async def wait_until(self, condition: Callable[[], bool], *, within_s: float = 10.0, awaited: str = "") -> None:
        """Look again at each new entry (and every 50 ms) until the condition holds; raises TimeoutError."""
        deadline = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > deadline:
                newest = [f"{e['event']} {e}" for e in list(self._entries)[-5:]]
                raise TimeoutError(f"not seen within {within_s} s: {awaited}; newest: {newest}")
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), 0.05)
            except TimeoutError:
                continue

    def close(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.close()
            self._stream = None


def _opened(file: Path) -> TextIO:
    return file.open("a", encoding="utf-8", buffering=1)
