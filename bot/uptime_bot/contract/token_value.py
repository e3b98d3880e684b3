"""A bot's token as a value that does not show itself, and its fingerprint that stands for it everywhere."""

from typing import NoReturn

from uptime_bot.contract.token_shape import is_regular, leading_id

_DOMAIN = b"uptime-bot token fingerprint 1\0"


class TokenRefused(ValueError):  # noqa: N818  (reads as what happened)
    """What was given is no token; the reason says why and what to do, and never repeats any of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def fingerprint(secret: str) -> str:
    """Stands for the secret where people and files may see it: "tok-" and 12 hexadecimal digits."""
    from hashlib import sha256  # late: OpenSSL takes longer to load than all of the contract

    return "tok-" + sha256(_DOMAIN + secret.encode(errors="surrogatepass")).hexdigest()[:12]


class Token:
    """A cleaned token; only reveal() gives the secret, everything else shows the fingerprint.

    Cannot be copied or pickled, so that no structure that is dumped or sent carries it along by accident.
    """

    __slots__ = ("_secret", "fingerprint")

    _secret: str
    fingerprint: str

    def __init__(self, secret: str) -> None:
        object.__setattr__(self, "_secret", secret)
        object.__setattr__(self, "fingerprint", fingerprint(secret))

    def reveal(self) -> str:
        """The secret itself, for the one call that sends it to Discord."""
        return self._secret

    @property
    def regular(self) -> bool:
        """Whether it has the shape of the tokens that Discord issues."""
        return is_regular(self._secret)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Token does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Token does not change")

    def __repr__(self) -> str:
        return f"<Token {self.fingerprint}>"

    def __str__(self) -> str:
        return self.fingerprint

    def __format__(self, spec: str) -> str:
        return format(self.fingerprint, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Token):
            return NotImplemented
        return self._secret == other._secret

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Token is neither copied nor pickled")


def application_id(token: Token) -> int | None:
    """The application's (and bot user's) id, which a token as Discord issues it begins with."""
    return leading_id(token.reveal())
