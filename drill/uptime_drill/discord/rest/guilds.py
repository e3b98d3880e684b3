"""Guilds, their channels, members and roles, to be read."""

from aiohttp import web

from uptime_drill.discord.house import House
from uptime_drill.discord.rest.replies import reply, unknown


class GuildRoutes:
    def __init__(self, house: House) -> None:
        self._world = house.world

    def _guild_id(self, request: web.Request) -> int | None:
        guild_id = int(request.match_info["guild_id"])
        return guild_id if self._world.has_guild(guild_id) else None

    async def guild(self, request: web.Request) -> web.Response:
        guild_id = self._guild_id(request)
        if guild_id is None:
            return unknown("Guild", 10004)
        count = self._world.members_per_guild + 1
        counts = {"approximate_member_count": count, "approximate_presence_count": count}
        return reply({**self._world.guild(guild_id), **(counts if request.query.get("with_counts") else {})})

    async def channels(self, request: web.Request) -> web.Response:
        guild_id = self._guild_id(request)
        return unknown("Guild", 10004) if guild_id is None else reply(self._world.channels(guild_id))

    async def roles(self, request: web.Request) -> web.Response:
        guild_id = self._guild_id(request)
        return unknown("Guild", 10004) if guild_id is None else reply(self._world.guild(guild_id)["roles"])

    async def members(self, request: web.Request) -> web.Response:
        guild_id = self._guild_id(request)
        if guild_id is None:
            return unknown("Guild", 10004)
        limit, after = int(request.query.get("limit", "1")), int(request.query.get("after", "0"))
        everyone = [self._world.bot_member(), *self._world.members(guild_id)]
        everyone.sort(key=lambda member: int(member["user"]["id"]))
        return reply([member for member in everyone if int(member["user"]["id"]) > after][: min(limit, 1000)])

    async def member(self, request: web.Request) -> web.Response:
        guild_id = self._guild_id(request)
        if guild_id is None:
            return unknown("Guild", 10004)
        user = request.match_info["user_id"]
        user_id = int(self._world.bot_id) if user == "@me" else int(user)
        member = self._world.member(guild_id, user_id)
        return unknown("Member", 10007) if member is None else reply(member)
