"""Work beside the event loop, and on it once Python hands out no more threads."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from uptime_bot.waiting.off_loop import begin_off_loop, off_loop


async def test_it_runs_in_another_thread() -> None:
    assert await off_loop(threading.get_ident) != threading.get_ident()


async def test_without_threads_it_runs_here() -> None:
    executor = ThreadPoolExecutor()
    executor.shutdown()  # submitting then raises, as it does after the interpreter's shutdown
    asyncio.get_running_loop().set_default_executor(executor)
    assert await off_loop(threading.get_ident) == threading.get_ident()
    ran_in: list[int] = []
    begin_off_loop(lambda: ran_in.append(threading.get_ident()))
    assert ran_in == [threading.get_ident()]
