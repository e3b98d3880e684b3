"""Asks, without a token, whether Discord's REST and gateway answer at all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import aiohttp

from uptime_bot.waiting.words import words_of

USER_AGENT = "DiscordBot (https://github.com/uptime-bot/uptime-bot, 0.1) reachability probe"
"""Discord asks for this form of User-Agent and may block requests without a valid one."""


class Answer(NamedTuple):
    """What a probe heard."""

    answers: bool
    detail: str
    """Such as "200", "503" or "connection refused"."""


Probe = Callable[[], Awaitable[Answer]]


class Reachability:
    """Probes one Discord API; makes its connections anew each time, so that what it says is true now.

    A probe takes at most timeout_s and never raises for what it finds.
    """

    def __init__(self, *, api_url: str, timeout_s: Callable[[], float]) -> None:
        self._api_url = api_url
        self._timeout_s = timeout_s
        self._way: dict[str, Any] = {}
        self._connector: aiohttp.BaseConnector | None = None

    def go_the_way_of(self, http: Any) -> None:
        """Probe through the proxy or the connector that the bot was given (a discord HTTPClient before its login)."""
        self._way = {"proxy": http.proxy, "proxy_auth": http.proxy_auth}
        # The bot's own connector knows its resolver, its proxy or its certificates; discord.py's default knows nothing.
        self._connector = http.connector if isinstance(http.connector, aiohttp.BaseConnector) else None

    async def rest(self, path: str = "/gateway") -> Answer:
        """GET a path; anything but a server error or a rate limit is an answer, 401 included: somebody is there."""

        async def ask(session: aiohttp.ClientSession) -> Answer:
            async with session.get(self._api_url + path, allow_redirects=False, **self._way) as response:
                status = response.status
                return Answer(answers=status < 500 and status != 429, detail=str(status))

        return await self._probe(ask)

    async def gateway(self, url: str) -> Answer:
        """Make a websocket handshake and drop it before IDENTIFY, which costs no session start."""

        async def ask(session: aiohttp.ClientSession) -> Answer:
            socket = await session.ws_connect(url, **self._way)
            await socket.close(code=4000)
            return Answer(answers=True, detail="101")

        return await self._probe(ask)

    async def _probe(self, ask: Callable[[aiohttp.ClientSession], Awaitable[Answer]]) -> Answer:
        try:
            async with (
                asyncio.timeout(self._timeout_s()),
                aiohttp.ClientSession(
                    headers={"User-Agent": USER_AGENT},
                    connector=self._connector,
                    connector_owner=self._connector is None,
                ) as session,
            ):
                return await ask(session)
        except (OSError, aiohttp.ClientError, ValueError, RuntimeError) as exc:  # TimeoutError is an OSError
            return Answer(answers=False, detail=words_of(exc))
