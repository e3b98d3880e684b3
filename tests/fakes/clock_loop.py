"""An event loop whose clock jumps to the next timer instead of waiting for it."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

BEGIN_S = 1000.0
"""What the clock of a new loop says."""


class _Jumping(selectors.SelectSelector):
    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            self._jump(timeout)
        return super().select(0)


class ClockLoop(asyncio.SelectorEventLoop):
    """Its time starts at BEGIN_S and passes only while everything sleeps."""

    def __init__(self) -> None:
        self.now_s = BEGIN_S
        super().__init__(_Jumping(self._jump))

    def time(self) -> float:
        return self.now_s

    def _jump(self, seconds: float) -> None:
        self.now_s += seconds


def run_with_clock(main: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T, float]:
    """Run to the end; its result, and how many seconds it would have taken."""
    loop = ClockLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(main())
        return result, loop.now_s - BEGIN_S
