"""Tells systemd, the control socket and the journal what the heartbeat found."""

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from uptime_bot import __version__
from uptime_bot.contract.health import Health
from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.settings import Settings
from uptime_bot.discordpy.links import ClientLink
from uptime_bot.health.start_progress import StartProgress
from uptime_bot.service.notify import Notifier
from uptime_bot.service.restart_pace import CrashRecord

if TYPE_CHECKING:
    from uptime_bot.contract.status import SessionStatus, Status
    from uptime_bot.health.sample import Sample
    from uptime_bot.health.verdict import Verdict
    from uptime_bot.health.words import Figures

_log = logging.getLogger(__name__)

STATUS_EVERY_S = 5.0
"""While only figures change; systemd copies every status to the bus."""

READY_LOOK_EVERY_S = 0.25

EXTEND_EVERY_S = 5.0
EXTEND_BY_S = 60
"""EXTEND_TIMEOUT_USEC: far more than the interval, so that a busy loop does not miss its own extension."""


class Teller:
    """Turns verdicts into READY=1, STATUS=, WATCHDOG=1, EXTEND_TIMEOUT_USEC= and log entries."""

    def __init__(
        self,
        *,
        notifier: Notifier,
        watchdog_s: float | None,
        settings: Callable[[], Settings],
        crashes: CrashRecord,
        status: "StatusBoard",
    ) -> None:
        self._notifier = notifier
        self.watchdog_s = watchdog_s
        self._settings = settings
        self._crashes = crashes
        self._status = status
        self._triggered = False
        self._ready_mono: float | None = None
        self._serving_since_mono: float | None = None
        self._forgot_crashes = False
        self._earned = False
        self._words = ""
        self._told_mono = -math.inf
        self._extended_mono = -math.inf
        self._progress = StartProgress()
        self._verdict: Verdict | None = None

    def tell(self, verdict: "Verdict", sample: "Sample", links: Sequence[ClientLink]) -> None:
        """Tell one tick."""
        from uptime_bot.health.words import status_words  # late: a RESUME need not wait for this

        now = sample.at_mono
        ready = sample.was_ready and self._ready_mono is None
        if ready:
            self._ready_mono = now
        words = status_words(verdict, self._figures(now, links), sample.waiting, datetime.now().astimezone())
        changed = self._verdict is None or self._verdict.health is not verdict.health
        if changed:
            self._log_change(verdict, words, ready=ready)
        self._verdict = verdict
        self._status.update(verdict, words, sample, links)
        self._notify(verdict, sample, words, changed=changed, ready=ready)
        self._count_health(now, serves=verdict.health.serves and sample.serving)

    def _notify(self, verdict: "Verdict", sample: "Sample", words: str, *, changed: bool, ready: bool) -> None:
        now, message = sample.at_mono, dict[str, str | int]()
        if ready:
            message["READY"] = 1
        if not self._triggered and verdict.health is not Health.STOPPING:
            message["WATCHDOG"] = 1
        if words != self._words and (changed or ready or now - self._told_mono >= STATUS_EVERY_S):
            message["STATUS"] = words
            self._words, self._told_mono = words, now
        advances = self._progress.advances(sample, self._settings().health.start_deadline_s)
        if self._ready_mono is None and advances and now - self._extended_mono >= EXTEND_EVERY_S:
            message["EXTEND_TIMEOUT_USEC"] = EXTEND_BY_S * 1_000_000
            self._extended_mono = now
        if message:
            self._notifier.send(**message)

    def ping(self) -> None:
        """Send a plain watchdog ping."""
        self._notifier.send(WATCHDOG=1)

    def told_otherwise(self) -> None:
        """Somebody else has set the status, from any thread: the next tick says it anew."""
        self._words = ""

    def trigger(self, verdict: "Verdict") -> None:
        """Ask systemd to replace this process, with the reason in the status; no ping follows."""
        if self._triggered:
            return
        self._triggered = True
        log_event(
            _log, Event.WATCHDOG_TRIGGER, "deaf and not cured: %s; asking systemd for a new process", verdict.reason
        )
        self._notifier.send(STATUS=f"deaf: {verdict.reason}", WATCHDOG="trigger")

    def _count_health(self, now: float, *, serves: bool) -> None:
        if not serves:
            self._serving_since_mono = None
            return
        if self._serving_since_mono is None:
            self._serving_since_mono = now
        served_s = now - self._serving_since_mono
        if not self._earned and served_s >= self._crashes.earned_after_s:
            self._earned = True
            self._crashes.earned()
        if not self._forgot_crashes and served_s >= self._settings().restart.forget_after_s:
            self._forgot_crashes = True
            self._crashes.healthy_for_long()

    def _figures(self, now: float, links: Sequence[ClientLink]) -> "Figures":
        from uptime_bot.health.words import Figures  # late, as above

        latencies = [shard.latency_s for link in links for shard in link.shards.values()]
        finite = [latency_s for latency_s in latencies if math.isfinite(latency_s)]
        return Figures(
            guilds=sum(link.guilds for link in links),
            shards=len(latencies),
            latency_s=sum(finite) / len(finite) if finite else math.inf,
            up_s=0.0 if self._ready_mono is None else now - self._ready_mono,
        )

    def _log_change(self, verdict: "Verdict", words: str, *, ready: bool) -> None:
        before = "" if self._verdict is None else self._verdict.health
        if verdict.health in (Health.STARTING, Health.STOPPING):
            return
        level = logging.INFO if verdict.health is Health.HEALTHY else logging.WARNING
        if ready:
            log_event(_log, Event.READY, "%s", words, level=level)
        else:
            log_event(_log, Event.VERDICT, "%s", words, level=level, verdict=verdict.health, before=before)


class StatusBoard:
    """The last Status, for the control socket's thread to read: replaced whole, never changed."""

    def __init__(
        self,
        *,
        target: str,
        discordpy_version: str,
        token: Callable[[], str | None],
        session: "Callable[[], SessionStatus]",
    ) -> None:
        self._target = target
        self._discordpy_version = discordpy_version
        self._token = token
        self._session = session
        self._started_at = time.time()
        self._since_at = self._started_at
        self._ready_at: float | None = None
        self.latest: Status | None = None

    async def ready_within(self, seconds: float) -> None:
        """Wait for the first READY, but no longer than that; to be awaited outside the user's loop."""
        end = time.monotonic() + seconds
        while self._ready_at is None and time.monotonic() < end:  # noqa: ASYNC110 - written by another thread
            await asyncio.sleep(READY_LOOK_EVERY_S)

    def update(self, verdict: "Verdict", words: str, sample: "Sample", links: Sequence[ClientLink]) -> None:
        """Publish a tick."""
        from uptime_bot.contract.status import ShardStatus, Status  # late, as above

        at = time.time()
        if self.latest is None or self.latest.health is not verdict.health:
            self._since_at = at
        if sample.was_ready and self._ready_at is None:
            self._ready_at = at
        latencies = [shard.latency_s for link in links for shard in link.shards.values()]
        self.latest = Status(
            health=verdict.health,
            reason=verdict.reason,
            words=words,
            at=at,
            health_since_at=self._since_at,
            ready_at=self._ready_at,
            started_at=self._started_at,
            pid=os.getpid(),
            version=__version__,
            discordpy_version=self._discordpy_version,
            target=self._target,
            guilds=sum(link.guilds for link in links),
            shards=tuple(
                ShardStatus(
                    shard=shard.name,
                    state=shard.state,
                    for_s=round(sample.at_mono - shard.since_mono, 3),
                    latency_ms=round(latency_s * 1000, 1) if math.isfinite(latency_s) else None,
                    silent_for_s=round(sample.at_mono - shard.last_dispatch_mono, 3),
                )
                for shard, latency_s in zip(sample.shards, latencies, strict=True)
            ),
            waiting=tuple(wait.reason for wait in sample.waiting),
            loop_lag_s=round(sample.loop_lag_s, 4),
            token=self._token(),
            session=self._session(),
        )
