"""The heartbeat: once a tick, in the user's own event loop: sample, judge, tell, remedy.

It is a chain of call_at() and no task, so that a bot that cancels or awaits all tasks of its loop does not touch it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.settings import Settings
from uptime_bot.discordpy.links import Links
from uptime_bot.health.sample import RestSample, RestState, Sample
from uptime_bot.service.long_lived import LongLived
from uptime_bot.service.pulse import Pulse
from uptime_bot.service.sampling import ShardSampler
from uptime_bot.service.telling import Teller
from uptime_bot.waiting.board import WaitBoard
from uptime_bot.waiting.reachability import Reachability

if TYPE_CHECKING:
    from uptime_bot.health.verdict import Remedy, Verdict  # late where it runs: a RESUME need not wait for this

_log = logging.getLogger(__name__)

TICKS_PER_WATCHDOG = 3
"""At the least: systemd asks for a ping at half of the watchdog's time (sd_watchdog_enabled(3))."""

FIRST_TICK_AFTER_S = 0.2
"""Time for a RESUME to go out, which everybody waits for; a shard that becomes ready has the tick come at once."""


class Heartbeat:
    """Runs in one event loop at a time: that of the last client that logged in."""

    def __init__(
        self,
        *,
        settings: Callable[[], Settings],
        links: Links,
        waits: WaitBoard,
        reachability: Reachability,
        teller: Teller,
        pulse: Pulse,
    ) -> None:
        self._settings = settings
        self._sampler = ShardSampler(links)
        self._links = links
        self._waits = waits
        self._reachability = reachability
        self._teller = teller
        self._pulse = pulse
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_mono = 0.0
        self._rest = RestSample(state=RestState.UNKNOWN, asked_at_mono=0.0)
        self._remedies: set[asyncio.Task[None]] = set()
        self._was_ready = False
        self._long_lived = LongLived()
        self._broken = False
        self.stopping = False

    def start_in(self, loop: asyncio.AbstractEventLoop) -> None:
        """Beat in this loop from now on."""
        if self._loop is not loop:
            self._loop = loop
            self._pulse.beat(loop, FIRST_TICK_AFTER_S)
        self._tick_in(FIRST_TICK_AFTER_S)

    def nudge(self) -> None:
        """Tick at the next turn of the loop: something has changed that should be told at once."""
        self._tick_in(0.0)

    def _tick_in(self, delay_s: float) -> None:
        if self._loop is None or self._loop.is_closed():
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_mono = time.monotonic() + delay_s
        self._timer = self._loop.call_at(self._loop.time() + delay_s, self._tick)

    @property
    def tick_s(self) -> float:
        """Seconds between ticks: the setting, or a third of the watchdog's time where that is shorter."""
        tick_s = self._settings().health.tick_s
        watchdog_s = self._teller.watchdog_s
        return tick_s if watchdog_s is None else min(tick_s, watchdog_s / TICKS_PER_WATCHDOG)

    def _tick(self) -> None:
        loop, now = self._loop, time.monotonic()
        if loop is None:
            return
        lag_s = max(now - self._due_mono, 0.0)
        tick_s = self.tick_s
        self._due_mono = now + tick_s
        self._timer = loop.call_at(loop.time() + tick_s, self._tick)
        self._pulse.beat(loop, tick_s)
        try:
            self._judge_and_act(loop, now, lag_s)
        except Exception:  # noqa: BLE001 - a supervision point: logged, and the rest goes on
            # A mistake of ours must not cost a bot that runs: the loop did turn, so the ping says so.
            if not self._broken:
                _log.exception("the heartbeat failed; going on with plain watchdog pings")
            self._broken = True
            self._teller.ping()

    def _judge_and_act(self, loop: asyncio.AbstractEventLoop, now: float, lag_s: float) -> None:
        from uptime_bot.health.judge import judge  # late, with all of it: a RESUME need not wait for this
        from uptime_bot.health.remedies import decide

        limits = self._settings().health
        shards = self._sampler.sample(now, limits)
        links = list(self._links)
        self._was_ready = self._was_ready or (bool(links) and all(link.ready for link in links))
        sample = Sample(
            at_mono=now,
            loop_lag_s=lag_s,
            shards=shards,
            shards_expected=sum(link.shards_expected for link in links),
            waiting=self._waits.current(),
            rest=self._rest,
            was_ready=self._was_ready,
            idle_since_mono=self._links.idle_since_mono,
            stopping=self.stopping,
        )
        verdict = judge(sample, limits)
        self._teller.tell(verdict, sample, links)
        for remedy in decide(verdict, sample, limits, watchdog_armed=self._teller.watchdog_s is not None):
            self._apply(loop, remedy, verdict)
        if self._was_ready:
            self._long_lived.tick(now)

    def _apply(self, loop: asyncio.AbstractEventLoop, remedy: "Remedy", verdict: "Verdict") -> None:
        from uptime_bot.health.verdict import RemedyKind  # late, as above

        link = self._sampler.link(remedy.shard)
        match remedy.kind:
            case RemedyKind.ASK_REST:
                self._start(loop, self._ask_rest(), "ask Discord's REST")
            case RemedyKind.ASK_SHARD if link is not None:
                self._start(loop, link.ask(), "ask a silent shard")
            case RemedyKind.RESUME | RemedyKind.REIDENTIFY if link is not None:
                action = "resuming" if remedy.kind is RemedyKind.RESUME else "starting a new session"
                log_event(_log, Event.DEAF, "deaf: %s; closing the socket and %s", remedy.reason, action)
                self._start(loop, link.drop(forget_session=remedy.kind is RemedyKind.REIDENTIFY), "drop a deaf shard")
            case RemedyKind.TRIGGER:
                if link is not None:
                    link.give_session_up()
                self._teller.trigger(verdict)
            case _:
                pass  # the shard is gone since it was sampled

    def _start(self, loop: asyncio.AbstractEventLoop, remedy: Coroutine[Any, Any, None], name: str) -> None:
        if any(task.get_name() == name and name == "ask Discord's REST" for task in self._remedies):
            remedy.close()
            return
        task = loop.create_task(remedy, name=name)
        self._remedies.add(task)
        task.add_done_callback(self._remedy_done)

    def _remedy_done(self, task: asyncio.Task[None]) -> None:
        self._remedies.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            _log.warning("could not %s: %s, trying again at the next tick", task.get_name(), failure)

    async def _ask_rest(self) -> None:
        asked_at_mono = time.monotonic()
        answer = await self._reachability.rest()
        state = RestState.ANSWERS if answer.answers else RestState.SILENT
        self._rest = RestSample(state=state, asked_at_mono=asked_at_mono, detail=answer.detail)
        self.nudge()
