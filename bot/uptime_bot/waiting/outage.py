"""Sleeping until the next try, or until Discord is back, whichever is first."""

import asyncio
from collections.abc import Callable

from uptime_bot.waiting.reachability import Probe


async def wait_out(
    delay_s: float, *, probe: Probe | None, every_s: float, over: Callable[[], bool] = lambda: False
) -> bool:
    """Sleep delay_s seconds; True when a probe heard Discord again earlier.

    Give a probe only when what failed is what the probe asks, so that its first answer means a change. `over` ends the
    wait early, looked at every every_s.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + delay_s
    while (left_s := end - loop.time()) > 0 and not over():
        await asyncio.sleep(min(left_s, every_s))
        if probe is not None and loop.time() < end and (await probe()).answers:
            return True
    return False
