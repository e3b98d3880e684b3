"""SIGHUP: reload the built-in bot's cogs and the configuration; a script cannot be reloaded, and says so."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Protocol

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.service.notify import Notifier

_log = logging.getLogger(__name__)


class Reloadable(Protocol):
    """What can take up its changed code while it runs."""

    loop: asyncio.AbstractEventLoop

    async def load_cogs(self) -> list[str]:
        """Load or reload every cog; returns the names of those that failed."""

    async def sync_commands(self) -> None:
        """Register the commands with Discord where they have changed."""


class Reloader:
    """Handles SIGHUP for the process."""

    def __init__(self, *, notifier: Notifier, load_settings: Callable[[], None], is_ready: Callable[[], bool]) -> None:
        self._notifier = notifier
        self._load_settings = load_settings
        self._is_ready = is_ready
        self._under_way: asyncio.Task[None] | None = None
        self.bot: Reloadable | None = None

    def install(self) -> None:
        """Take SIGHUP."""
        signal.signal(signal.SIGHUP, self._hang_up)

    def _hang_up(self, _signal: int, _frame: FrameType | None) -> None:
        bot = self.bot
        if bot is None:
            _log.warning(
                "a reload was asked for, but a script cannot be reloaded: restart it (systemctl restart uptime-bot)"
            )
            self._acknowledge()
        elif not self._is_ready():
            _log.warning("a reload was asked for before the bot was ready, ignoring")
        else:
            bot.loop.call_soon_threadsafe(self._begin, bot)

    def _acknowledge(self) -> None:
        if self._is_ready():
            self._notifier.send(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)
            self._notifier.send(READY=1)

    def _begin(self, bot: Reloadable) -> None:
        if self._under_way is None or self._under_way.done():
            self._under_way = bot.loop.create_task(self._reload(bot), name="uptime-bot: reload")

    async def _reload(self, bot: Reloadable) -> None:
        self._notifier.send(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000, STATUS="reloading")
        try:
            self._load_settings()
            failed = await bot.load_cogs()
            await bot.sync_commands()
            outcome = f"all but {', '.join(failed)}" if failed else "everything"
            log_event(_log, Event.RELOADED, "reloaded the configuration and the cogs: %s", outcome)
        except Exception:  # noqa: BLE001 - a supervision point: logged, and the rest goes on
            _log.exception("the reload failed; going on as before")
        finally:
            self._notifier.send(READY=1)
