"""Finds the token in what people paste: quotes, prefixes, .env files, byte order marks, several lines."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from uptime_bot.contract.token_refusal import SLOT, refuse_what_is_no_token, shape_warnings
from uptime_bot.contract.token_shape import TOKEN_PATTERN, is_regular
from uptime_bot.contract.token_value import Token, TokenRefused, application_id, fingerprint

__all__ = ["Cleaned", "Token", "TokenRefused", "application_id", "clean", "fingerprint"]

LARGEST = 64 * 1024

# All patterns are compiled when first used: whoever only imports this does not wait.
# Seen when text is copied from a web page, a chat or a word processor.
_INVISIBLE = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_BRACKETED_PASTE = "\x1b\\[20[01]~"
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a\u00ab\u00bb\u2032\u2033\uff02\uff07"
_COMMENTS = ("#", "//", ";")
_SCHEME = r"(?i)(?:bot|bearer)[\s:]+"
_ASSIGNMENT = r"""(?ix)(?:(?:export|set|setx|declare\s+-x|const|let|var)\s+|\$env:|-\s+)?  # of a shell, a script, YAML
        ["']?(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,63})["']?
        \s*(?:=>|:=|=|:)\s*(?!=$)"""  # a secret's own == at its end is no assignment
_NAME_OF_TOKEN = r"(?i)token|discord|^authorization$|^bot$|secret"  # noqa: S105  (a pattern)


class Cleaned(NamedTuple):
    """A token, what was cleaned away (in words), and what is unusual about it."""

    token: Token
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


class Line(NamedTuple):
    """What is left of one line, and whether a name such as DISCORD_TOKEN= stood before it."""

    number: int
    text: str
    named: bool
    notes: tuple[str, ...]


def clean(raw: str | bytes) -> Cleaned:
    """The token in what was pasted; raises TokenRefused with a reason that repeats none of it.

    Cleaning what reveal() gives changes nothing.
    """
    if len(raw) > LARGEST:
        raise TokenRefused("holds more than 64 KiB: this is no token, but some other file")
    text, notes = _decoded(raw)
    text, removed = re.subn(_INVISIBLE, "", re.sub(_BRACKETED_PASTE, "", text))
    if removed:
        notes = (*notes, "removed invisible characters")
    lines = list(_lines(text))
    if not lines:
        raise TokenRefused("holds no token: it is empty, or holds only comments")
    line = _chosen(lines)
    refuse_what_is_no_token(line.text)
    if len(text.splitlines()) > 1 and text.strip() != line.text:
        notes = (*notes, f"took line {line.number} of several")
    return Cleaned(Token(line.text), tuple(dict.fromkeys((*notes, *line.notes))), shape_warnings(line.text))


def _decoded(raw: str | bytes) -> tuple[str, tuple[str, ...]]:
    if isinstance(raw, str):
        return raw, ()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in raw[:2]:
        encoding = "utf-16-be" if raw[0] == 0 else "utf-16-le"
    else:
        encoding = "utf-8"
    try:
        return raw.decode(encoding), ("decoded from UTF-16",) if encoding != "utf-8" else ()
    except UnicodeDecodeError:
        raise TokenRefused("is not text in UTF-8: save it again as plain text") from None


def _lines(text: str) -> Iterator[Line]:
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _undecorated(number, raw)
        if line.text and not line.text.startswith(_COMMENTS):
            yield line


def _undecorated(number: int, raw: str) -> Line:
    """The line without all that people put around a token, in whatever order they did."""
    text, before = raw, None
    notes: dict[str, None] = {}
    named = False
    while text != before:
        before = text
        text = text.strip().strip(_QUOTES)
        if re.fullmatch(SLOT, text):
            break  # the brackets tell <token>, a placeholder, from a server's own token of that name
        if (bare := text.rstrip(",;").strip("<>{}()[] \t")) != text:
            notes["removed punctuation around it"] = None
            text = bare
        if scheme := re.match(_SCHEME, text):
            notes["removed the prefix Bot or Bearer, which is added when it is sent"] = None
            text = text[scheme.end() :]
        elif (found := re.match(_ASSIGNMENT, text)) and re.search(_NAME_OF_TOKEN, found["name"]):
            notes["removed the name before it"] = None
            named = True
            text = text[found.end() :]
    if len(raw.strip()) != len(raw.strip().strip(_QUOTES)):
        notes["removed quotes"] = None
    if not is_regular(text) and len(inside := {match[0] for match in TOKEN_PATTERN.finditer(text)}) == 1:
        notes["took it out of a longer line"] = None
        text = inside.pop()
    if text.casefold() in ("bot", "bearer"):
        text = ""
    return Line(number, text, named, tuple(notes))


def _chosen(lines: list[Line]) -> Line:
    """The one line that holds the token: first by shape, then by name, then because there is no other."""
    if regular := [line for line in lines if is_regular(line.text)]:
        return _only(regular, "look like tokens, and they differ")
    if len(lines) == 1:
        return lines[0]
    if named := [line for line in lines if line.named]:
        return _only(named, "are named like tokens, and they differ")
    return _only(lines, "hold something, and none looks like a token")


def _only(lines: list[Line], problem: str) -> Line:
    if len({line.text for line in lines}) > 1:
        raise TokenRefused(f"lines {_listed(line.number for line in lines)} {problem}: keep only the right one")
    return lines[0]


def _listed(numbers: Iterable[int]) -> str:
    shown = [str(number) for number in numbers]
    return ", ".join(shown[:10]) + (" and more" if len(shown) > 10 else "")
