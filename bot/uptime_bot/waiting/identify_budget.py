"""Keeps the IDENTIFYs of a client within Discord's thousand a day, whatever goes wrong. The clock is an argument."""

REFILL_S = 86.4
"""Seconds for which one IDENTIFY may be spent for ever: 86,400 s over 1,000 (Discord, "Identifying")."""

RESERVE = 20
"""IDENTIFYs that may be spent in a row, beside two for each shard: many restarts of sessions, no storm."""


class IdentifyBudget:
    """A token bucket; what one process does not know, the pace of restarts has to hold."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._at_mono = 0.0

    def wait_s(self, now_mono: float, *, shards: int) -> float:
        """Seconds until the next IDENTIFY may be sent."""
        over = self._left_spent(now_mono) + 1 - (RESERVE + 2 * shards)
        return max(over * REFILL_S, 0.0)

    def spend(self, now_mono: float) -> None:
        """Note an IDENTIFY."""
        self._spent = self._left_spent(now_mono) + 1
        self._at_mono = now_mono

    def _left_spent(self, now_mono: float) -> float:
        return max(self._spent - (now_mono - self._at_mono) / REFILL_S, 0.0)
