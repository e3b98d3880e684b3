"""The IDENTIFY budget's state as JSON. Pure."""

import math
from collections.abc import Mapping
from typing import Any

from uptime_bot.waiting.identify_budget import BudgetState, Heard
from uptime_bot.waiting.start_limit import DAY_S, parse_start_limit

_MOST_ENTRIES = 4096


def as_json(state: BudgetState) -> dict[str, Any]:
    """What is written; ages are rounded down, so that nothing is forgotten too early."""
    return {
        "spent": [[_down(age), count] for age, count in state.spent],
        "turns": [[shard_id, _down(age)] for shard_id, age in state.turns],
        "doubted_for_s": None if state.doubted_for_s is None else _down(state.doubted_for_s),
        "heard": None if state.heard is None else _heard_as_json(state.heard),
    }


def _heard_as_json(heard: Heard) -> dict[str, Any]:
    return {
        "total": heard.limit.total,
        "remaining": heard.limit.remaining,
        "reset_after": math.ceil(heard.limit.reset_after_s * 1000),
        "max_concurrency": heard.limit.max_concurrency,
        "age_s": _down(heard.at),
        "spent_since": heard.spent_since,
    }


def _down(age_s: float) -> float:
    return math.floor(age_s * 1000) / 1000


def from_json(found: Any, *, older_by_s: float) -> BudgetState:
    """What was read, grown older by that much meanwhile. Raises ValueError, TypeError or KeyError on anything else."""
    doubted_for_s, heard = found["doubted_for_s"], found["heard"]
    return BudgetState(
        spent=tuple((_age(age) + older_by_s, _whole(count)) for age, count in _entries(found["spent"])),
        turns=tuple((_whole(shard_id), _age(age) + older_by_s) for shard_id, age in _entries(found["turns"])),
        heard=None if heard is None else _heard_from_json(heard, older_by_s),
        doubted_for_s=None if doubted_for_s is None else _age(doubted_for_s) + older_by_s,
    )


def _heard_from_json(found: Mapping[str, Any], older_by_s: float) -> Heard:
    limit = parse_start_limit(found)
    if limit is None:
        raise ValueError("not a session_start_limit")
    return Heard(limit=limit, at=_age(found["age_s"]) + older_by_s, spent_since=_whole(found["spent_since"]))


def _entries(found: Any) -> list[Any]:
    if not isinstance(found, list) or len(found) > _MOST_ENTRIES:
        raise TypeError("not a list of a bearable length")
    return found


def _age(found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 10 * DAY_S:
        raise ValueError("not an age")
    return float(found)


def _whole(found: Any) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= 10**9:
        raise ValueError("not a count")
    return found
