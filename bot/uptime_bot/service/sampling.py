"""Samples every shard of every client, under names that tell them apart."""

from uptime_bot.contract.settings import HealthSettings
from uptime_bot.discordpy.links import Links
from uptime_bot.discordpy.shard_link import ShardLink
from uptime_bot.health.sample import ShardSample

USUAL_HEARTBEAT_S = 45.0
"""What Discord's documentation gives as the interval; the longest that a missing ACK stays unseen, beside its grace."""

PROVED_AFTER = 2.0
"""A cured shard has proved itself after this many times the longest it can be deaf unnoticed."""


class ShardSampler:
    """Remembers which link was sampled under which name."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._named: dict[str, ShardLink] = {}

    def sample(self, now_mono: float, limits: HealthSettings) -> tuple[ShardSample, ...]:
        """One sample a shard, the first client's first."""
        self._named = {
            str(shard.shard_id) if number == 1 else f"{shard.shard_id} of client {number}": shard
            for number, link in enumerate(self._links, start=1)
            for shard in link.shards.values()
        }
        unnoticed_s = max(limits.silence_s + limits.silence_answer_s, USUAL_HEARTBEAT_S + limits.ack_grace_s)
        proved_after_s = PROVED_AFTER * unnoticed_s
        return tuple(
            shard.sample(name, now_mono, silence_s=limits.silence_s, proved_after_s=proved_after_s)
            for name, shard in self._named.items()
        )

    def link(self, name: str | None) -> ShardLink | None:
        """The shard that was sampled under a name."""
        return None if name is None else self._named.get(name)
