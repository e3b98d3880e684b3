"""Registers the built-in bot's slash commands with Discord beside everything else: no start ever waits for it."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import discord

from uptime_bot.contract.atomic_file import write_atomically

_log = logging.getLogger(__name__)

LONGEST_ATTEMPT_S = 30.0
"""discord.py itself waits for an answer, and out a rate limit, without any limit."""
FIRST_DELAY_S = 30.0
LONGEST_DELAY_S = 900.0
_PASSING = (aiohttp.ClientError, OSError, TimeoutError)


class CommandRegistration:
    """Sends the commands where they have changed since the last time, and tries again what may pass.

    `payload` gives the commands as Discord takes them, `send` registers them, `application_id` says whose they are.
    What was registered is remembered in `remembered_in`.
    """

    def __init__(
        self,
        *,
        payload: Callable[[], list[dict[str, Any]]],
        send: Callable[[], Awaitable[object]],
        application_id: Callable[[], int | None],
        remembered_in: Path,
    ) -> None:
        self._payload = payload
        self._send = send
        self._application_id = application_id
        self._remembered_in = remembered_in
        self._under_way: asyncio.Task[None] | None = None

    def begin(self, after: Callable[[], Awaitable[object]]) -> None:
        """Register in a task of its own, once `after` has come to its end."""
        self.cancel()
        self._under_way = asyncio.create_task(self._run(after), name="uptime-bot: register the commands")

    async def once(self) -> None:
        """Register now, for at most 30 s; what may pass is tried again later in a task."""
        self.cancel()
        if not await self._attempt(FIRST_DELAY_S):
            self.begin(lambda: asyncio.sleep(FIRST_DELAY_S))

    def cancel(self) -> None:
        """End what is under way."""
        if self._under_way is not None:
            self._under_way.cancel()
            self._under_way = None

    async def _run(self, after: Callable[[], Awaitable[object]]) -> None:
        try:
            await after()
            delay_s = FIRST_DELAY_S
            while not await self._attempt(delay_s):
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, LONGEST_DELAY_S)
        except Exception:  # noqa: BLE001 - a supervision point: the bot goes on without new commands
            _log.exception("cannot register the slash commands; trying again at the next start")

    async def _attempt(self, delay_s: float) -> bool:
        """Whether there is nothing left to do; logs why where it did not work."""
        payload = json.dumps(self._payload(), sort_keys=True)
        known = f"{self._application_id()} {hashlib.sha256(payload.encode()).hexdigest()}".encode()
        if self._remembered() == known:
            return True
        try:
            async with asyncio.timeout(LONGEST_ATTEMPT_S):
                await self._send()
        except (discord.DiscordException, *_PASSING) as exc:
            passes = _may_pass(exc)
            then = f"trying again in {delay_s:.0f} s" if passes else "trying again at the next start"
            _log.warning("cannot register the slash commands: %s; %s", _why(exc), then)
            return not passes
        self._remember(known)
        return True

    def _remembered(self) -> bytes | None:
        try:
            return self._remembered_in.read_bytes()
        except OSError:
            return None  # not there yet, or not to be read: sent once more, which harms nothing

    def _remember(self, known: bytes) -> None:
        try:
            write_atomically(self._remembered_in, known)
        except OSError as exc:
            _log.warning("cannot remember that the slash commands are registered: %s, ignoring", exc)


def _may_pass(exc: Exception) -> bool:
    """Whether the same request may succeed later; Discord's 4xx stay, but for 408 and 429."""
    if isinstance(exc, discord.HTTPException):
        return exc.status >= 500 or exc.status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
    return isinstance(exc, (*_PASSING, discord.RateLimited))


def _why(exc: Exception) -> str:
    if isinstance(exc, TimeoutError):
        return f"no answer within {LONGEST_ATTEMPT_S:.0f} s"
    return str(exc) or type(exc).__name__
