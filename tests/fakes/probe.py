"""A probe that hears what the test says, at what it costs."""

import asyncio
from collections.abc import Callable

from uptime_bot.waiting.reachability import Answer


class FakeProbe:
    """Answers from `back_at_s` of the loop's clock on; each question takes `takes_s`."""

    def __init__(self, *, back_at_s: float | None, takes_s: float = 0.0) -> None:
        self._back_at_s = back_at_s
        self._takes_s = takes_s
        self.asked_at_s: list[float] = []

    async def __call__(self) -> Answer:
        now_s: Callable[[], float] = asyncio.get_running_loop().time
        self.asked_at_s.append(now_s())
        if self._takes_s:
            await asyncio.sleep(self._takes_s)
        answers = self._back_at_s is not None and now_s() >= self._back_at_s
        return Answer(answers=answers, detail="200" if answers else "connection refused")
