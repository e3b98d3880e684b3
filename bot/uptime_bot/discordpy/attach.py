"""Attaches uptime-bot to discord.py's classes, once, before the user's code runs.

Each feature names what it needs of discord.py's insides; where the installed version lacks it, that feature stays off,
says so, and discord.py's own behaviour remains.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import yarl
from discord import http as discord_http
from discord import utils as discord_utils
from discord.gateway import DiscordWebSocket

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.settings import DiscordSettings
from uptime_bot.discordpy.fatal import give_up_on
from uptime_bot.discordpy.insides import CONNECTION, CONTINUITY, LOGIN, missing
from uptime_bot.discordpy.links import ClientLink, Links
from uptime_bot.discordpy.login import at_login, choose_token, guarded, guarded_login
from uptime_bot.discordpy.rest_trace import RestTrace
from uptime_bot.discordpy.start_limits import listen_for_start_limits
from uptime_bot.discordpy.surroundings import Surroundings
from uptime_bot.discordpy.verifying import verify_login
from uptime_bot.health.sample import ShardState
from uptime_bot.waiting.spending import IdentifyLedger

_log = logging.getLogger(__name__)


def attach(links: Links, around: Surroundings) -> None:
    """Replace the few functions of discord.py that decide whether a bot comes back."""
    point_at(around.settings().discord)
    discord_utils.setup_logging = _quiet_setup_logging(discord_utils.setup_logging)
    if _feature_is_possible("waiting out what passes at login", LOGIN):
        discord_http.json_or_text = _lenient_json_or_text(discord_http.json_or_text)  # type: ignore[assignment]
    _attach_login(links, around)
    if _feature_is_possible("quick reconnects, RESUME after failed attempts, deafness", CONNECTION):
        _attach_connection(links, around)
        around.continuity.possible = _feature_is_possible("RESUME across processes", CONTINUITY)
    _attach_connect_errors(links, around)


def point_at(settings: DiscordSettings) -> None:
    """Point discord.py at another implementation of the API, where the settings name one."""
    discord_http.Route.BASE = settings.api_url
    if settings.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)


def _feature_is_possible(feature: str, needs: tuple[str, ...]) -> bool:
    absent = missing(needs)
    if absent:
        text = "discord.py %s has no %s: without it this is switched off: %s"
        log_event(_log, Event.FEATURE_OFF, text, discord.__version__, ", ".join(absent), feature)
    return not absent


def _attach_login(links: Links, around: Surroundings) -> None:
    original = discord.Client.login
    guard_possible = not missing(LOGIN)
    trace = RestTrace(around.spending, around.waits, around.settings)

    async def login(self: discord.Client, token: str) -> None:
        link = links.of(self)
        own: object = token  # a bot may pass None, where os.environ.get() found nothing
        link.own = own if isinstance(own, str) else None
        around.exits.swallowed = None
        around.reachability.go_the_way_of(self.http)
        links.logging_in()
        trace.watch(self.http)
        listen_for_start_limits(self, lambda: _ledger_of(links.of(self), around))
        _hear_ready(self, links, around)
        around.on_login(asyncio.get_running_loop())
        try:
            if guard_possible:
                await guarded_login(link, original, around, links)
            else:
                await original(self, (await choose_token(link, around, links)).reveal())
        except Exception as exc:
            around.exits.swallowed = exc
            raise

    discord.Client.login = login  # type: ignore[method-assign]


def _ledger_of(link: ClientLink, around: Surroundings) -> IdentifyLedger | None:
    """Where Discord's count of session starts goes; an answer from the login before is no news."""
    return None if link.known else around.spending.identifies(link.token)


def _hear_ready(client: discord.Client, links: Links, around: Surroundings) -> None:
    """Note READY and RESUMED by wrapping their two parsers, so that no other event costs anything."""
    if client in links.heard:
        return  # a client may log in more than once
    links.heard.add(client)
    parsers: dict[str, Callable[[Any], None]] = client._connection.parsers
    for event in ("READY", "RESUMED"):
        parsers[event] = _noting(client, event, parsers[event], links, around)


def _noting(
    client: discord.Client, event: str, parse: Callable[[Any], None], links: Links, around: Surroundings
) -> Callable[[Any], None]:
    def parse_and_note(data: Any) -> None:
        link = links.of(client)
        if not isinstance(client, discord.AutoShardedClient):
            shard_id = client.shard_id
        else:
            shard_id = data["shard"][0] if event == "READY" else data["__shard_id__"]
        shard = link.shard(shard_id)
        if event == "READY":
            around.continuity.began(link, shard, data)
        parse(data)
        shard.established = True
        shard.enter(ShardState.READY)
        shard.note_alive()
        if event == "RESUMED":
            shard.resumed()
        if link.known and link.verification is None:
            link.verification = asyncio.ensure_future(verify_login(link, around))
        around.on_change()

    return parse_and_note


def _attach_connection(links: Links, around: Surroundings) -> None:
    # Imported here because it needs what the feature check has just found.
    from discord.shard import Shard

    from uptime_bot.discordpy.connecting import Connector

    connector = Connector(links, around)
    auto = discord.AutoShardedClient

    async def guarded_launch_shards(self: discord.AutoShardedClient) -> None:
        link = links.of(self)
        async with guarded(link, around, links):
            link.fatal = asyncio.get_running_loop().create_future()
            launching = asyncio.ensure_future(connector.launch_shards(self))
            try:
                await asyncio.wait({launching, link.fatal}, return_when=asyncio.FIRST_COMPLETED)
                # A shard that was refused for good: no other sends the same token or intents after it.
                await (link.fatal if link.fatal.done() else launching)
            finally:
                launching.cancel()
                link.fatal.cancel()
                link.fatal = None

    replacements: tuple[tuple[type, str, Callable[..., Awaitable[None]]], ...] = (
        (discord.Client, "connect", connector.connect),
        (auto, "launch_shard", connector.launch_shard),
        (auto, "launch_shards", guarded_launch_shards),
        (Shard, "worker", connector.work),
        (Shard, "reconnect", connector.reconnect),
    )
    for owner, name, function in replacements:
        setattr(owner, name, _as_method(function))


def _as_method(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def method(self: object, *args: Any, **kwargs: Any) -> None:
        await function(self, *args, **kwargs)

    return method


def _attach_connect_errors(links: Links, around: Surroundings) -> None:
    for owner in (discord.Client, discord.AutoShardedClient):
        setattr(owner, "connect", _explaining(owner.connect, links, around))  # noqa: B010 - a method by name, like the others


def _explaining(
    connect: Callable[..., Awaitable[None]], links: Links, around: Surroundings
) -> Callable[..., Awaitable[None]]:
    async def explained_connect(self: discord.Client, *, reconnect: bool = True) -> None:
        link = links.of(self)
        try:
            with links.connected(self):
                await connect(self, reconnect=reconnect)
            around.exits.swallowed = None
        except Exception as exc:
            around.exits.swallowed = exc
            given_up = await give_up_on(exc, link, around, links)
            if given_up is not None:
                raise given_up from exc
            raise
        finally:
            around.continuity.release(link)

    return explained_connect


def _lenient_json_or_text(original: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    async def json_or_text(response: Any) -> Any:
        """Read an answer: JSON also where a server says `application/json; charset=utf-8`."""
        if response.content_type == "application/json":
            text = await response.text(encoding="utf-8")
            data = discord_utils._from_json(text) if text else ""
        else:
            data = await original(response)
        if at_login.get() and (response.status >= 500 or response.status == 429):
            raise _at_once(response, data)
        return data

    return json_or_text


def _at_once(response: Any, data: Any) -> discord.HTTPException:
    exc = discord.HTTPException(response, data)
    exc.retry_after = data.get("retry_after") if isinstance(data, dict) else None  # type: ignore[attr-defined]
    return exc


def _quiet_setup_logging(original: Callable[..., None]) -> Callable[..., None]:
    def setup_logging(
        *,
        handler: Any = discord_utils.MISSING,
        formatter: Any = discord_utils.MISSING,
        level: Any = None,
        root: bool = True,
    ) -> None:
        """Do discord.utils.setup_logging, but without a second handler beside ours."""
        level = logging.INFO if level in (None, discord_utils.MISSING) else level
        if handler is not discord_utils.MISSING:
            original(handler=handler, formatter=formatter, level=level, root=root)
        elif not root:
            logging.getLogger("discord").setLevel(level)

    return setup_logging
