"""Watches every REST request of a client: counts those that are refused, and holds back where there were too many.

Rides on the aiohttp.TraceConfig that discord.py hands to its session, so that no request goes by unseen: webhooks and
interactions of the client use the same session. The handshake of the gateway does too, and is let through.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import aiohttp

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.settings import Settings
from uptime_bot.waiting.board import WaitBoard
from uptime_bot.waiting.invalid_requests import is_invalid
from uptime_bot.waiting.off_loop import begin_off_loop
from uptime_bot.waiting.spending import SAVE_EVERY_S, RefusalLedger, Spending

_log = logging.getLogger(__name__)

LOOK_S = 1.0
"""A request that is held back looks this often whether its client has been closed."""

KEY = "REST"


class RestTrace:
    """One for all clients of the process: Discord counts refused requests for the address."""

    def __init__(self, spending: Spending, waits: WaitBoard, settings: Callable[[], Settings]) -> None:
        self._spending = spending
        self._waits = waits
        self._settings = settings
        self._held = 0
        self._told = False
        self._saving: WeakSet[asyncio.AbstractEventLoop] = WeakSet()

    def watch(self, http: Any) -> None:
        """Watch the requests of a discord HTTPClient from its next login on, beside a trace of the user's own."""
        if not hasattr(http, "http_trace"):
            text = "discord.py's HTTPClient has no http_trace: refused requests are not counted"
            log_event(_log, Event.FEATURE_OFF, text)
            return
        trace: aiohttp.TraceConfig = http.http_trace or aiohttp.TraceConfig()
        if self._started in trace.on_request_start:
            return  # a client that logs in again
        if trace.on_request_start.frozen:
            text = "the bot's aiohttp.TraceConfig is in use already: refused requests of this client are not counted"
            log_event(_log, Event.FEATURE_OFF, text)
            return
        trace.on_request_start.append(self._started)
        trace.on_request_end.append(self._ended)
        trace.on_request_exception.append(self._failed)
        http.http_trace = trace

    @property
    def _refusals(self) -> RefusalLedger:
        return self._spending.refusals

    async def _started(
        self, session: aiohttp.ClientSession, _: object, params: aiohttp.TraceRequestStartParams
    ) -> None:
        if _is_rest(params):
            wait_s = self._refusals.admit(self._settings().budget.invalid_requests)
            if wait_s > 0:
                await self._hold(session, wait_s)

    async def _hold(self, session: aiohttp.ClientSession, wait_s: float) -> None:
        self._held += 1
        try:
            while wait_s > 0:
                if session.closed:
                    raise RuntimeError("Session is closed")  # as aiohttp has it
                self._tell(wait_s)
                await asyncio.sleep(min(wait_s, LOOK_S))
                wait_s = self._refusals.admit(self._settings().budget.invalid_requests)
        finally:
            self._held -= 1
            if not self._held:
                self._waits.end(KEY)
                self._told = False

    def _tell(self, wait_s: float) -> None:
        recent = self._refusals.recent
        reason = (
            f"REST is held back: Discord refused {recent} requests (401, 403, 429) in ten minutes, and bans at 10,000"
        )
        self._waits.begin(KEY, reason, wait_s)
        if not self._told:
            self._told = True
            log_event(_log, Event.REST_HELD, "%s; holding for %.0f s", reason, wait_s, refused=recent)

    async def _ended(self, _: aiohttp.ClientSession, __: object, params: aiohttp.TraceRequestEndParams) -> None:
        if _is_rest(params):
            self._note(refused=is_invalid(params.response.status, params.response.headers))

    async def _failed(self, _: aiohttp.ClientSession, __: object, params: aiohttp.TraceRequestExceptionParams) -> None:
        if _is_rest(params):
            self._note(refused=False)

    def _note(self, *, refused: bool) -> None:
        due = self._refusals.ended(refused=refused)
        if due:
            self._save()
        elif refused:
            self._save_later()

    def _save(self) -> None:
        begin_off_loop(self._refusals.save)

    def _save_later(self) -> None:
        loop = asyncio.get_running_loop()
        if loop in self._saving:
            return
        self._saving.add(loop)

        def save() -> None:
            self._saving.discard(loop)
            if self._refusals.unwritten:
                begin_off_loop(self._refusals.save)

        loop.call_later(SAVE_EVERY_S, save)


def _is_rest(params: Any) -> bool:
    return params.url.scheme in ("http", "https")
