"""Replaces tokens in text by their fingerprints."""

import re
from base64 import b64encode, urlsafe_b64encode
from typing import NamedTuple
from urllib.parse import quote

from uptime_bot.contract.token_shape import TOKEN_PATTERN, holds_token, is_regular
from uptime_bot.contract.token_value import Token, fingerprint

SHORTEST = 8
"""A shorter secret is an ordinary word (`test`), and is replaced only where it stands as a secret does."""
# After Bot or Bearer; after a name that ends in token or authorization; in quotes, as in a traceback's `run("test")`.
_BEFORE_SHORT = r"""(?i:\b(?:bot|bearer)\s{1,3}|(?:token|authorization)["']?\s{0,3}[=:]\s{0,3}|(?P<quote>["']))"""
_BEHIND_SHORT = r"""(?(quote)(?=\\{0,3}["'])|(?![A-Za-z0-9_-]))"""
_WITHHELD = "[text withheld: it held a token]"
_MOST_ROUNDS = 8


class _ShortSecret(NamedTuple):
    text: str
    pattern: re.Pattern[str]
    mark: str

    def stands_in(self, text: str) -> bool:
        return self.text in text and self.pattern.search(text) is not None

    def replaced(self, text: str) -> str:
        return self.pattern.sub(lambda match: match["before"] + self.mark, text)


class Redactor:
    """Knows secrets, and replaces them and whatever has the shape of a token by `[token tok-...]`.

    A registered secret is found percent-encoded, in base64 at any offset, escaped as repr() or JSON would, and by its
    last part alone, which is the secret one of Discord's tokens. One of fewer than 8 characters is found only in
    quotes, after Bot, or after a name such as token=: every log line would be full of marks otherwise.
    """

    __slots__ = ("_needles", "_short", "_signs")

    def __init__(self) -> None:
        self._short: tuple[_ShortSecret, ...] = ()
        self._needles: tuple[tuple[str, str], ...] = ()
        self._signs: tuple[str, ...] = ()

    def register(self, secret: str | Token) -> None:
        """Replaces this secret from now on; an empty one changes nothing."""
        text = secret.reveal() if isinstance(secret, Token) else secret
        if len(text) < SHORTEST:
            self._register_short(text)
            return
        known = dict(self._needles)
        if text in known:
            return
        mark = f"[token {fingerprint(text)}]"
        for needle in _disguises(text):
            # "[token]" is shorter than any needle, so it never holds one.
            known.setdefault(needle, "[token]" if needle in mark else mark)
        # The longest first: a part of a secret must not spoil the whole of it.
        self._needles = tuple(sorted(known.items(), key=lambda item: -len(item[0])))
        # What holds none of these holds no needle: each needle is one of them or has one inside.
        self._signs = tuple(one for one in known if not any(other != one and other in one for other in known))

    def _register_short(self, text: str) -> None:
        if text and all(text != known.text for known in self._short):
            pattern = re.compile(f"(?P<before>{_BEFORE_SHORT}){re.escape(text)}{_BEHIND_SHORT}")
            self._short = (*self._short, _ShortSecret(text, pattern, f"[token {fingerprint(text)}]"))

    def finds(self, text: str) -> bool:
        """Whether there is anything to redact; costs a microsecond or two, as every log record pays it."""
        for sign in self._signs:
            if sign in text:
                return True
        return holds_token(text) or self._holds_short(text)

    def redact(self, text: str) -> str:
        """The text without any token; the same object where there is none."""
        if not self.finds(text):
            return text
        for _ in range(_MOST_ROUNDS):  # what stands around a replaced secret could form it once more
            if not self._holds_registered(text):
                break
            for needle, mark in self._needles:
                text = text.replace(needle, mark)
        else:
            return _WITHHELD
        redacted = TOKEN_PATTERN.sub(lambda match: f"[token {fingerprint(match[0])}]", text)
        for short in self._short:
            redacted = short.replaced(redacted)
        return _WITHHELD if self._holds_registered(redacted) or self._holds_short(redacted) else redacted

    def _holds_registered(self, text: str) -> bool:
        return any(sign in text for sign in self._signs)

    def _holds_short(self, text: str) -> bool:
        return any(short.stands_in(text) for short in self._short)


def _disguises(secret: str) -> set[str]:
    """Every form in which the secret could stand in a text, itself included."""
    parts = {secret}
    if is_regular(secret):
        parts.add(secret.rpartition(".")[2])
    encoded = {form for part in parts for form in (*_in_base64(part), quote(part, safe=""), *_escaped(part))}
    return {form for form in parts | encoded if len(form) >= SHORTEST}


def _in_base64(secret: str) -> set[str]:
    """What any base64 of a text holds wherever the secret stands in it: three offsets, without the shared letters."""
    raw = secret.encode(errors="surrogatepass")
    found = set()
    for offset in range(3):
        shared = (offset * 8 + 5) // 6  # letters that also depend on what stands before
        whole = (offset + len(raw)) * 8 // 6  # letters that do not depend on what stands behind
        padded = b"\0" * offset + raw
        found |= {encode(padded).decode()[shared:whole] for encode in (b64encode, urlsafe_b64encode)}
    return found


def _escaped(secret: str) -> set[str]:
    """As repr() shows it in a str or bytes, alone and in a structure that repr() shows again, and as JSON does."""
    once = repr(secret)[1:-1]
    return {once, repr(once)[1:-1], re.sub(r'(["\\])', r"\\\1", secret), secret.replace("'", "\\'")}
