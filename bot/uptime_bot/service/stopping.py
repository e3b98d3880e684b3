"""SIGTERM: stop as Ctrl-C would, in bounded time, whatever the bot does meanwhile."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from types import FrameType

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.service.exits import ExitNote
from uptime_bot.service.lingering import lingering_threads
from uptime_bot.service.notify import Notifier
from uptime_bot.service.pulse import Pulse
from uptime_bot.service.stall_report import report_stall

_log = logging.getLogger(__name__)

COURTESY_S = 0.3
"""For what is nice to do at the end and may block: a log entry into a full pipe, a flush of what the bot has open."""


class Stopper:
    """Handles SIGTERM for the process, and keeps the deadline of its end.

    The deadline's thread waits from the beginning, so that a signal handler has nothing to start and no lock to take.
    """

    def __init__(
        self,
        *,
        exits: ExitNote,
        notifier: Notifier,
        pulse: Pulse,
        grace_s: Callable[[], float],
        on_stop: Callable[[], None],
        at_end: Callable[[int], None],
    ) -> None:
        self._exits = exits
        self._notifier = notifier
        self._pulse = pulse
        self._grace_s = grace_s
        self._on_stop = on_stop
        self._at_end = at_end
        self._armed: SimpleQueue[int] = SimpleQueue()  # its put() may be called in a signal handler
        self._told = threading.Event()
        self._pid = os.getpid()

    def install(self) -> None:
        """Take SIGTERM. A bot that installs a handler of its own later has its way."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it for what runs in its background
            signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=self._keep_deadline, name="uptime-bot stop deadline", daemon=True).start()
        signal.signal(signal.SIGTERM, self._terminate)

    def _terminate(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._pid:  # a child that the bot forked, such as a worker of its process pool
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
            return
        if self._exits.stop_asked:
            return
        self._exits.stop_asked = True
        self.arm(0)  # first: whatever follows may meet a bot that is stuck
        self._notifier.send(STOPPING=1, STATUS="stopping: asked to stop")
        self._on_stop()
        _end_loop_elsewhere(self._pulse)
        # asyncio.Runner cancels the main task on SIGINT; a bot with a loop of its own making is ready for Ctrl-C too.
        signal.raise_signal(signal.SIGINT)

    def arm(self, code: int) -> None:
        """End the process with this code after the grace, if it has not ended by itself; the first call counts."""
        self._armed.put(code)

    def wait_until_told(self) -> None:
        """Let the entry about the stop reach the journal before the process ends, in at most COURTESY_S."""
        if self._exits.stop_asked:
            self._told.wait(COURTESY_S)

    def _keep_deadline(self) -> None:
        code = self._armed.get()
        end_mono = time.monotonic() + self._grace_s()
        if self._exits.stop_asked:
            _do_in_time(self._tell)
        time.sleep(max(end_mono - time.monotonic(), 0.0))
        try:
            _do_in_time(lambda: self._last_words(code))
        finally:
            # Without waiting for threads. The TCP connection is dropped without a close frame, so that the gateway
            # session lives on.
            os._exit(self._exits.final_code(code))

    def _tell(self) -> None:
        log_event(_log, Event.STOPPING, "asked to stop")
        self._told.set()

    def _last_words(self, code: int) -> None:
        self._at_end(self._exits.final_code(code))
        frame = sys._current_frames().get(self._pulse.thread_id)  # noqa: SLF001 - another thread's stack
        where = report_stall(frame).words if frame is not None else "nowhere in Python"
        threads = ", ".join(thread.name for thread in lingering_threads())
        beside = f"; threads that run on: {threads}" if threads else ""
        _log.warning("the bot did not end within %.1f s; ending it. It is at %s%s", self._grace_s(), where, beside)
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()


def ignore_interrupts() -> None:
    """From here to the end of the process SIGINT means nothing, and neither does one that has been dealt with.

    Where a KeyboardInterrupt leaves an exec() of text, as a dataclass's definition does, CPython notes it as unhandled,
    whoever catches it later; `python -m` then ends by killing itself with SIGINT, whatever the exit code is
    (unhandled_keyboard_interrupt in Python/pythonrun.c and Modules/main.c). The next exec() of text takes that back.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exec("")  # noqa: S102 - for that


def _do_in_time(action: Callable[[], None]) -> None:
    thread = threading.Thread(target=action, name="uptime-bot courtesy", daemon=True)
    thread.start()
    thread.join(COURTESY_S)


def _end_loop_elsewhere(pulse: Pulse) -> None:
    """Cancel the tasks of a bot's loop outside the main thread, which no Ctrl-C reaches."""
    loop = pulse.loop
    if loop is None or pulse.thread_id == threading.main_thread().ident:
        return
    with suppress(RuntimeError):  # it has closed since
        loop.call_soon_threadsafe(_cancel_tasks, loop)


def _cancel_tasks(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
