"""Channels and what is written in them."""

import time

from aiohttp import web

from uptime_drill.discord.dispatches import Dispatch
from uptime_drill.discord.house import House
from uptime_drill.discord.rest.bodies import read_object
from uptime_drill.discord.rest.replies import error, no_content, reply, unknown

MAX_CONTENT = 2000


class ChannelRoutes:
    def __init__(self, house: House) -> None:
        self._house = house
        self._world = house.world

    def _channel_id(self, request: web.Request) -> int | None:
        channel_id = int(request.match_info["channel_id"])
        return channel_id if self._world.channel(channel_id) is not None else None

    async def channel(self, request: web.Request) -> web.Response:
        found = self._world.channel(int(request.match_info["channel_id"]))
        return unknown("Channel", 10003) if found is None else reply(found)

    async def send(self, request: web.Request) -> web.Response:
        channel_id = self._channel_id(request)
        if channel_id is None:
            return unknown("Channel", 10003)
        asked = await read_object(request)
        content = str(asked.get("content") or "")
        filled = any(asked.get(key) for key in ("embeds", "components", "sticker_ids", "poll", "attachments"))
        if not content and not filled:
            return error(400, 50006, "Cannot send an empty message")
        if len(content) > MAX_CONTENT:
            return error(400, 50035, "Invalid Form Body")
        written = self._house.bot_message(channel_id, asked)
        self._house.log.write("bot_message", id=written["id"], channel_id=str(channel_id), content=content[:200])
        return reply(written)

    async def messages(self, request: web.Request) -> web.Response:
        channel_id = self._channel_id(request)
        if channel_id is None:
            return unknown("Channel", 10003)
        limit = min(int(request.query.get("limit", "50")), 100)
        before = int(request.query.get("before", str(1 << 63)))
        after = int(request.query.get("after", "0"))
        kept = [m for m in self._world.messages(channel_id) if after < int(m["id"]) < before]
        return reply(kept[-limit:] if "after" in request.query else kept[:limit])

    async def message(self, request: web.Request) -> web.Response:
        found = self._world.message(int(request.match_info["channel_id"]), int(request.match_info["message_id"]))
        return unknown("Message", 10008) if found is None else reply(found)

    async def edit(self, request: web.Request) -> web.Response:
        channel_id, message_id = int(request.match_info["channel_id"]), int(request.match_info["message_id"])
        old = self._world.message(channel_id, message_id)
        if old is None:
            return unknown("Message", 10008)
        if old["author"]["id"] != self._world.bot_id:
            return error(403, 50005, "Cannot edit a message authored by another user")
        asked = await read_object(request)
        changes = {key: asked[key] for key in ("content", "embeds", "components", "flags") if key in asked}
        edited = self._world.edit_message(channel_id, message_id, time.time(), **changes)
        if edited is None:
            return unknown("Message", 10008)
        self._house.announce("MESSAGE_UPDATE", edited)
        return reply(edited)

    async def delete(self, request: web.Request) -> web.Response:
        channel_id, message_id = int(request.match_info["channel_id"]), int(request.match_info["message_id"])
        if not self._world.delete_message(channel_id, message_id):
            return unknown("Message", 10008)
        self._publish("MESSAGE_DELETE", channel_id, {"id": str(message_id), "channel_id": str(channel_id)})
        return no_content()

    async def typing(self, request: web.Request) -> web.Response:
        channel_id = self._channel_id(request)
        if channel_id is None:
            return unknown("Channel", 10003)
        started = {"channel_id": str(channel_id), "user_id": self._world.bot_id, "timestamp": int(time.time())}
        self._publish("TYPING_START", channel_id, started)
        return no_content()

    async def react(self, request: web.Request) -> web.Response:
        """PUT and DELETE of one's own reaction: answered and announced, not kept."""
        channel_id, message_id = int(request.match_info["channel_id"]), int(request.match_info["message_id"])
        if self._world.message(channel_id, message_id) is None:
            return unknown("Message", 10008)
        added = request.method == "PUT"
        reaction = {
            "user_id": self._world.bot_id,
            "channel_id": str(channel_id),
            "message_id": str(message_id),
            "emoji": {"id": None, "name": request.match_info.get("emoji", "")},
            "burst": False,
            "type": 0,
        }
        self._publish("MESSAGE_REACTION_ADD" if added else "MESSAGE_REACTION_REMOVE", channel_id, reaction)
        return no_content()

    def _publish(self, event: str, channel_id: int, data: dict[str, object]) -> None:
        guild_id = self._world.guild_of(channel_id)
        where = {} if guild_id is None else {"guild_id": str(guild_id)}
        self._house.gateway.publish(Dispatch(event, {**data, **where}, guild_id=guild_id))
