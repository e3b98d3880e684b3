"""Tells what is certainly no bot token, with what to do about it, from what is only unusual."""

import re
from collections.abc import Callable
from typing import NamedTuple

from uptime_bot.contract.redaction import SHORTEST
from uptime_bot.contract.token_shape import is_regular
from uptime_bot.contract.token_value import TokenRefused

LONGEST = 4096
_WHERE = "copy the bot's token from the Developer Portal, page Bot, Reset Token"

# Of letters and digits alone, and the whole of what was given: "token-1" may well be another server's token.
_KIND = r"(?:discord|bot|app|application|client|secret|api|access|actual|real|own)*tokens?"
_VERB = r"(?:please)?(?:put|insert|paste|enter|add|place|type|replacethiswith|replacewith|replaceby)"
_PLACEHOLDER = (
    rf"{_VERB}(?:your|my|the|a)?{_KIND}(?:in)?(?:here)?|your{_KIND}(?:(?:goes|comes)?(?:in)?here)?"
    rf"|(?:my|the|a)?{_KIND}(?:goes|comes)?(?:in)?here|(?:change|replace)(?:me|this|it)"
    r"|none|null|undefined|todo|placeholder"
)
_PERHAPS_PLACEHOLDER = r"(?:my|the|a|bot|discord)*token|example|exampletoken|secret|password|test|testtoken|x{3,}"
_VARIABLE = r"\$\{\w+\}?|\$[A-Z_][A-Z0-9_]*|%[A-Za-z_]\w*%|\$\(.*"
# A slot that is to be filled in: <token>, {{ bot_token }}.
SLOT = r"(?i)[<{\[(]+\s*(?:(?:your|my|the|discord|bot)[-_ ]?)*token\s*[>}\])]+"


class Sign(NamedTuple):
    """One thing that can be told from the text alone, and what to say about it."""

    applies: Callable[[str], bool]
    words: str


def _letters_and_digits(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold()) if text.isascii() else ""


def _is_placeholder(text: str) -> bool:
    only_marks = text.isascii() and not re.search(r"[A-Za-z0-9]", text)
    return (
        only_marks
        or re.fullmatch(SLOT, text) is not None
        or re.fullmatch(_PLACEHOLDER, _letters_and_digits(text)) is not None
    )


def _is_client_secret(text: str) -> bool:
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]")  # all hexadecimal would be another server's token
    return re.fullmatch(r"[A-Za-z0-9_-]{32}", text) is not None and all(re.search(kind, text) for kind in kinds)


def _has_three_parts(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 3 and all(re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", part) for part in parts)


# In this order: the first that applies explains best. Only what no server of the API can have issued, or what cannot be
# sent in a header: all else is tried with a warning.
_REFUSALS = (
    Sign(lambda text: not text, f"holds no token: it is empty; {_WHERE}"),
    Sign(
        lambda text: re.search(r"/webhooks/\d+/", text) is not None,
        f"is a webhook's address, with which no bot can log in; {_WHERE}",
    ),
    Sign(lambda text: re.match(r"(?i)(?:https?|wss?)://", text) is not None, f"is an address, not a token; {_WHERE}"),
    Sign(
        lambda text: re.fullmatch(_VARIABLE, text) is not None,
        "is the name of a variable that nothing replaced by its value; put the token itself there",
    ),
    Sign(_is_placeholder, f"is a placeholder, not a token; {_WHERE}"),
    Sign(lambda text: re.search(r"\s", text) is not None, "has white space inside; copy the token again, as one piece"),
    Sign(
        lambda text: not (text.isascii() and text.isprintable()),
        "holds characters that no token has (not ASCII, or control characters); copy it again, from no word processor",
    ),
    Sign(lambda text: len(text) > LONGEST, "is longer than 4096 characters: no token is"),
)

_UNUSUAL = (
    Sign(
        lambda text: re.fullmatch(r"[0-9a-f]{64}", text) is not None,
        "64 hexadecimal digits are what an application's public key looks like",
    ),
    Sign(str.isdigit, "only digits, as an application's id has"),
    Sign(_is_client_secret, "32 letters and digits are what an OAuth2 client secret looks like"),
    Sign(
        lambda text: re.fullmatch(_PERHAPS_PLACEHOLDER, _letters_and_digits(text)) is not None,
        "this may be a placeholder that was to be replaced",
    ),
    Sign(
        lambda text: len(text) < SHORTEST,
        "so short that a log written by the bot itself hides it only in quotes, after Bot, or after a name such as "
        "token=",
    ),
    Sign(
        _has_three_parts, "the first part is not an application's id, or a part is too short, as after a cut-off copy"
    ),
    Sign(bool, "not three base64url parts with dots between, as Discord's tokens are"),
)


def refuse_what_is_no_token(text: str) -> None:
    """Raises TokenRefused for what can be no token of Discord nor of another server of its API."""
    if is_regular(text) and len(text) <= LONGEST:
        return
    for applies, reason in _REFUSALS:
        if applies(text):
            raise TokenRefused(reason)


def shape_warnings(text: str) -> tuple[str, ...]:
    """What is unusual about a token that is accepted all the same: other servers of the API issue other tokens."""
    if is_regular(text):
        return ()
    return (f"unusual shape: {next(words for applies, words in _UNUSUAL if applies(text))}",)
