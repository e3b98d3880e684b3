"""Counts events of a sliding window in a bounded number of buckets. Pure: the clock is an argument."""

import math
from collections.abc import Iterable


class SpentWindow:
    """How many events fell into the last `window_s` seconds; may say more for up to `bucket_s`, never less.

    A bucket is forgotten when its newest event leaves the window, so there are never more than about window / bucket.
    The clock may be any that does not go back.
    """

    def __init__(self, window_s: float, bucket_s: float, buckets: Iterable[tuple[float, int]] = ()) -> None:
        self._window_s = window_s
        self._bucket_s = bucket_s
        # (when it began, its newest event, how many), the oldest first
        self._buckets: list[tuple[float, float, int]] = [(at, at, count) for at, count in sorted(buckets)]

    def add(self, now: float, count: int = 1) -> None:
        """Count events of this moment."""
        self._forget(now)
        if self._buckets and now - self._buckets[-1][0] < self._bucket_s:
            began, _, before = self._buckets[-1]
            self._buckets[-1] = (began, now, before + count)
        else:
            self._buckets.append((now, now, count))

    def take_back(self) -> None:
        """Count one event less, the newest; nothing where all have left the window."""
        if not self._buckets:
            return
        began, at, count = self._buckets.pop()
        if count > 1:
            self._buckets.append((began, at, count - 1))

    def count(self, now: float) -> int:
        """How many there are."""
        self._forget(now)
        return sum(count for _, _, count in self._buckets)

    def newest(self) -> float:
        """When the last one was; minus infinity where there is none."""
        return self._buckets[-1][1] if self._buckets else -math.inf

    def wait_s(self, now: float, below: int) -> float:
        """Seconds until there are fewer than `below`, if no more come; infinity where that is never."""
        left = self.count(now)
        if left < below:
            return 0.0
        for _, at, count in self._buckets:
            left -= count
            if left < below:
                return max(at + self._window_s - now, 0.0)
        return math.inf

    def ages(self, now: float) -> list[tuple[float, int]]:
        """Each bucket's age and count, the oldest first, for a file."""
        self._forget(now)
        return [(now - at, count) for _, at, count in self._buckets]

    def _forget(self, now: float) -> None:
        keep = [bucket for bucket in self._buckets if now - bucket[1] < self._window_s]
        if len(keep) != len(self._buckets):
            self._buckets = keep
