"""The shape of the tokens that Discord issues: `id.timestamp.hmac`, each base64url, the id a decimal number."""

import re
from binascii import a2b_base64

# Three decimal digits in base64 are four letters out of few (0x30 to 0x39 leave most bits fixed). Spelling them out
# tells a token from a dotted module name without decoding anything.
_DIGITS = r"(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){2,8}(?:[MNO][DTjz][AEIMQUYcgk]=?|[MNO][AQgw](?:==)?)?"
_TAIL = r"\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{10,}"
TOKEN_PATTERN = re.compile(rf"({_DIGITS}){_TAIL}")
_TAIL_PATTERN = re.compile(_TAIL)  # begins with a plain letter, for which re searches five times as fast


def is_regular(text: str) -> bool:
    """Whether all of the text is a token as Discord issues them."""
    return TOKEN_PATTERN.fullmatch(text) is not None


def holds_token(text: str) -> bool:
    """Whether a token as Discord issues them stands anywhere in the text."""
    return "." in text and _TAIL_PATTERN.search(text) is not None and TOKEN_PATTERN.search(text) is not None


def leading_id(text: str) -> int | None:
    """The application's id out of a regular token, else None."""
    match = TOKEN_PATTERN.fullmatch(text)
    if match is None:
        return None
    letters = match[1].rstrip("=")
    return int(a2b_base64(letters + "=" * (-len(letters) % 4)))
