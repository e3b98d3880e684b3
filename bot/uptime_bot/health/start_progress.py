"""Whether a start advances, so that its time may be extended."""

from uptime_bot.health.sample import Sample


class StartProgress:
    """Remembers when something last changed before the first READY."""

    def __init__(self) -> None:
        self._seen: object = None
        self._since_mono = 0.0

    def advances(self, sample: Sample, deadline_s: float) -> bool:
        """Whether the start waits for something outside, or has changed within deadline_s."""
        seen = tuple((shard.name, shard.state, shard.last_dispatch_mono) for shard in sample.shards)
        if self._seen is None or seen != self._seen or sample.waiting:
            self._seen = seen
            self._since_mono = sample.at_mono
        return sample.at_mono - self._since_mono < deadline_s
