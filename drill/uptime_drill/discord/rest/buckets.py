"""Rate limit buckets by route and major parameter, and the headers that describe them."""

import hashlib
from dataclasses import dataclass, field

from uptime_drill.discord.budgets import Bucket, BucketState
from uptime_drill.discord.options import RestRules

MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")


@dataclass(slots=True)
class BucketTable:
    rules: RestRules
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def take(self, route: str, parameters: dict[str, str], now_mono: float) -> BucketState:
        """Count one request of a route such as `POST /channels/{channel_id}/messages`."""
        key = route + "".join(f" {name}={parameters[name]}" for name in MAJOR if name in parameters)
        bucket = self._buckets.get(key)
        if bucket is None:
            limit, window_s = self.rules.buckets.get(route, self.rules.default_bucket)
            bucket = self._buckets[key] = Bucket(limit, window_s)
        return bucket.take(now_mono)


def headers(route: str, state: BucketState, now_s: float) -> dict[str, str]:
    """The X-RateLimit headers of an answer; `now_s` is the wall clock."""
    return {
        "X-RateLimit-Limit": str(state.limit),
        "X-RateLimit-Remaining": str(state.remaining),
        "X-RateLimit-Reset": f"{now_s + state.reset_after_s:.3f}",
        "X-RateLimit-Reset-After": f"{state.reset_after_s:.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(route.encode()).hexdigest()[:32],
    }
