"""Which tokens open the door at this moment."""

from uptime_bot.contract.tokens import fingerprint

__all__ = ["TokenRing", "fingerprint", "token_of"]


class TokenRing:
    """The valid tokens of the application. Keeps fingerprints only."""

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._valid = {fingerprint(token) for token in tokens}

    def __repr__(self) -> str:
        return f"TokenRing({', '.join(self.fingerprints)})"

    @property
    def fingerprints(self) -> list[str]:
        return sorted(self._valid)

    def knows(self, mark: str) -> bool:
        return mark in self._valid

    def add(self, token: str) -> str:
        """Let a token in from now on; its fingerprint."""
        mark = fingerprint(token)
        self._valid.add(mark)
        return mark

    def revoke(self, mark: str) -> bool:
        """Forget one token; False if it was not valid anyway."""
        known = mark in self._valid
        self._valid.discard(mark)
        return known

    def revoke_all(self) -> list[str]:
        """What Discord does at the end of the IDENTIFY budget: the token is reset."""
        revoked = self.fingerprints
        self._valid.clear()
        return revoked


def token_of(authorization: str | None) -> str | None:
    """The token in an `Authorization: Bot <token>` header; None for any other form."""
    if authorization is None or not authorization.startswith("Bot "):
        return None
    return authorization[len("Bot ") :]
