"""Registering application commands, global and by guild."""

import time
from typing import Any

from aiohttp import web

from uptime_drill.discord.house import House
from uptime_drill.discord.rest.bodies import read_json, read_object
from uptime_drill.discord.rest.commands import Command
from uptime_drill.discord.rest.replies import error, no_content, reply, unknown


class CommandRoutes:
    def __init__(self, house: House) -> None:
        self._house = house
        self._book = house.commands

    async def listed(self, request: web.Request) -> web.Response:
        return self._refusal(request) or reply(self._book.listed(_scope(request)))

    async def one(self, request: web.Request) -> web.Response:
        found = self._book.get(_scope(request), int(request.match_info["command_id"]))
        return self._refusal(request) or (unknown("application command", 10063) if found is None else reply(found))

    async def register(self, request: web.Request) -> web.Response:
        asked = await read_object(request)
        refusal = self._refusal(request) or _form_error([asked])
        if refusal is not None:
            return refusal
        command, new = self._book.put(_scope(request), asked, time.time())
        self._log(request, [command])
        return reply(command, 201 if new else 200)

    async def replace_all(self, request: web.Request) -> web.Response:
        asked = await read_json(request)
        refusal = self._refusal(request) or _form_error(asked)
        if refusal is not None:
            return refusal
        commands = self._book.replace_all(_scope(request), asked, time.time())
        self._log(request, commands)
        return reply(commands)

    async def edit(self, request: web.Request) -> web.Response:
        changes = await read_object(request)
        changed = self._book.edit(_scope(request), int(request.match_info["command_id"]), changes, time.time())
        return self._refusal(request) or (unknown("application command", 10063) if changed is None else reply(changed))

    async def remove(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        removed = self._book.remove(_scope(request), int(request.match_info["command_id"]))
        return no_content() if removed else unknown("application command", 10063)

    def _refusal(self, request: web.Request) -> web.Response | None:
        scope = _scope(request)
        if int(request.match_info["application_id"]) != self._house.world.application_id:
            return error(403, 20012, "You are not authorized to perform this action on this application")
        if scope is not None and not self._house.world.has_guild(scope):
            return error(403, 50001, "Missing Access")
        return None

    def _log(self, request: web.Request, commands: list[Command]) -> None:
        scope = _scope(request)
        names = [command["name"] for command in commands]
        self._house.log.write("commands_registered", guild_id=None if scope is None else str(scope), names=names)


def _scope(request: web.Request) -> int | None:
    guild_id = request.match_info.get("guild_id")
    return None if guild_id is None else int(guild_id)


def _form_error(commands: Any) -> web.Response | None:
    if isinstance(commands, list) and all(isinstance(c, dict) and isinstance(c.get("name"), str) for c in commands):
        return None
    return error(400, 50035, "Invalid Form Body")
