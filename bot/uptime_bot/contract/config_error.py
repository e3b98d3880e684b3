"""What is wrong with a configuration: every mistake at once, each with its place."""

import re
from collections.abc import Sequence
from typing import NamedTuple

# A run this long may be a secret that somebody pasted into the wrong place, whatever its shape.
_POSSIBLY_SECRET = re.compile(r"[\w.+=-]{20,}")
_LONGEST_SHOWN = 60
_LARGEST_SHOWN = 10**15


class Mistake(NamedTuple):
    """One thing to mend; `where` is file:line, a variable's or an option's name."""

    where: str
    problem: str
    expected: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}" + (f"; expected {self.expected}" if self.expected else "")


class ConfigError(Exception):
    """The configuration cannot be used; str() lists every mistake, one per line, and no possible token."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class Unacceptable(ValueError):  # noqa: N818  (reads as what happened)
    """A value is not one that its key takes."""

    def __init__(self, problem: str, expected: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.expected = expected


def shown(value: object) -> str:
    """The value as an error may repeat it: never anything that could be a token, never long, always on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):  # Python itself refuses to print very long ones
        return repr(value) if abs(value) < _LARGEST_SHOWN else "a very large number"
    if isinstance(value, str):
        return _shown_text(value)
    if isinstance(value, list):
        return "an array"
    return "a table" if isinstance(value, dict) else "a date or time"


def may_hold_secret(text: str) -> bool:
    """Whether an error must not repeat the text: some run in it is long enough for a token of any shape."""
    return _POSSIBLY_SECRET.search(text) is not None


def _shown_text(text: str) -> str:
    if len(text) > _LONGEST_SHOWN or may_hold_secret(text):
        return f"text of {len(text)} characters"
    return f'"{text}"' if text.isprintable() else ascii(text)
