"""Ids as Discord makes them: milliseconds since 2015, then 22 bits, always rising."""

DISCORD_EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """Makes ids that rise strictly, however many are asked for in a millisecond."""

    def __init__(self) -> None:
        self._last = 0

    def make(self, now_s: float) -> int:
        self._last = max(self._last + 1, (int(now_s * 1000) - DISCORD_EPOCH_MS) << 22)
        return self._last
