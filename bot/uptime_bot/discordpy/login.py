"""Login under a guard: what passes is waited out, a rejected token gives way to the next source.

discord.py does not retry around login, and raises at once on most of what passes (a boot without DNS, 503, a Cloudflare
429).
The guard stands in front of HTTPClient.request for the length of Client.login and only for the two requests that login
itself makes, so that the user's setup_hook never runs twice.
"""

import copy
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Protocol, cast

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from uptime_bot.contract.exit_codes import ExitCode
from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.settings import DiscordSettings
from uptime_bot.contract.tokens import Token
from uptime_bot.discordpy.links import ClientLink, Links
from uptime_bot.discordpy.login_failures import Passing, Rejected, classify_network, classify_status
from uptime_bot.discordpy.surroundings import Surroundings
from uptime_bot.service.token_purse import NoTokenLeft
from uptime_bot.waiting.backoff import backoff_s
from uptime_bot.waiting.outage import Outage

_log = logging.getLogger(__name__)

EXPECTED = {"/users/@me": "id", "/oauth2/applications/@me": "id", "/gateway/bot": "url", "/gateway": "url"}
"""The requests that a start makes by itself, each with a key that Discord's answer always has."""

REQUEST_TIMEOUT_S = 15.0
"""For one request of login; aiohttp alone would hang for five minutes on a black hole."""

at_login: ContextVar[bool] = ContextVar("uptime_bot_at_login", default=False)
"""Set while a guarded request is under way: json_or_text() then raises at once on a status that discord.py would
retry by itself for up to 25 s, out of our sight."""


class _Http(Protocol):
    token: str | None
    request: Callable[..., Awaitable[Any]]


class LoginGuard:
    """Guards the requests of one login."""

    def __init__(self, link: ClientLink, around: Surroundings, links: Links) -> None:
        self._http = cast("_Http", link.client.http)
        self._request = self._http.request
        self._link = link
        self._links = links
        self._around = around
        self._closed = link.client.is_closed
        self._outage = Outage(every_s=around.settings().reconnect.probe_every_s, over=self._closed)
        self._key = f"login of {id(link)}"

    async def request(self, route: Any, **kwargs: Any) -> Any:
        """Do HTTPClient.request; for login's own requests, come back only with an answer."""
        if route.path not in EXPECTED or route.method != "GET":
            return await self._request(route, **kwargs)
        if route.path in self._link.known:
            return copy.deepcopy(self._link.known[route.path])
        try:
            answer = await self._until_answered(route, kwargs)
            self._link.answers[route.path] = copy.deepcopy(answer)
            return answer
        finally:
            self._around.waits.end(self._key)

    async def _until_answered(self, route: Any, kwargs: dict[str, Any]) -> Any:
        failures = 0
        while True:
            outcome = await self._try(route, kwargs)
            if not isinstance(outcome, Passing | Rejected):
                return outcome
            if isinstance(outcome, Rejected):
                await self._reject(outcome)
                failures = 0
            else:
                failures += 1
                await self._wait(route.path, outcome, failures)

    async def _try(self, route: Any, kwargs: dict[str, Any]) -> Any:
        reset = at_login.set(True)
        try:
            # For the exchange alone: discord.py may sleep for a rate limit behind a good answer.
            answer = await self._request(route, **kwargs, timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S))
        except discord.HTTPException as exc:
            return classify_status(exc.status, exc.response.headers, route.path, getattr(exc, "retry_after", None))
        except (OSError, aiohttp.ClientError) as exc:
            return classify_network(exc)
        except ValueError:  # not JSON, though it said so
            return Passing(reason="what answers is not Discord: its answer is not JSON", unreachable=False)
        finally:
            at_login.reset(reset)
        if isinstance(answer, dict) and EXPECTED[route.path] in answer:
            return cast("dict[str, Any]", answer)
        return Passing(reason="what answers is not Discord; is [discord] api_url right?", unreachable=False)

    async def _reject(self, rejected: Rejected) -> None:
        if self._link.token is not None:
            self._around.purse.reject(self._link.token, rejected.where)
        self._http.token = (await choose_token(self._link, self._around, self._links)).reveal()

    async def _wait(self, path: str, passing: Passing, failures: int) -> None:
        limits = self._around.settings().reconnect
        delay_s = backoff_s(failures, first_s=limits.first_delay_s, cap_s=limits.max_delay_s, rng=self._around.rng)
        delay_s = max(delay_s, passing.retry_after_s)
        if failures == 1:
            log_event(_log, Event.WAITING, "%s; trying again until it passes", passing.reason)
        reachability = self._around.reachability
        probe = (lambda: reachability.rest(path)) if passing.unreachable else None
        self._around.waits.begin(self._key, passing.reason, delay_s)
        await self._outage.wait(delay_s, probe)
        if self._closed():
            raise RuntimeError("the client was closed while it was logging in")


async def choose_token(link: ClientLink, around: Surroundings, links: Links) -> Token:
    """Take the first token for a client that is not known to be rejected.

    When there is none: raises GiveUp, or what discord.py would where another client of the process is online.
    """
    try:
        link.token = await around.purse.choose(link.own)
    except NoTokenLeft as exc:
        if any(other is not link for other in links):
            _log.error("%s; the other clients go on", exc)
            raise discord.LoginFailure(str(exc)) from exc
        raise around.exits.give_up(ExitCode.NOPERM, str(exc), Event.NO_TOKEN) from exc
    return link.token


@asynccontextmanager
async def guarded(link: ClientLink, around: Surroundings, links: Links) -> AsyncIterator[None]:
    """Keep a guard in front of the client's HTTPClient.request for the length of the block."""
    http = cast("_Http", link.client.http)
    http.request = LoginGuard(link, around, links).request
    try:
        yield
    finally:
        del http.request  # the instance's attribute; the class's method is back


async def guarded_login(
    link: ClientLink,
    login: Callable[[discord.Client, str], Awaitable[None]],
    around: Surroundings,
    links: Links,
) -> None:
    """Do Client.login with the guard in front of it."""
    chosen = await choose_token(link, around, links)
    link.known = around.continuity.known_answers(link)
    async with guarded(link, around, links):
        await login(link.client, chosen.reveal())
        if _names_only_rest(around.settings().discord):
            answer = await link.client.http.request(Route("GET", "/gateway"))
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(answer["url"])


def _names_only_rest(settings: DiscordSettings) -> bool:
    return settings.api_url != DiscordSettings().api_url and not settings.gateway_url
