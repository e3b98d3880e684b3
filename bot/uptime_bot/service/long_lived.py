"""Keeps Python's garbage collector from looking through what a bot holds for as long as it runs: modules and cache.

A full collection looks through all there is: 140 ms for 1,000 guilds with 50 members each, every 10,000 messages or so,
and no handler runs meanwhile. What is frozen (gc.freeze) is passed over. It still goes with its last reference; what
only refers to itself, such as a guild that was left, goes when all is looked through once more.
"""

import gc

SETTLED_AFTER_S = 3.0
"""From READY until a bot of middling size has its guilds; a bigger one has them at the next time."""

LONGER_EACH_TIME = 6
LONGEST_WAIT_S = 3600.0
"""How long what was left may stay in memory; 140 ms an hour are 0.004 %."""


class LongLived:
    """Freezes what there is when a bot has become ready, and anew at ever longer intervals."""

    def __init__(self) -> None:
        self._wait_s = SETTLED_AFTER_S
        self._due_mono: float | None = None

    def tick(self, now_mono: float) -> None:
        """The bot is or was ready; takes as long as a full collection, when one is due."""
        if self._due_mono is None:
            self._due_mono = now_mono + self._wait_s
        if now_mono < self._due_mono:
            return
        self._wait_s = min(self._wait_s * LONGER_EACH_TIME, LONGEST_WAIT_S)
        self._due_mono = now_mono + self._wait_s
        if gc.isenabled():  # a bot that has switched it off sees to it itself
            gc.unfreeze()
            gc.collect()
            gc.freeze()
