"""SIGTERM: stop as Ctrl-C would, in bounded time, whatever the bot does meanwhile."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.service.exits import ExitNote
from uptime_bot.service.notify import Notifier
from uptime_bot.service.pulse import Pulse
from uptime_bot.service.stall_report import report_stall

_log = logging.getLogger(__name__)


class Stopper:
    """Handles SIGTERM for the process."""

    def __init__(
        self,
        *,
        exits: ExitNote,
        notifier: Notifier,
        pulse: Pulse,
        grace_s: Callable[[], float],
        on_stop: Callable[[], None],
        at_end: Callable[[], None],
    ) -> None:
        self._exits = exits
        self._notifier = notifier
        self._pulse = pulse
        self._grace_s = grace_s
        self._on_stop = on_stop
        self._at_end = at_end

    def install(self) -> None:
        """Take SIGTERM. A bot that installs a handler of its own later has its way."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it for what runs in its background
            signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, self._terminate)

    def _terminate(self, _signal: int, _frame: FrameType | None) -> None:
        if self._exits.stop_asked:
            return
        self._exits.stop_asked = True
        self._notifier.send(STOPPING=1, STATUS="stopping: asked to stop")
        log_event(_log, Event.STOPPING, "asked to stop")
        self._on_stop()
        self.arm(0)
        # asyncio.Runner cancels the main task on SIGINT; a bot with a loop of its own making is ready for Ctrl-C too.
        signal.raise_signal(signal.SIGINT)

    def arm(self, code: int) -> None:
        """End the process with this code after the grace, if it has not ended by itself."""
        threading.Thread(target=self._end_in_time, args=(code,), name="uptime-bot stop deadline", daemon=True).start()

    def _end_in_time(self, code: int) -> None:
        time.sleep(self._grace_s())
        frame = sys._current_frames().get(self._pulse.thread_id)  # noqa: SLF001 - another thread's stack
        where = report_stall(frame).words if frame is not None else "nowhere in Python"
        _log.warning("the bot did not end within %.1f s; ending it. It is at %s", self._grace_s(), where)
        self.leave(code)

    def leave(self, code: int) -> None:
        """End the process now, without waiting for threads; what was to be kept is kept. The TCP connection is dropped
        without a close frame, so the gateway session lives on."""
        self._at_end()
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
