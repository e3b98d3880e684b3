"""Waiting for what another thread does."""

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Return as soon as it holds; fails when it does not in time."""
    deadline_mono = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_mono, f"not within {within_s} s"
        time.sleep(0.002)
