"""One outage: sleeping until the next try, or until Discord is back, whichever is first."""

import asyncio
from collections.abc import Callable

from uptime_bot.waiting.reachability import Probe


class Outage:
    """Remembers whether a probe has heard the outage, so that only a change wakes: what a probe can reach all the while
    is not what fails."""

    def __init__(self, *, every_s: float, over: Callable[[], bool] = lambda: False) -> None:
        self._every_s = every_s
        self._over = over
        self._heard = False

    async def wait(self, delay_s: float, probe: Probe | None) -> bool:
        """Sleep delay_s seconds; True when the probe heard Discord come back earlier.

        The probe is asked every every_s, as `over` is, which ends the wait.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + delay_s
        while (left_s := end - loop.time()) > 0 and not self._over():
            await asyncio.sleep(min(left_s, self._every_s))
            if probe is not None and loop.time() < end and await self._is_back(probe):
                return True
        return False

    async def _is_back(self, probe: Probe) -> bool:
        answers = (await probe()).answers
        back, self._heard = answers and self._heard, not answers
        return back
