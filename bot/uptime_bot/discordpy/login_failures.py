"""classify(): what a failed login means. Pure."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from uptime_bot.waiting.words import words_of


class Passing(NamedTuple):
    """Something that passes: wait and try again."""

    reason: str
    retry_after_s: float = 0.0
    """What Discord asked for; the backoff is at least this long."""

    unreachable: bool = True
    """Whether a probe without a token can tell that it is over."""


class Rejected(NamedTuple):
    """The token is not accepted (401: missing, invalid or expired)."""

    where: str


LONGEST_RETRY_AFTER_S = 3600.0
"""A Cloudflare ban lasts about an hour at most; a larger figure is taken for nonsense."""


def classify_status(
    status: int, headers: Mapping[str, str], path: str, retry_after: object = None
) -> Passing | Rejected:
    """Say what an HTTP status at login means. Only 401 speaks about the token; everything else may pass."""
    if status == 401:
        return Rejected(where=f"GET {path} answered 401")
    if status == 429:
        after_s = _seconds(retry_after if retry_after is not None else headers.get("Retry-After"))
        who = "Discord" if headers.get("Via") else "Cloudflare, before Discord,"
        return Passing(reason=f"{who} limits our rate (429)", retry_after_s=after_s, unreachable=False)
    if status >= 500:
        return Passing(reason=f"Discord answers {status}")
    hint = "; is [discord] api_url right?" if status in (404, 405) or 300 <= status < 400 else ""
    return Passing(reason=f"Discord answers {status} to GET {path}{hint}", unreachable=False)


def classify_network(exc: BaseException) -> Passing:
    """Say what a network error at login means."""
    return Passing(reason=f"Discord cannot be reached: {words_of(exc)}")


def _seconds(raw: object) -> float:
    try:
        seconds = float(str(raw))
    except ValueError:
        return 0.0
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)
