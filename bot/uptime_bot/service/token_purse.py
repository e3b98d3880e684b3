"""Which token to use now: the first of the sources that is not known to be rejected."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.redaction import Redactor
from uptime_bot.contract.rejected_tokens import NotSavedError, RejectedTokens
from uptime_bot.contract.settings import TokenSettings
from uptime_bot.contract.token_sources import Candidate, SourceProblem, candidates
from uptime_bot.contract.tokens import Token

_log = logging.getLogger(__name__)


class NoTokenLeft(Exception):  # noqa: N818 - the state is the name
    """No source holds a token that Discord has not rejected; str() says which were tried and what to do."""


class TokenPurse:
    """The tokens of this process; the secrets themselves go nowhere but to discord.py."""

    def __init__(
        self,
        settings: Callable[[], TokenSettings],
        *,
        environ: Mapping[str, str],
        rejected: RejectedTokens,
        redactor: Redactor,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._rejected = rejected
        self._redactor = redactor
        self._first_own: str | None = None
        self._noted: set[str] = set()
        self.current: Token | None = None

    async def choose(self, own: str | None) -> Token:
        """The token to use; `own` is what the script passed to login.

        Raises NoTokenLeft.
        """
        if own:
            self._redactor.register(own)
            self._first_own = self._first_own or own
        found = await self._look_in_peace(own)
        for candidate in found:
            if isinstance(candidate, Candidate) and not self._is_rejected(candidate):
                self._note(candidate)
                self.current = candidate.token
                return candidate.token
        raise NoTokenLeft(self._nothing_left(found))

    async def _look_in_peace(self, own: str | None) -> list[Candidate | SourceProblem]:
        # A command source may take seconds; the event loop goes on.
        return await asyncio.to_thread(self._look, own) if self._settings().command else self._look(own)

    def _look(self, own: str | None) -> list[Candidate | SourceProblem]:
        # A second client with a token of its own means that one: the shared sources hold the first client's.
        settings = self._settings()
        if own and own != self._first_own:
            settings = TokenSettings(credential="", files=(), environment="", command=())
        found: list[Candidate | SourceProblem] = []
        for item in candidates(settings, environ=self._environ, own=own):
            found.append(item)
            if isinstance(item, Candidate):
                self._redactor.register(item.token.reveal())
                if not self._is_rejected(item):
                    break  # later sources are not touched while this one serves
        return found

    def _note(self, candidate: Candidate) -> None:
        if candidate.token.fingerprint in self._noted:
            return
        self._noted.add(candidate.token.fingerprint)
        _log.info("using the token %s (%s)", candidate.token.fingerprint, candidate.label)
        for words in (*candidate.notes, *candidate.warnings):
            log_event(_log, Event.TOKEN_NOTE, "%s: %s", candidate.label, words)

    def reject(self, token: Token, where: str) -> None:
        """Remember that Discord does not accept the token, so that no restart sends it again."""
        log_event(
            _log,
            Event.TOKEN_REJECTED,
            "Discord rejected the token %s (%s); it is not sent again",
            token.fingerprint,
            where,
            token=token.fingerprint,
        )
        try:
            self._rejected.add(token.fingerprint, at=datetime.now(UTC), where=where)
        except NotSavedError as exc:
            _log.warning("cannot remember the rejected token on disk: %s; a restart may send it once more", exc)

    async def why_none_is_left(self, own: str | None) -> str | None:
        """None while some source holds a token that was not rejected; else why there is none, source by source."""
        found = await self._look_in_peace(own)
        left = any(isinstance(item, Candidate) and not self._is_rejected(item) for item in found)
        return None if left else self._nothing_left(found)

    def _is_rejected(self, candidate: Candidate) -> bool:
        return self._rejected.contains(candidate.token.fingerprint)

    def _nothing_left(self, found: list[Candidate | SourceProblem]) -> str:
        tried = []
        for item in found:
            if isinstance(item, Candidate):
                tried.append(f"{item.label} ({item.token.fingerprint}: {self._why_rejected(item.token)})")
            else:
                tried.append(f"{item.label} ({item.reason})")
        what = "no token that Discord accepts" if any(isinstance(item, Candidate) for item in found) else "no token"
        looked = "; ".join(tried) if tried else "every source is absent"
        return (
            f"there is {what}: {looked}. Put a valid token (Discord developer portal, Bot, Reset Token) into one of "
            f"the sources, such as {self._first_place()}, and restart{self._second_chance(found)}"
        )

    def _second_chance(self, found: list[Candidate | SourceProblem]) -> str:
        if not any(isinstance(item, Candidate) for item in found):
            return ""
        return f". To have a token tried again that was rejected by mistake, delete {self._rejected.path}"

    def _why_rejected(self, token: Token) -> str:
        for entry in self._rejected.entries():
            if entry.fingerprint == token.fingerprint:
                return f"rejected {entry.at:%Y-%m-%d %H:%M:%S} UTC, {entry.where}"
        return "rejected"

    def _first_place(self) -> str:
        settings = self._settings()
        return str(settings.files[0]) if settings.files else f"${settings.environment}"
