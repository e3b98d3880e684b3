"""What every request passes: faults, the ban, authentication, rate limits, and the log."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from uptime_drill.discord.faults import FaultKind, Target
from uptime_drill.discord.house import House
from uptime_drill.discord.rest import buckets, replies
from uptime_drill.discord.rest.bodies import BadBody
from uptime_drill.discord.tokens import fingerprint, token_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Reached with an interaction's or a webhook's own token, or open to everybody.
_WITHOUT_AUTH = ("/gateway", "/interactions/", "/webhooks/")
_NOT_GLOBAL = ("/interactions/", "/webhooks/")
_CUT = 599  # of no protocol: marks an answer that nobody will get
_INVALID = frozenset({401, 403, 429})


class Door:
    """An aiohttp middleware around the routes under /api."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        token = token_of(request.headers.get("Authorization"))
        mark = fingerprint(token) if token is not None else None
        began = time.monotonic()
        self._house.log.counts["rest_requests"] += 1
        try:
            response = await self._answer(request, handler, mark)
        except BaseException:
            self._log(request, None, mark, began)
            raise
        self._log(request, response, mark, began)
        return response

    def _log(self, request: web.Request, response: web.StreamResponse | None, mark: str | None, began: float) -> None:
        """Status None: the connection went away, or was cut, before there was an answer."""
        self._house.log.write(
            "rest",
            method=request.method,
            path=shown_path(request.path),
            status=response.status if response is not None and response.status != _CUT else None,
            token=mark,
            took_s=round(time.monotonic() - began, 4),
        )

    async def _answer(self, request: web.Request, handler: Handler, mark: str | None) -> web.StreamResponse:
        early = await pass_faults(self._house, request, mark)
        response = early if early is not None else await self._inside(request, handler, mark)
        limited_by_others = response.headers.get("X-RateLimit-Scope") == "shared"
        if response.status in _INVALID and not limited_by_others:
            self._house.invalid_requests.count(time.monotonic())
        return response

    async def _inside(self, request: web.Request, handler: Handler, mark: str | None) -> web.StreamResponse:
        """Discord itself, behind Cloudflare: each of its answers carries Via."""
        response = await self._judged(request, handler, mark)
        response.headers["Via"] = replies.VIA
        return response

    async def _judged(self, request: web.Request, handler: Handler, mark: str | None) -> web.StreamResponse:
        route = route_of(request)
        if route is None:
            return replies.route_not_found()
        path = route.partition(" ")[2]
        if not self._may_enter(request, path, mark):
            return replies.unauthorized()
        fault = self._house.faults.claim(FaultKind.RATE_LIMITED, target_of(request, mark))
        if fault is not None:
            return replies.rate_limited(fault.retry_after_s or 1.0, fault.scope)
        if not path.startswith(_NOT_GLOBAL) and not self._house.requests.take(time.monotonic()):
            return replies.rate_limited(1.0, "global")
        state = self._house.buckets.take(route, dict(request.match_info), time.monotonic())
        response = (
            await handle(request, handler) if state.allowed else replies.rate_limited(state.reset_after_s, "user")
        )
        response.headers.update(buckets.headers(route, state, time.time()))
        return response

    def _may_enter(self, request: web.Request, path: str, mark: str | None) -> bool:
        if path == _WITHOUT_AUTH[0] or path.startswith(_WITHOUT_AUTH[1:]):
            return True
        if self._house.faults.claim(FaultKind.UNAUTHORIZED, target_of(request, mark)):
            return False
        return mark is not None and self._house.gateway.token_is_good(mark)


async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadBody:
        return replies.error(400, 50109, "The request body contains invalid JSON.")
    except web.HTTPException as problem:
        return replies.error(problem.status, 0, f"{problem.status}: {problem.reason}")


async def pass_faults(house: House, request: web.Request, mark: str | None) -> web.Response | None:
    """Apply the faults that stand before Discord itself; an answer ends the request, None lets it pass."""
    target = target_of(request, mark)
    if house.faults.claim(FaultKind.CUT, target):
        return cut(request)
    if house.faults.claim(FaultKind.BLACKHOLE, target):
        # Two ends to wait for, the fault's and the client's: hence a poll.
        while house.faults.in_force(FaultKind.BLACKHOLE, target) and request.transport is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return cut(request)
    slow = house.faults.claim(FaultKind.SLOW, target)
    if slow is not None:
        await asyncio.sleep(slow.delay_s)
    ban_s = house.invalid_requests.banned_for_s(time.monotonic())
    fault = house.faults.claim(FaultKind.CLOUDFLARE_429, target)
    if fault is not None or ban_s > 0:
        return replies.cloudflare_ban(ban_s if fault is None else fault.retry_after_s or 60.0)
    status = house.faults.claim(FaultKind.HTTP_STATUS, target)
    if status is None:
        return None
    text = status.body if status.body is not None else f"{status.status}: stand-in fault"
    wait = {"Retry-After": str(status.retry_after_s)} if status.retry_after_s is not None else None
    return web.Response(text=text, status=status.status, content_type=status.content_type, headers=wait)


def cut(request: web.Request) -> web.Response:
    """Abort the TCP connection; the answer returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=_CUT)


def target_of(request: web.Request, mark: str | None) -> Target:
    return Target(path=f"{request.method} {request.path}", token_fingerprint=mark)


def route_of(request: web.Request) -> str | None:
    """`METHOD /template` without the /api prefix; None where no route matches."""
    resource = request.match_info.route.resource
    if resource is None:
        return None
    template = resource.canonical.removeprefix("/api").removeprefix("/{version}")
    return f"{request.method} {template}"


def shown_path(path: str) -> str:
    """The path for the log: tokens of interactions and webhooks left out."""
    parts = path.split("/")
    for word, place in (("interactions", 2), ("webhooks", 2)):
        if word in parts and len(parts) > parts.index(word) + place:
            parts[parts.index(word) + place] = "{token}"
    return "/".join(parts)
