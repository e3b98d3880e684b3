"""Tokens as Discord issues them, and everything that people do to them before they reach us."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import reduce

from hypothesis import strategies as st

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
Decoration = Callable[[str], str]


def _joined(identity: int, timestamp: str, hmac: str) -> str:
    first = urlsafe_b64encode(str(identity).encode()).decode().rstrip("=")
    return f"{first}.{timestamp}.{hmac}"


REGULAR_TOKENS = st.builds(
    _joined,
    st.integers(min_value=10**16, max_value=2**64 - 1),
    st.text(BASE64URL, min_size=6, max_size=7),
    st.text(BASE64URL, min_size=27, max_size=38),
)

ODD_SECRETS = st.text(BASE64URL + "+/=.:%'\"\\~!$", min_size=8, max_size=60)

DECORATIONS: dict[str, Decoration] = {
    "spaces": lambda token: f"  {token}\t ",
    "newline": lambda token: f"\n\n{token}\r\n",
    "no-break space": lambda token: f"\u00a0{token}\u2003",
    "byte order mark": lambda token: f"\ufeff{token}",
    "zero width": lambda token: f"\u200b{token[:9]}\u200d{token[9:]}\u2060",
    "double quotes": lambda token: f'"{token}"',
    "single quotes": lambda token: f"'{token}'",
    "typographic quotes": lambda token: f"\u201c{token}\u201d",
    "backticks": lambda token: f"```{token}```",
    "one quote": lambda token: f'{token}"',
    "Bot": lambda token: f"Bot {token}",
    "bot": lambda token: f"bot  {token}",
    "Bot Bot": lambda token: f"Bot Bot {token}",
    "Bearer": lambda token: f"BEARER {token}",
    "name": lambda token: f"DISCORD_TOKEN={token}",
    "name and quotes": lambda token: f'DISCORD_TOKEN = "{token}"',
    "export": lambda token: f"export TOKEN={token}",
    "powershell": lambda token: f"$env:DISCORD_TOKEN = '{token}'",
    "yaml": lambda token: f"token: {token}",
    "json": lambda token: '{"token": "' + token + '"}',
    "header": lambda token: f"Authorization: Bot {token}",
    "comma": lambda token: f"{token},",
    "semicolon": lambda token: f"{token};",
    "angle brackets": lambda token: f"<{token}>",
    "bracketed paste": lambda token: f"\x1b[200~{token}\x1b[201~",
    "comment above": lambda token: f"# my bot's token\n{token}",
    "comment below": lambda token: f"{token}\n// keep it secret\n",
    "label above": lambda token: f"Token:\n{token}",
    "twice": lambda token: f"{token}\n{token}",
    "prose above": lambda token: f"Here is the key of the bot\n{token}",
}

_LINE_WISE = ("comment above", "comment below", "label above", "twice", "prose above")


def decorated(token: str, names: list[str]) -> str:
    """The token after these decorations, those of one line first."""
    in_order = sorted(names, key=lambda name: name in _LINE_WISE)
    return reduce(lambda text, name: DECORATIONS[name](text), in_order, token)


DECORATION_NAMES = st.lists(st.sampled_from(sorted(DECORATIONS)), max_size=5)


def pieces(secret: str, length: int = 8) -> set[str]:
    """Every part of the secret that is this long."""
    return {secret[start : start + length] for start in range(len(secret) - length + 1)}
