"""Discord's session_start_limit, as `GET /gateway/bot` answers it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple, TypeGuard

TOTAL = 1000
"""IDENTIFYs a day that Discord allows an application, unless it says otherwise (Discord, "Identifying")."""

DAY_S = 86_400.0

_LARGEST = 10.0**15
_MOST_STARTS = 1_000_000
_MOST_CONCURRENCY = 4096


class StartLimit(NamedTuple):
    """What is left of the day, at the time of the answer."""

    total: int
    remaining: int
    reset_after_s: float
    max_concurrency: int


def parse_start_limit(answer: object) -> StartLimit | None:
    """Read a session_start_limit; None where it is none, or holds what cannot be."""
    if not isinstance(answer, Mapping):
        return None
    names = ("total", "remaining", "reset_after", "max_concurrency")
    found = [float(value) for name in names if _is_number(value := answer.get(name))]
    if len(found) < len(names):
        return None
    total, remaining, reset_after_ms, concurrency = found
    if not (1 <= total <= _MOST_STARTS and remaining >= 0 and reset_after_ms >= 0 and concurrency >= 1):
        return None
    return StartLimit(
        total=int(total),
        remaining=int(min(remaining, total)),
        reset_after_s=min(reset_after_ms / 1000, DAY_S),
        max_concurrency=int(min(concurrency, _MOST_CONCURRENCY)),
    )


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
