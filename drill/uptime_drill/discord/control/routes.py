"""The control API: JSON in, JSON out; 400 with {"error": words} for what cannot be done."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from uptime_drill.discord.control.actions import Actions
from uptime_drill.discord.faults import FaultRefused, parse_fault
from uptime_drill.discord.house import NoSuchThing
from uptime_drill.discord.rest.door import Handler
from uptime_drill.discord.rest.replies import reply


class Asked(Mapping[str, Any]):
    """The JSON object of a request, read with the types it should have; raises AskedWrongly."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str):
            raise AskedWrongly(f"{name} must be text")
        return value

    def number(self, name: str, default: float) -> float:
        value = self._values.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise AskedWrongly(f"{name} must be a number")
        return value

    def id(self, name: str) -> int | None:
        """A snowflake, as text or as a number; None where it is absent."""
        value = self._values.get(name)
        if value is None:
            return None
        if not str(value).isdecimal():
            raise AskedWrongly(f"{name} must be an id")
        return int(value)

    def object(self, name: str) -> dict[str, Any]:
        value = self._values.get(name, {})
        if not isinstance(value, dict):
            raise AskedWrongly(f"{name} must be an object")
        return value


class AskedWrongly(ValueError):  # noqa: N818 - reads as what happened
    """A request to the control API that makes no sense; the text says why."""


async def asked_of(request: web.Request) -> Asked:
    body = await request.read()
    try:
        value = json.loads(body) if body else {}
    except ValueError as problem:
        raise AskedWrongly(f"not JSON: {problem}") from problem
    if not isinstance(value, dict):
        raise AskedWrongly("not a JSON object")
    return Asked(value)


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    if "Origin" in request.headers:  # a page in somebody's browser has no business here
        return reply({"error": "not for browsers"}, 403)
    try:
        return await handler(request)
    except (AskedWrongly, FaultRefused, NoSuchThing) as problem:
        return reply({"error": str(problem)}, 400)
    except web.HTTPException as problem:
        return reply({"error": f"{problem.status}: {problem.reason}"}, problem.status)


class ControlRoutes:
    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    async def state(self, _: web.Request) -> web.Response:
        return reply(self._actions.state())

    async def log(self, request: web.Request) -> web.Response:
        """Entries after ?since=N, optionally only ?event=NAME, the oldest ?limit=N of them."""
        since, limit = request.query.get("since", "0"), request.query.get("limit", "10000")
        if not since.isdecimal() or not limit.isdecimal():
            raise AskedWrongly("since and limit must be numbers")
        return reply(self._actions.log.entries(request.query.get("event"), since=int(since))[: int(limit)])

    async def set_fault(self, request: web.Request) -> web.Response:
        return reply({"id": self._actions.set_fault(parse_fault(await asked_of(request)))})

    async def clear_fault(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if not self._actions.clear_fault(number):
            raise AskedWrongly(f"no fault {number} is in force")
        return reply({"ended": number})

    async def reset(self, _: web.Request) -> web.Response:
        self._actions.reset()
        return reply({"ended": "all"})

    async def emit(self, request: web.Request) -> web.Response:
        asked = await asked_of(request)
        delivered = self._actions.emit(asked.text("event"), asked.object("data"), guild_id=asked.id("guild_id"))
        return reply({"sessions": delivered})

    async def message(self, request: web.Request) -> web.Response:
        asked = await asked_of(request)
        count, channel_id = int(asked.number("count", 1)), asked.id("channel_id")
        if count > 1:
            first, last = await self._actions.burst(count, asked.text("content", "burst {n}"), channel_id=channel_id)
            return reply({"first_id": str(first), "last_id": str(last)})
        content, author_id = asked.text("content", "hello"), asked.id("author_id")
        if asked.get("direct") and author_id is not None:
            return reply({"id": str(self._actions.direct_message(content, author_id=author_id))})
        return reply({"id": str(self._actions.message(content, channel_id=channel_id, author_id=author_id))})

    async def interaction(self, request: web.Request) -> web.Response:
        asked = await asked_of(request)
        report = await self._actions.interaction(
            asked.text("name"),
            options=asked.object("options"),
            wait_s=asked.number("wait_s", 4.0),
            channel_id=asked.id("channel_id"),
            user_id=asked.id("user_id"),
            unregistered=bool(asked.get("unregistered")),
        )
        return reply(report)

    async def start_ticking(self, request: web.Request) -> web.Response:
        asked = await asked_of(request)
        interval_ms = int(asked.number("interval_ms", 50))
        if interval_ms < 1:
            raise AskedWrongly("interval_ms must be at least 1")
        spread = int(asked.number("spread", 0))
        await self._actions.ticker.start(interval_ms, asked.id("channel_id"), spread=spread)
        return reply({"interval_ms": interval_ms})

    async def stop_ticking(self, _: web.Request) -> web.Response:
        await self._actions.ticker.stop()
        return reply({"ticks": self._actions.ticker.ticks})

    async def tokens(self, request: web.Request) -> web.Response:
        """{"add": TOKEN} or {"revoke": TOKEN or fingerprint}; the answer has fingerprints only."""
        asked = await asked_of(request)
        if "add" in asked:
            return reply({"token": self._actions.add_token(asked.text("add"))})
        word = asked.text("revoke")
        if word.startswith("tok-"):
            return reply({"revoked": self._actions.revoke_token(token_fingerprint=word)})
        return reply({"revoked": self._actions.revoke_token(word)})


def control_app(actions: Actions) -> web.Application:
    it = ControlRoutes(actions)
    app = web.Application(middlewares=[_explain])
    app.router.add_get("/state", it.state)
    app.router.add_get("/log", it.log)
    app.router.add_post("/faults", it.set_fault)
    app.router.add_delete("/faults", it.reset)
    app.router.add_delete(r"/faults/{number:\d+}", it.clear_fault)
    app.router.add_post("/reset", it.reset)
    app.router.add_post("/emit", it.emit)
    app.router.add_post("/message", it.message)
    app.router.add_post("/interaction", it.interaction)
    app.router.add_post("/tick", it.start_ticking)
    app.router.add_delete("/tick", it.stop_ticking)
    app.router.add_post("/tick/stop", it.stop_ticking)
    app.router.add_post("/tokens", it.tokens)
    return app
