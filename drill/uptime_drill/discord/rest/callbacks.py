"""Answers to interactions: the callback within three seconds, and the messages of the fifteen minutes after it."""

import time
from typing import Any

from aiohttp import web

from uptime_drill.discord.house import House
from uptime_drill.discord.interactions import Interaction
from uptime_drill.discord.payloads import EPHEMERAL, LOADING, Payload
from uptime_drill.discord.rest.bodies import read_object
from uptime_drill.discord.rest.replies import error, no_content, reply, unknown

_MESSAGE, _DEFERRED = 4, 5
_CALLBACK_TYPES = frozenset({1, 4, 5, 6, 7, 8, 9, 10, 12})


class CallbackRoutes:
    def __init__(self, house: House) -> None:
        self._house = house
        self._rules = house.options.rest

    async def callback(self, request: web.Request) -> web.Response:
        asked = await read_object(request)
        now = time.monotonic()
        interaction = self._house.interactions.by_id(int(request.match_info["interaction_id"]))
        if interaction is None or interaction.token != request.match_info["interaction_token"]:
            return unknown("interaction", 10062)
        after_s = round(now - interaction.created_mono, 4)
        if interaction.callback is None and after_s > self._rules.interaction_deadline_s:
            interaction.late_mono = interaction.late_mono or now
            self._log(interaction, "late", after_s)
            return error(404, 10062, "Unknown interaction")
        if interaction.callback is not None:
            self._log(interaction, "again", after_s)
            return error(400, 40060, "Interaction has already been acknowledged.")
        if asked.get("type") not in _CALLBACK_TYPES:
            return error(400, 50035, "Invalid Form Body")
        return self._accept(request, interaction, asked, after_s)

    def _log(self, interaction: Interaction, outcome: str, after_s: float) -> None:
        self._house.log.write(
            "callback", id=str(interaction.id), command=interaction.command, outcome=outcome, after_s=after_s
        )

    def _accept(
        self, request: web.Request, interaction: Interaction, asked: dict[str, Any], after_s: float
    ) -> web.Response:
        interaction.callback, interaction.callback_mono = asked, time.monotonic()
        message = self._first_message(interaction, asked)
        interaction.answered.set()
        self._log(interaction, "answered", after_s)
        if request.query.get("with_response", "").lower() not in ("1", "true"):
            return no_content()
        return reply(_callback_response(interaction, asked["type"], message))

    def _first_message(self, interaction: Interaction, asked: dict[str, Any]) -> Payload | None:
        if asked["type"] not in (_MESSAGE, _DEFERRED):
            return None
        data = dict(asked.get("data") or {})
        if asked["type"] == _DEFERRED:
            data = {"flags": int(data.get("flags") or 0) | LOADING}
        message = self._write(interaction, data)
        interaction.original_id = int(message["id"])
        return message

    def _write(self, interaction: Interaction, data: dict[str, Any]) -> Payload:
        message = self._house.bot_message(
            interaction.channel_id,
            data,
            application_id=str(self._house.world.application_id),
            webhook_id=str(self._house.world.application_id),
        )
        interaction.messages.append(message)
        return message

    # the interaction's webhook

    def _webhook(self, request: web.Request) -> Interaction | web.Response:
        interaction = self._house.interactions.by_token(request.match_info["webhook_token"])
        if interaction is None or interaction.callback is None:
            return unknown("Webhook", 10015)
        if time.monotonic() - interaction.created_mono > self._rules.interaction_token_s:
            return error(401, 50027, "Invalid Webhook Token")
        return interaction

    async def follow_up(self, request: web.Request) -> web.Response:
        found = self._webhook(request)
        if isinstance(found, web.Response):
            return found
        asked = await read_object(request)
        deferred = self._pending_original(found)
        if deferred is not None:  # the first follow-up takes the place of "is thinking"
            return reply(self._edit(found, deferred, asked) or {})
        return reply(self._write(found, asked))

    def _pending_original(self, interaction: Interaction) -> int | None:
        if interaction.original_id is None:
            return None
        original = self._house.world.message(interaction.channel_id, interaction.original_id)
        return interaction.original_id if original is not None and original["flags"] & LOADING else None

    async def message(self, request: web.Request) -> web.Response:
        found = self._webhook(request)
        if isinstance(found, web.Response):
            return found
        message = self._house.world.message(found.channel_id, _message_id(request, found))
        return unknown("Message", 10008) if message is None else reply(message)

    async def edit(self, request: web.Request) -> web.Response:
        found = self._webhook(request)
        if isinstance(found, web.Response):
            return found
        edited = self._edit(found, _message_id(request, found), await read_object(request))
        return unknown("Message", 10008) if edited is None else reply(edited)

    def _edit(self, interaction: Interaction, message_id: int, asked: dict[str, Any]) -> Payload | None:
        old = self._house.world.message(interaction.channel_id, message_id)
        if old is None:
            return None
        changes: Payload = {key: asked[key] for key in ("content", "embeds", "components") if key in asked}
        changes["flags"] = int(old["flags"]) & ~LOADING
        edited = self._house.world.edit_message(interaction.channel_id, message_id, time.time(), **changes)
        if edited is not None:
            interaction.messages[:] = [edited if m["id"] == edited["id"] else m for m in interaction.messages]
            if not int(edited["flags"]) & EPHEMERAL:
                self._house.announce("MESSAGE_UPDATE", edited)
        return edited

    async def delete(self, request: web.Request) -> web.Response:
        found = self._webhook(request)
        if isinstance(found, web.Response):
            return found
        removed = self._house.world.delete_message(found.channel_id, _message_id(request, found))
        return no_content() if removed else unknown("Message", 10008)


def _message_id(request: web.Request, interaction: Interaction) -> int:
    named = request.match_info["message_id"]
    return (interaction.original_id or 0) if named == "@original" else int(named)


def _callback_response(interaction: Interaction, kind: int, message: Payload | None) -> Payload:
    about: Payload = {"id": str(interaction.id), "type": 2}
    if message is None:
        return {"interaction": about}
    flags = int(message["flags"])
    about |= {
        "response_message_id": message["id"],
        "response_message_loading": bool(flags & LOADING),
        "response_message_ephemeral": bool(flags & EPHEMERAL),
    }
    return {"interaction": about, "resource": {"type": kind, "message": message}}
