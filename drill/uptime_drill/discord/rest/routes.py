"""The REST application: every route the stand-in answers, under /api, /api/v9 and /api/v10 alike."""

from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

from uptime_drill.discord.house import House
from uptime_drill.discord.rest.callbacks import CallbackRoutes
from uptime_drill.discord.rest.channels import ChannelRoutes
from uptime_drill.discord.rest.command_routes import CommandRoutes
from uptime_drill.discord.rest.guilds import GuildRoutes
from uptime_drill.discord.rest.identity import IdentityRoutes

Route = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]

PREFIXES = ("/api", r"/api/{version:v(?:6|7|8|9|10)}")


def routes(house: House) -> Iterator[Route]:
    """Method, path without the prefix, handler. `{x}` is a number unless it says otherwise."""
    yield from _identity(IdentityRoutes(house))
    yield from _guilds(GuildRoutes(house))
    yield from _channels(ChannelRoutes(house))
    yield from _commands(CommandRoutes(house))
    yield from _callbacks(CallbackRoutes(house))


def _identity(it: IdentityRoutes) -> Iterator[Route]:
    yield "GET", "/gateway", it.gateway
    yield "GET", "/gateway/bot", it.gateway_bot
    yield "GET", "/users/@me", it.me
    yield "GET", "/users/@me/guilds", it.my_guilds
    yield "POST", "/users/@me/channels", it.open_direct
    yield "GET", "/users/{user_id}", it.user
    yield "GET", "/oauth2/applications/@me", it.application
    yield "GET", "/applications/@me", it.application


def _guilds(it: GuildRoutes) -> Iterator[Route]:
    yield "GET", "/guilds/{guild_id}", it.guild
    yield "GET", "/guilds/{guild_id}/channels", it.channels
    yield "GET", "/guilds/{guild_id}/roles", it.roles
    yield "GET", "/guilds/{guild_id}/members", it.members
    yield "GET", "/guilds/{guild_id}/members/{user_id}", it.member


def _channels(it: ChannelRoutes) -> Iterator[Route]:
    yield "GET", "/channels/{channel_id}", it.channel
    yield "POST", "/channels/{channel_id}/typing", it.typing
    yield "POST", "/channels/{channel_id}/messages", it.send
    yield "GET", "/channels/{channel_id}/messages", it.messages
    one = "/channels/{channel_id}/messages/{message_id}"
    yield "GET", one, it.message
    yield "PATCH", one, it.edit
    yield "DELETE", one, it.delete
    for method in ("PUT", "DELETE"):
        yield method, one + "/reactions/{emoji}/@me", it.react


def _commands(it: CommandRoutes) -> Iterator[Route]:
    for base in (
        "/applications/{application_id}/commands",
        "/applications/{application_id}/guilds/{guild_id}/commands",
    ):
        yield "GET", base, it.listed
        yield "POST", base, it.register
        yield "PUT", base, it.replace_all
        yield "GET", base + "/{command_id}", it.one
        yield "PATCH", base + "/{command_id}", it.edit
        yield "DELETE", base + "/{command_id}", it.remove


def _callbacks(it: CallbackRoutes) -> Iterator[Route]:
    yield "POST", "/interactions/{interaction_id}/{interaction_token}/callback", it.callback
    hook = "/webhooks/{webhook_id}/{webhook_token}"
    yield "POST", hook, it.follow_up
    yield "GET", hook + "/messages/{message_id}", it.message
    yield "PATCH", hook + "/messages/{message_id}", it.edit
    yield "DELETE", hook + "/messages/{message_id}", it.delete


def add_routes(app: web.Application, house: House) -> None:
    for method, path, handler in routes(house):
        for prefix in PREFIXES:
            app.router.add_route(method, prefix + _numbers(path), handler)


def _numbers(path: str) -> str:
    """Ids are decimal; anything else matches no route, as at Discord."""
    for name in ("channel_id", "guild_id", "application_id", "command_id", "interaction_id", "webhook_id"):
        path = path.replace(f"{{{name}}}", f"{{{name}:\\d+}}")
    if "/webhooks/" in path:
        return path.replace("{message_id}", r"{message_id:\d+|@original}")
    return path.replace("{message_id}", r"{message_id:\d+}").replace("{user_id}", r"{user_id:\d+|@me}")
