"""Who the bot is and where its gateway is."""

import time

from aiohttp import web

from uptime_drill.discord.house import House
from uptime_drill.discord.rest.bodies import read_object
from uptime_drill.discord.rest.replies import error, reply, unknown


class IdentityRoutes:
    def __init__(self, house: House) -> None:
        self._house = house

    async def gateway(self, _: web.Request) -> web.Response:
        return reply({"url": self._house.gateway.url})

    async def gateway_bot(self, _: web.Request) -> web.Response:
        starts, now = self._house.gateway.starts, time.monotonic()
        limit = {
            "total": starts.total,
            "remaining": starts.remaining(now),
            "reset_after": starts.reset_after_ms(now),
            "max_concurrency": starts.max_concurrency,
        }
        shards = self._house.options.gateway.shards
        return reply({"url": self._house.gateway.url, "shards": shards, "session_start_limit": limit})

    async def me(self, _: web.Request) -> web.Response:
        return reply(self._house.world.own_user())

    async def application(self, _: web.Request) -> web.Response:
        return reply(self._house.world.application())

    async def user(self, request: web.Request) -> web.Response:
        text = request.match_info["user_id"]
        return reply(self._house.world.user(int(text))) if text.isdecimal() else unknown("User", 10013)

    async def my_guilds(self, _: web.Request) -> web.Response:
        world = self._house.world
        keys = ("id", "name", "icon", "banner", "features")
        return reply(
            [
                {**{key: world.guild(guild_id)[key] for key in keys}, "owner": False, "permissions": "0"}
                for guild_id in list(world.guild_ids())[:200]
            ]
        )

    async def open_direct(self, request: web.Request) -> web.Response:
        recipient = str((await read_object(request)).get("recipient_id"))
        if not recipient.isdecimal():
            return error(400, 50035, "Invalid Form Body")
        return reply(self._house.open_direct(int(recipient)))
