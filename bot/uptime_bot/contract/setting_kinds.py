"""What values a key takes: each kind turns what TOML gave into the type inside, or raises Unacceptable."""

import math
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from uptime_bot.contract.config_error import Unacceptable, shown
from uptime_bot.contract.token_shape import holds_token

_LONGEST_TEXT = 4096
_MOST_ITEMS = 64


class Form(StrEnum):
    """How a value is written where there is only text: in the environment and behind --set."""

    TEXT = "text"
    NUMBER = "number"
    ARRAY = "array"


class Kind(NamedTuple):
    """A kind of value: its form as text, what it expects in words, and the check that turns it into the type inside."""

    form: Form
    expected: str
    accept: Callable[[object], object]


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise Unacceptable(f"{shown(value)} is not text", expected)
    if holds_token(value):
        raise Unacceptable(
            "this looks like a Discord token", "no secret here: put the token into a file or a credential"
        )
    if len(value) > _LONGEST_TEXT or not value.isprintable():
        raise Unacceptable(f"text of {len(value)} characters, too long or with control characters", expected)
    return value


def text(expected: str, *, pattern: str = "") -> Kind:
    """Text; where a pattern is given, all of it has to match."""

    def accept(value: object) -> str:
        given = _text(value, expected)
        if pattern and not re.fullmatch(pattern, given):
            raise Unacceptable(f"{shown(given)} is not allowed here", expected)
        return given

    return Kind(Form.TEXT, expected, accept)


def choice(*words: str) -> Kind:
    """One of a few words, in any case."""
    expected = "one of " + ", ".join(words)

    def accept(value: object) -> str:
        given = _text(value, expected).strip()
        for word in words:
            if word.casefold() == given.casefold():
                return word
        raise Unacceptable(f"{shown(given)} is not known", expected)

    return Kind(Form.TEXT, expected, accept)


def seconds(*, least: float, most: float) -> Kind:
    """A duration in seconds between two limits, both included; never NaN, infinite or a truth value."""
    expected = f"seconds from {least:g} to {most:g}"

    def accept(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Unacceptable(f"{shown(value)} is not a number", expected)
        if not least <= value <= most:  # false for NaN as well
            problem = "not a finite number" if isinstance(value, float) and not math.isfinite(value) else "out of range"
            raise Unacceptable(f"{shown(value)} is {problem}", expected)
        return float(value)

    return Kind(Form.NUMBER, expected, accept)


def fraction(*, least: float, most: float) -> Kind:
    """A part of a whole between two limits, both included; never NaN or a truth value."""
    expected = f"a fraction from {least:g} to {most:g}"

    def accept(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Unacceptable(f"{shown(value)} is not a number", expected)
        if not least <= value <= most:  # false for NaN as well
            raise Unacceptable(f"{shown(value)} is out of range", expected)
        return float(value)

    return Kind(Form.NUMBER, expected, accept)


def whole(*, least: int, most: int) -> Kind:
    """A whole number between two limits, both included; never a truth value."""
    expected = f"a whole number from {least} to {most}"

    def accept(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unacceptable(f"{shown(value)} is not a whole number", expected)
        if not least <= value <= most:
            raise Unacceptable(f"{shown(value)} is out of range", expected)
        return value

    return Kind(Form.NUMBER, expected, accept)


def path(*, derived: bool = False) -> Kind:
    """A path; a derived one may be "" (None inside), which leaves it to the environment."""
    expected = 'a path, or "" for the default' if derived else "a path"

    def accept(value: object) -> Path | None:
        given = _text(value, expected)
        if not given and not derived:
            raise Unacceptable("an empty path", expected)
        return Path(given) if given else None

    return Kind(Form.TEXT, expected, accept)


def _array(value: object, expected: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Unacceptable(f"{shown(value)} is not an array", expected)
    if len(value) > _MOST_ITEMS:
        raise Unacceptable(f"{len(value)} items are too many", f"at most {_MOST_ITEMS}")
    items = tuple(_text(item, expected) for item in value)
    if "" in items:
        raise Unacceptable("one item is empty", expected)
    return items


def paths() -> Kind:
    """An array of paths."""
    expected = 'an array of paths, such as ["/etc/uptime-bot/token"]'
    return Kind(Form.ARRAY, expected, lambda value: tuple(Path(item) for item in _array(value, expected)))


def argv() -> Kind:
    """A command and its arguments, one item each; no shell reads it."""
    expected = 'an array of a command and its arguments, such as ["pass", "show", "discord"]'
    return Kind(Form.ARRAY, expected, lambda value: _array(value, expected))


def url(*schemes: str, optional: bool = False) -> Kind:
    """An address of one of the schemes, without a trailing slash, user, password, query or fragment."""
    expected = f"an address such as {schemes[-1]}://host:port/path" + (' or ""' if optional else "")

    def accept(value: object) -> str:
        given = _text(value, expected).strip()
        if given or not optional:
            _check_url(given, schemes, expected)
        return given.rstrip("/")

    return Kind(Form.TEXT, expected, accept)


def _check_url(given: str, schemes: tuple[str, ...], expected: str) -> None:
    from urllib.parse import urlsplit  # late: only a configured address needs it

    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Unacceptable("not a valid address", expected) from None
    if parts.scheme not in schemes:
        raise Unacceptable("the address has the wrong scheme or none", expected)
    if "@" in parts.netloc:
        raise Unacceptable("the address holds a user name or a password", "an address without credentials")
    if not host or any(character.isspace() for character in given):
        raise Unacceptable("the address names no host, or holds white space", expected)
    if parts.query or parts.fragment:
        raise Unacceptable("the address has a query or a fragment", expected)
