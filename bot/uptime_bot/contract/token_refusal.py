"""Tells what is certainly no bot token, with what to do about it, from what is only unusual."""

import re
from collections.abc import Callable
from typing import NamedTuple

from uptime_bot.contract.token_shape import is_regular
from uptime_bot.contract.token_value import TokenRefused

LONGEST = 4096
SHORTEST = 8
_WHERE = "copy the bot's token from the Developer Portal, page Bot, Reset Token"

_PLACEHOLDER = (
    r"your.*token|tokenhere|changeme|replace(me|this)|insert|paste|putyour|yourbot|yoursecret"
    r"|(my|the|a|bot|discord)*token|none|null|undefined|todo|example(token)?|placeholder|secret|password|x{3,}"
)
_PLACEHOLDER_WITHIN = r"your.{0,20}token|token.?here|change.?me|replace.?(me|this)|insert.{0,12}token|paste.{0,12}token"
_VARIABLE = r"\$\{?[A-Za-z_]\w*\}?|%[A-Za-z_]\w*%|\{*\s*[A-Za-z_]\w*\s*\}+|\$\(.*"


class Refusal(NamedTuple):
    """One kind of thing that is no token."""

    applies: Callable[[str], bool]
    reason: str


def _is_placeholder(text: str) -> bool:
    lowered = text.casefold()
    letters = re.sub(r"[^a-z]", "", lowered)
    only_marks = text.isascii() and not re.search(r"[A-Za-z0-9]", text)
    return (
        only_marks
        or re.fullmatch(_PLACEHOLDER, letters) is not None
        or re.search(_PLACEHOLDER_WITHIN, lowered) is not None
    )


def _is_client_secret(text: str) -> bool:
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]")  # all hexadecimal would be another server's token
    return re.fullmatch(r"[A-Za-z0-9_-]{32}", text) is not None and all(re.search(kind, text) for kind in kinds)


# In this order: the first that applies explains best.
_REFUSALS = (
    Refusal(lambda text: not text, f"holds no token: it is empty; {_WHERE}"),
    Refusal(
        lambda text: re.search(r"/webhooks/\d+/", text) is not None,
        f"is a webhook's address, with which no bot can log in; {_WHERE}",
    ),
    Refusal(lambda text: "://" in text, f"is an address, not a token; {_WHERE}"),
    Refusal(
        lambda text: re.fullmatch(_VARIABLE, text) is not None,
        "is the name of a variable that nothing replaced by its value; put the token itself there",
    ),
    Refusal(_is_placeholder, f"is a placeholder, not a token; {_WHERE}"),
    Refusal(
        lambda text: re.search(r"\s", text) is not None, "has white space inside; copy the token again, as one piece"
    ),
    Refusal(
        lambda text: not (text.isascii() and text.isprintable()),
        "holds characters that no token has (not ASCII, or control characters); copy it again, from no word processor",
    ),
    Refusal(str.isdigit, f"is a number, such as an application's id, not a token; {_WHERE}"),
    Refusal(_is_client_secret, f"has the form of an OAuth2 client secret, which is not the bot's token; {_WHERE}"),
    Refusal(lambda text: len(text) < SHORTEST, f"is too short for a token; {_WHERE}"),
    Refusal(lambda text: len(text) > LONGEST, "is longer than 4096 characters: no token is"),
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
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return ("unusual shape: 64 hexadecimal digits are what an application's public key looks like",)
    parts = text.split(".")
    if len(parts) != 3 or not all(re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", part) for part in parts):
        return ("unusual shape: not three base64url parts with dots between, as Discord's tokens are",)
    return (
        "unusual shape: the first part is not an application's id, or a part is too short, as after a cut-off copy",
    )
