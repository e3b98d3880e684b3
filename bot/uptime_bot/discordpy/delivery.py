"""`delivery = "at-least-once"`: an event is delivered when all its handlers have ended, not when they have begun."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from uptime_bot.continuity.recorder import Recorder


class Unfinished:
    """The events of one shard whose handlers still run.

    Handlers are the tasks that are made while the event is parsed. What a handler starts in its turn is its own affair.
    """

    def __init__(self, recorder: Recorder, loop: asyncio.AbstractEventLoop) -> None:
        self._recorder = recorder
        self._loop = loop
        self._running: dict[int, int] = {}
        self._parsing = 0
        self._factory: Any = None
        self._over = False

    def begin_anew(self) -> "Unfinished":
        """For a new session; handlers of the old one's events do not count in it."""
        self._over = True
        return Unfinished(self._recorder, self._loop)

    def begin(self, sequence: int) -> None:
        """An event is about to be parsed: tasks made from now on are its handlers."""
        self._parsing = sequence
        self._running[sequence] = 1
        self._recorder.started(sequence)
        self._factory = self._loop.get_task_factory()
        self._loop.set_task_factory(self._make_handler)  # type: ignore[arg-type]

    def parsed(self, sequence: int) -> None:
        """It was parsed: tasks made from now on are somebody else's."""
        if self._parsing:
            self._parsing = 0
            self._loop.set_task_factory(self._factory)
        # Behind the first step of what was called back at once, such as the waiters of wait_for().
        self._loop.call_soon(self._less, sequence)

    def _make_handler(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **kwargs: Any
    ) -> "asyncio.Future[Any]":
        make: Callable[..., asyncio.Future[Any]] = self._factory or _make_task
        task = make(loop, coroutine, **kwargs)
        sequence = self._parsing
        self._running[sequence] += 1
        task.add_done_callback(lambda _: self._less(sequence))
        return task

    def _less(self, sequence: int) -> None:
        if self._over:
            return
        left = self._running[sequence] = self._running[sequence] - 1
        if left:
            return
        del self._running[sequence]
        self._recorder.finished(sequence)


def _make_task(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **kwargs: Any
) -> "asyncio.Future[Any]":
    return asyncio.Task(coroutine, loop=loop, **kwargs)
