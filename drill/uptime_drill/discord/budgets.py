"""The limits Discord counts: IDENTIFYs a day and every five seconds, gateway events, requests, invalid requests."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum


class SlidingWindow:
    """At most `limit` events in any `window_s` seconds."""

    def __init__(self, limit: int, window_s: float) -> None:
        self.limit = limit
        self.window_s = window_s
        self._at: deque[float] = deque()

    def take(self, now_mono: float) -> bool:
        """Count one event; False (and not counted) when the limit is used up."""
        self._forget(now_mono)
        if len(self._at) >= self.limit:
            return False
        self._at.append(now_mono)
        return True

    def used(self, now_mono: float) -> int:
        self._forget(now_mono)
        return len(self._at)

    def _forget(self, now_mono: float) -> None:
        while self._at and now_mono - self._at[0] >= self.window_s:
            self._at.popleft()


class IdentifyVerdict(StrEnum):
    ALLOWED = "allowed"
    TOO_FAST = "too-fast"
    EXHAUSTED = "exhausted"


@dataclass(slots=True, kw_only=True)
class SessionStarts:
    """The session_start_limit of an application. Every IDENTIFY that authenticates is counted, a refused one too."""

    total: int
    window_s: float
    max_concurrency: int
    interval_s: float
    used: int = 0
    _since_mono: float | None = None
    _last: dict[int, float] = field(default_factory=dict)

    def take(self, shard_id: int, now_mono: float) -> IdentifyVerdict:
        """Judge and count one IDENTIFY; one per `interval_s` for each key shard_id % max_concurrency."""
        self._roll(now_mono)
        if self.used >= self.total:
            return IdentifyVerdict.EXHAUSTED
        self.used += 1
        if self._since_mono is None:
            self._since_mono = now_mono
        key = shard_id % self.max_concurrency
        last = self._last.get(key)
        if last is not None and now_mono - last < self.interval_s:
            return IdentifyVerdict.TOO_FAST
        self._last[key] = now_mono
        return IdentifyVerdict.ALLOWED

    def remaining(self, now_mono: float) -> int:
        self._roll(now_mono)
        return self.total - self.used

    def reset_after_ms(self, now_mono: float) -> int:
        self._roll(now_mono)
        since = now_mono if self._since_mono is None else self._since_mono
        return max(0, round((since + self.window_s - now_mono) * 1000))

    def _roll(self, now_mono: float) -> None:
        if self._since_mono is not None and now_mono - self._since_mono >= self.window_s:
            self._since_mono = None
            self.used = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketState:
    """What the X-RateLimit headers say after a request; `allowed` False is a 429."""

    allowed: bool
    limit: int
    remaining: int
    reset_after_s: float


@dataclass(slots=True)
class Bucket:
    """A route's fixed window, as Discord's headers describe it."""

    limit: int
    window_s: float
    _used: int = 0
    _since_mono: float | None = None

    def take(self, now_mono: float) -> BucketState:
        if self._since_mono is None or now_mono - self._since_mono >= self.window_s:
            self._since_mono, self._used = now_mono, 0
        allowed = self._used < self.limit
        self._used += allowed
        return BucketState(
            allowed=allowed,
            limit=self.limit,
            remaining=self.limit - self._used,
            reset_after_s=max(0.0, self._since_mono + self.window_s - now_mono),
        )


@dataclass(slots=True, kw_only=True)
class InvalidRequests:
    """401, 403 and 429 answers of the last ten minutes; past the limit the address is banned at Cloudflare."""

    limit: int
    window_s: float
    ban_s: float
    total: int = 0
    _recent: deque[float] = field(default_factory=deque)
    _banned_until_mono: float = float("-inf")

    def count(self, now_mono: float) -> None:
        self.total += 1
        self._recent.append(now_mono)
        self._forget(now_mono)
        if len(self._recent) >= self.limit:
            self._banned_until_mono = now_mono + self.ban_s

    def recent(self, now_mono: float) -> int:
        self._forget(now_mono)
        return len(self._recent)

    def banned_for_s(self, now_mono: float) -> float:
        """Seconds the ban goes on; 0 when there is none."""
        return max(0.0, self._banned_until_mono - now_mono)

    def _forget(self, now_mono: float) -> None:
        while self._recent and now_mono - self._recent[0] >= self.window_s:
            self._recent.popleft()
