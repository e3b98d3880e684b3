"""Threads that outlive the script: the interpreter waits for those that are no daemons, so a bot may live in one."""

import sys
import threading
from collections.abc import Callable
from typing import Any

from uptime_bot.service.pulse import Pulse

LOOK_EVERY_S = 1.0
"""A stop wakes the wait at once; this is for the bot that ends while another thread runs on."""


def lingering_threads() -> list[threading.Thread]:
    """The threads that keep this process alive, beside the main one and the one that asks."""
    beside = (threading.main_thread(), threading.current_thread())
    return [thread for thread in threading.enumerate() if not thread.daemon and thread not in beside]


def wait_for_bots_in_threads(pulse: Pulse, stop_asked: Callable[[], bool]) -> None:
    """Wait, in the main thread, as long as a bot lives in another one or may yet log in there.

    A bot that has ended ends the process, whatever else runs on: a keep-alive web server serves nobody without it.
    """
    while not stop_asked() and (threads := _awaited(pulse)):
        pooled = _pooled()
        own = [thread for thread in threads if thread not in pooled]
        if not own:
            _end_pools()
        (own or threads)[0].join(LOOK_EVERY_S)


def _awaited(pulse: Pulse) -> list[threading.Thread]:
    threads = lingering_threads()
    return [thread for thread in threads if thread in pulse.homes] if pulse.homes else threads


def _pooled() -> set[Any]:
    """The threads of executors, which end only once they are told to; _threads_queues holds them since Python 3.2."""
    module = sys.modules.get("concurrent.futures.thread")
    return set(getattr(module, "_threads_queues", ()))


def _end_pools() -> None:
    """What the interpreter calls at its end before it waits for threads: executors finish what they have begun."""
    for end_pool in reversed(getattr(threading, "_threading_atexits", ())):
        end_pool()
