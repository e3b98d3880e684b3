"""The status line, in words that a person understands. Pure."""

import math
from datetime import datetime
from typing import NamedTuple

from uptime_bot.contract.health import Health
from uptime_bot.health.sample import Waiting
from uptime_bot.health.verdict import Verdict


class Figures(NamedTuple):
    """What the status line tells beside the verdict."""

    guilds: int
    shards: int
    latency_s: float
    """Mean over the shards; not finite where there is none."""

    up_s: float
    """Since the bot was first ready."""


def status_words(verdict: Verdict, figures: Figures, waiting: tuple[Waiting, ...], now: datetime) -> str:
    """Such as "ready: 12 guilds, latency 43 ms, up 3 d"; times are told in the zone of `now`."""
    match verdict.health:
        case Health.HEALTHY:
            # What is waited for beside a connection that stands, such as REST calls that are held back.
            held = f"; waiting: {waiting[0].reason}" if waiting else ""
            return f"ready: {_figure_words(figures)}{held}"
        case Health.DEGRADED:
            return f"degraded: {verdict.reason}; {_figure_words(figures)}"
        case Health.WAITING:
            return f"waiting: {verdict.reason}{_next_try_words(waiting, now)}"
        case Health.STARTING | Health.DEAF | Health.STALLED | Health.STOPPING:
            return f"{verdict.health}: {verdict.reason}"


def _next_try_words(waiting: tuple[Waiting, ...], now: datetime) -> str:
    if not waiting:
        return ""
    until = datetime.fromtimestamp(waiting[0].until_at, now.tzinfo)
    return f", next try {until:%H:%M:%S}" if until > now else ", trying now"


def _figure_words(figures: Figures) -> str:
    words = [count(figures.guilds, "guild")]
    if figures.shards > 1:
        words.append(count(figures.shards, "shard"))
    if math.isfinite(figures.latency_s):
        words.append(f"latency {figures.latency_s * 1000:.0f} ms")
    words.append(f"up {duration(figures.up_s)}")
    return ", ".join(words)


def count(number: int, noun: str) -> str:
    """Such as "1 guild" or "12 guilds"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """The largest unit alone: "42 s", "5 min", "7 h", "3 d"."""
    whole = max(int(seconds), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"
