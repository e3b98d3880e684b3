"""Counts the requests that Discord refused, and says when the next one may go. Pure: the clock is an argument.

Discord has Cloudflare ban an address that draws 10,000 answers of 401, 403 or 429 in ten minutes (Discord, "Invalid
Request Limit"). Far below that we hold all requests back ourselves.
"""

from collections.abc import Iterable, Mapping

from uptime_bot.waiting.spent_window import SpentWindow

WINDOW_S = 600.0
BUCKET_S = 5.0

INVALID = frozenset({401, 403, 429})
LOOK_S = 1.0
"""Where only requests that are under way fill the window, their answers are looked for this often."""


def is_invalid(status: int, headers: Mapping[str, str]) -> bool:
    """Whether Discord counts an answer; not a 429 that others than this bot have caused."""
    return status in INVALID and not (status == 429 and headers.get("X-RateLimit-Scope") == "shared")


class InvalidRequests:
    """The refused requests of the last ten minutes.

    The law: no window of ten minutes holds more than `limit`, provided that not half of `limit` are under way at once.
    """

    def __init__(self, recent: Iterable[tuple[float, int]] = ()) -> None:
        self._window = SpentWindow(WINDOW_S, BUCKET_S, recent)
        self.under_way = 0

    def wait_s(self, now: float, limit: int) -> float:
        """Seconds until a request may begin.

        From half the limit on, each request that is under way counts as if it were refused.
        """
        recent = self._window.count(now)
        if 2 * recent < limit or recent + self.under_way < limit:
            return 0.0
        return self._window.wait_s(now, below=limit) or LOOK_S

    def count(self, now: float) -> None:
        """Count a refused request."""
        self._window.add(now)

    def recent(self, now: float) -> int:
        """How many there were in the last ten minutes."""
        return self._window.count(now)

    def ages(self, now: float) -> list[tuple[float, int]]:
        """For the next process."""
        return self._window.ages(now)
