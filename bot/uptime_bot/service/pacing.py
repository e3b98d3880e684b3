"""Waits out the pace of restarts, telling systemd and people why."""

import logging
import os
import time
from collections.abc import Mapping

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.settings import RestartSettings
from uptime_bot.service.notify import Notifier
from uptime_bot.service.restart_pace import CrashRecord, pace_s

_log = logging.getLogger(__name__)

EXTEND_EVERY_S = 5.0
EXTEND_BY_S = 60
WORTH_TELLING_S = 1.0

SESSION_SHARE = 0.5
"""Of the time in which a session can be resumed, how much a crash loop may wait: it must not lose the session."""


def is_main_process_of_a_unit(environ: Mapping[str, str]) -> bool:
    """Whether systemd started this very process (systemd.exec(5), $SYSTEMD_EXEC_PID, since version 248)."""
    return environ.get("SYSTEMD_EXEC_PID") == str(os.getpid())


def wait_for_turn(
    crashes: CrashRecord, settings: RestartSettings, notifier: Notifier, *, resumable_for_s: float | None
) -> None:
    """Count this start and wait as long as the crashes before it ask for.

    resumable_for_s: how long the session of the process before can still be resumed; None where there is none.
    """
    unclean_starts = crashes.begin(can_resume=resumable_for_s is not None)
    delay_s = pace_s(unclean_starts, settings)
    if resumable_for_s is not None:
        delay_s = min(delay_s, resumable_for_s * SESSION_SHARE)
    crashes.waited_s = delay_s
    if delay_s >= WORTH_TELLING_S:
        at = time.strftime("%H:%M:%S", time.localtime(time.time() + delay_s))
        words = f"{unclean_starts} crashes in a row, next start at {at}"
        log_event(_log, Event.PACED, "%s", words, unclean_starts=unclean_starts)
        notifier.send(STATUS=f"waiting: {words}")
    end = time.monotonic() + delay_s
    while (left_s := end - time.monotonic()) > 0:
        notifier.send(EXTEND_TIMEOUT_USEC=EXTEND_BY_S * 1_000_000)
        time.sleep(min(left_s, EXTEND_EVERY_S))
