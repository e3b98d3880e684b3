"""The recorder with a smaller stack and without the 5 s between attempts, so that a recursion shows in seconds.

What discord.py would log at each attempt is the whole chain of those before it; that is left out.
"""

import asyncio
import logging
import runpy
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

STACK = 150
"""CPython's own limit is 1000, which takes 979 attempts, 82 minutes."""

RETRY_S = 5.0
"""What discord.py sleeps between two attempts to launch a shard."""


def impatient(sleep: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """asyncio.sleep, but for the 5 s."""

    async def impatient_sleep(delay: float, result: object = None) -> Any:
        return await sleep(0 if delay == RETRY_S else delay, result)

    return impatient_sleep


if __name__ == "__main__":
    asyncio.sleep = impatient(asyncio.sleep)  # type: ignore[assignment]
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(STACK)
    runpy.run_path(str(Path(__file__).with_name("recorder.py")), run_name="__main__")
