"""Keeps systemd waiting where no heartbeat can: before the first login, in a busy start, between two runs.

In the side thread, and each for a bounded time. A bot that has been READY and whose loop is stuck gets nothing from
here: the watchdog is for that.
"""

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum

from uptime_bot.service.notify import Notifier
from uptime_bot.service.pulse import Pulse

EVERY_S = 5.0
LOOKS_PER_WATCHDOG = 4
"""At the least, so that a ping comes in time also where the loop ended just before it would have sent one."""

EXTEND_BY_S = 60
"""Beyond EVERY_S by far: this thread may have to wait for a bot that keeps the interpreter to itself."""


class Gap(StrEnum):
    """Why no heartbeat tells systemd that all is well."""

    BEFORE_LOGIN = "before login"
    BUSY_START = "busy start"
    BETWEEN_RUNS = "between runs"


class Bridge:
    """Looks every few seconds whether there is a gap, and bridges it."""

    def __init__(
        self,
        *,
        notifier: Notifier,
        pulse: Pulse,
        target: str,
        is_ready: Callable[[], bool],
        is_stopping: Callable[[], bool],
        longest_s: Callable[[], float],
        watchdog_s: float | None,
        replays: Callable[[], bool],
        on_told: Callable[[], None],
    ) -> None:
        self._notifier = notifier
        self._pulse = pulse
        self._target = target
        self._is_ready = is_ready
        self._is_stopping = is_stopping
        self._longest_s = longest_s
        self._watchdog_s = watchdog_s
        self._replays = replays
        self._on_told = on_told
        self.every_s = EVERY_S if watchdog_s is None else min(EVERY_S, watchdog_s / LOOKS_PER_WATCHDOG)
        self._gap: Gap | None = None
        self._since_mono = 0.0
        self._looked_mono = 0.0
        self._spent_s = dict.fromkeys(Gap, 0.0)
        """What each kind of gap has lasted in all; a bot that was READY is given the whole time anew."""

    async def keep(self) -> None:
        """Look for ever."""
        self.look(time.monotonic())
        while True:
            await asyncio.sleep(self.every_s)
            self.look(time.monotonic())

    def look(self, now_mono: float) -> None:
        """Look once; sends something only inside a gap that has not lasted too long."""
        gap = None if self._is_stopping() else self._gap_now()
        self._count(gap, now_mono)
        if gap is Gap.BUSY_START and self._is_stuck_in_a_replay():
            # systemd's own watchdog begins with READY, and the session does not wait for the end of a start's time.
            self._notifier.send(WATCHDOG="trigger", STATUS="stalled: an event that is replayed blocks the event loop")
            return
        if gap is None or self._spent_s[gap] >= self._longest_s():
            return
        lasted_s = now_mono - self._since_mono
        if gap is Gap.BEFORE_LOGIN and not lasted_s:
            return  # not worth telling yet
        words = self._words(gap, lasted_s)
        if self._is_ready():
            self._notifier.send(WATCHDOG=1, STATUS=words)
        else:
            self._notifier.send(EXTEND_TIMEOUT_USEC=EXTEND_BY_S * 1_000_000, STATUS=words)
        self._on_told()

    def _is_stuck_in_a_replay(self) -> bool:
        return self._watchdog_s is not None and self._replays() and self._pulse.overdue_s >= self._watchdog_s

    def _count(self, gap: Gap | None, now_mono: float) -> None:
        if gap is None or gap is not self._gap:
            self._since_mono = now_mono
            if self._is_ready():
                self._spent_s = dict.fromkeys(Gap, 0.0)
        else:
            self._spent_s[gap] += now_mono - self._looked_mono
        self._gap, self._looked_mono = gap, now_mono

    def _gap_now(self) -> Gap | None:
        if self._pulse.loop is None:
            return Gap.BEFORE_LOGIN
        if not self._pulse.runs:
            return Gap.BETWEEN_RUNS
        busy = not self._is_ready() and self._pulse.overdue_s >= EVERY_S
        return Gap.BUSY_START if busy else None

    def _words(self, gap: Gap, lasted_s: float) -> str:
        match gap:
            case Gap.BEFORE_LOGIN:
                return f"starting: running {self._target}, no client has logged in yet ({lasted_s:.0f} s)"
            case Gap.BUSY_START:
                return f"starting: the event loop is busy ({lasted_s + EVERY_S:.0f} s)"
            case Gap.BETWEEN_RUNS:
                return f"offline: the bot's run is over, no other has begun ({lasted_s:.0f} s)"
