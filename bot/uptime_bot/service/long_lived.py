"""Keeps Python's garbage collector from looking through what a bot holds for as long as it runs: modules and cache.

A full collection looks through all there is: 140 ms for 1,000 guilds with 50 members each, every 10,000 messages or so,
and no handler runs meanwhile. What is frozen (gc.freeze, which moves a list and looks at nothing) is passed over. It
still goes with its last reference; what only refers to itself, such as a guild that was left, goes when all is looked
through once more, which is done every hour.
"""

import gc

FIRST_WAIT_S = 3.0
"""At READY the guilds are there; some seconds later so is what on_ready made."""

LONGER_EACH_TIME = 6
LONGEST_WAIT_S = 3600.0
"""Between two looks through everything; 140 ms an hour are 0.004 %."""


class LongLived:
    """Freezes what there is when a bot has become ready, and anew at ever longer intervals up to LONGEST_WAIT_S."""

    def __init__(self) -> None:
        self._waited_s = 0.0
        self._due_mono: float | None = None

    def tick(self, now_mono: float) -> None:
        """The bot is or was ready; takes as long as a full collection once every LONGEST_WAIT_S, else no time."""
        if self._due_mono is not None and now_mono < self._due_mono:
            return
        wait_s = min(self._waited_s * LONGER_EACH_TIME or FIRST_WAIT_S, LONGEST_WAIT_S)
        look_through = self._waited_s == LONGEST_WAIT_S
        self._waited_s, self._due_mono = wait_s, now_mono + wait_s
        if not gc.isenabled():
            return  # the bot has switched it off, and sees to it itself
        if look_through:
            gc.unfreeze()
            gc.collect()
        gc.freeze()
