"""What a LoginGuard stands between: an HTTPClient that answers as told, and a probe that hears nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord

from uptime_bot.waiting.reachability import Answer, Reachability

_BASE = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
FIRST, OWN = f"{_BASE}AAA", f"{_BASE}CCC"
"""Two tokens as Discord issues them: the environment's and the script's own."""


class FakeResponse:
    """As much of aiohttp's response as discord.HTTPException reads."""

    reason = "because"

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers


def answered(status: int, **headers: str) -> discord.HTTPException:
    """What discord.py raises on such an answer."""
    response: Any = FakeResponse(status, headers)
    return discord.HTTPException(response, "no")


class FakeHttp:
    """Gives the next of its answers; remembers the token that each request was sent with, and when."""

    def __init__(self, *answers: object) -> None:
        self.token: str | None = None
        self.answers = list(answers)
        self.sent: list[tuple[str | None, float]] = []
        self.request: Callable[..., Awaitable[Any]] = self._answer

    async def _answer(self, route: Any, **_: object) -> Any:
        self.sent.append((self.token, asyncio.get_running_loop().time()))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class FakeLoginClient:
    """As much of a client as its login touches."""

    def __init__(self, http: FakeHttp, closed: Callable[[], bool]) -> None:
        self.http = http
        self.is_closed = closed


class DeafReachability(Reachability):
    """A probe that asks nobody."""

    def __init__(self) -> None:
        super().__init__(api_url="http://nowhere.invalid", timeout_s=lambda: 1.0)

    async def rest(self, path: str = "/gateway") -> Answer:
        return Answer(answers=False, detail="nobody asked")
