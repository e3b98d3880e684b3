"""Writes the stack of a stuck event loop to the journal, from a thread that is not stuck."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.settings import HealthSettings
from uptime_bot.service.pulse import Pulse
from uptime_bot.service.stall_report import report_stall

_log = logging.getLogger(__name__)

SHORTEST_SLEEP_S = 0.05


async def record_stalls(pulse: Pulse, limits: Callable[[], HealthSettings]) -> None:
    """Watch the pulse for ever: report once it is stall_after_s late, again every stall_repeat_s, and when it is over.

    While all is well this wakes about as often as the loop beats.
    """
    while True:
        overdue_s = pulse.overdue_s
        after_s = limits().stall_after_s
        if overdue_s >= after_s:
            await _follow_stall(pulse, limits().stall_repeat_s)
        elif pulse.loop is None or not pulse.loop.is_running():
            await asyncio.sleep(after_s)
        else:
            await asyncio.sleep(max(pulse.due_mono + after_s - time.monotonic(), SHORTEST_SLEEP_S))


async def _follow_stall(pulse: Pulse, repeat_s: float) -> None:
    since_mono = pulse.due_mono
    next_report_s = 0.0
    while pulse.due_mono == since_mono and pulse.overdue_s > 0:
        if pulse.overdue_s >= next_report_s:
            _report(pulse)
            next_report_s = pulse.overdue_s + repeat_s
        await asyncio.sleep(SHORTEST_SLEEP_S * 2)
    _log_over(time.monotonic() - since_mono)


def _report(pulse: Pulse) -> None:
    frame = sys._current_frames().get(pulse.thread_id)  # noqa: SLF001 - the documented way to another thread's stack
    if frame is None:
        return
    report = report_stall(frame)
    log_event(
        _log,
        Event.STALLED,
        "the event loop has been stuck for %.1f s at %s\n%s",
        pulse.overdue_s,
        report.words,
        report.stack,
        file=report.file,
        line=report.line,
        function=report.function,
        coroutine=report.coroutine,
    )


def _log_over(lasted_s: float) -> None:
    log_event(_log, Event.STALL_OVER, "the event loop runs again after %.1f s", lasted_s)
