"""Runs what blocks on the disk beside the event loop; on it where there are no threads to be had any more.

A bot in a thread of its own may outlive the script: Python then starts no new work in threads ("cannot schedule new
futures after interpreter shutdown").
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def off_loop(function: Callable[[], T]) -> T:
    """Call a function that raises no RuntimeError, and wait for its result."""
    try:
        future = asyncio.get_running_loop().run_in_executor(None, function)
    except RuntimeError:
        return function()
    return await future


def begin_off_loop(function: Callable[[], object]) -> None:
    """Have a function called that raises nothing; nobody waits for it."""
    try:
        asyncio.get_running_loop().run_in_executor(None, function)
    except RuntimeError:
        function()
