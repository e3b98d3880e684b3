"""A stand-in for systemd's notify socket: a datagram socket that remembers what it was sent, and when."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One datagram."""

    at_mono: float
    fields: dict[str, str]


class NotifySocket:
    """Listens at a path; decodes strictly, as systemd drops what is not UTF-8."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.messages: list[Message] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setblocking(False)

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        text = self._socket.recv(65536).decode("utf-8")
        fields = dict(line.split("=", 1) for line in text.splitlines())
        self.messages.append(Message(at_mono=time.monotonic(), fields=fields))

    def values(self, name: str) -> list[str]:
        """Every value of a field, in order."""
        return [message.fields[name] for message in self.messages if name in message.fields]

    @property
    def status(self) -> str:
        """The last STATUS=."""
        return (self.values("STATUS") or [""])[-1]

    def pings_since(self, at_mono: float) -> int:
        """How many WATCHDOG=1 came after a time."""
        return sum(m.at_mono > at_mono and m.fields.get("WATCHDOG") == "1" for m in self.messages)

    async def wait_for(self, what: str, condition: Callable[["NotifySocket"], bool], within_s: float = 15.0) -> None:
        """Wait until the condition holds; fails with the last messages."""
        end = time.monotonic() + within_s
        while not condition(self):
            if time.monotonic() > end:
                raise AssertionError(f"not within {within_s} s: {what}; last: {self.messages[-5:]}")
            await asyncio.sleep(0.02)
