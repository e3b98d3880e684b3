"""Every REST request of a client is seen and held back when it must be; a handshake of the gateway never is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from fakes.clock_loop import run_with_clock
from uptime_bot.contract.settings import BudgetSettings, PathSettings, Settings
from uptime_bot.discordpy.rest_trace import RestTrace
from uptime_bot.waiting.board import WaitBoard
from uptime_bot.waiting.spending import Spending

LIMIT = 100


@pytest.fixture
def spending(tmp_path: Path) -> Spending:
    return Spending(tmp_path, limit=LIMIT)


@pytest.fixture
def waits() -> WaitBoard:
    return WaitBoard()


@pytest.fixture
def trace(spending: Spending, waits: WaitBoard, tmp_path: Path) -> RestTrace:
    settings = Settings(
        paths=PathSettings(state_dir=tmp_path, runtime_dir=tmp_path), budget=BudgetSettings(invalid_requests=LIMIT)
    )
    return RestTrace(spending, waits, lambda: settings)


def spend_all(spending: Spending) -> None:
    for _ in range(LIMIT):
        spending.refusals.admit(LIMIT)
        spending.refusals.ended(refused=True)


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    """Answers /STATUS with that status, and /ws with a websocket; a query ?scope= becomes X-RateLimit-Scope."""

    async def answer(request: web.Request) -> web.StreamResponse:
        scope = request.query.get("scope")
        headers = {} if scope is None else {"X-RateLimit-Scope": scope}
        return web.Response(status=int(request.match_info["status"]), headers=headers)

    async def handshake(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/ws", handshake)
    app.router.add_get("/{status}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_what_discord_counts_is_counted_and_nothing_else(trace: RestTrace, spending: Spending) -> None:
    http = SimpleNamespace(http_trace=None)
    trace.watch(http)
    async with server() as host, aiohttp.ClientSession(trace_configs=[http.http_trace]) as session:
        for path in ("200", "404", "500", "429?scope=shared", "401", "403", "429", "429?scope=global"):
            async with session.get(f"http://{host}/{path}"):
                pass
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get("http://127.0.0.1:1/")
    assert spending.refusals.recent == 4
    assert spending.refusals.admit(LIMIT) == 0.0


async def test_a_trace_of_the_users_own_goes_on_and_ours_is_there_once(trace: RestTrace, spending: Spending) -> None:
    seen: list[int] = []

    async def users_own(_: object, __: object, params: aiohttp.TraceRequestEndParams) -> None:
        seen.append(params.response.status)

    own = aiohttp.TraceConfig()
    own.on_request_end.append(users_own)
    http = SimpleNamespace(http_trace=own)
    trace.watch(http)
    assert http.http_trace is own
    async with server() as host, aiohttp.ClientSession(trace_configs=[own]) as session:
        trace.watch(http)  # the client logs in again
        async with session.get(f"http://{host}/403"):
            pass
    assert seen == [403]
    assert spending.refusals.recent == 1


def test_a_trace_that_is_in_use_already_is_left_alone_and_said(
    trace: RestTrace, caplog: pytest.LogCaptureFixture
) -> None:
    own = aiohttp.TraceConfig()
    own.freeze()
    trace.watch(SimpleNamespace(http_trace=own))
    assert "not counted" in caplog.text


def test_a_client_without_traces_is_left_alone_and_said(trace: RestTrace, caplog: pytest.LogCaptureFixture) -> None:
    trace.watch(SimpleNamespace())
    assert "http_trace" in caplog.text


async def test_a_handshake_of_the_gateway_is_never_held_back(trace: RestTrace, spending: Spending) -> None:
    spend_all(spending)
    http = SimpleNamespace(http_trace=None)
    trace.watch(http)
    async with (
        server() as host,
        aiohttp.ClientSession(trace_configs=[http.http_trace]) as session,
        asyncio.timeout(5),
        session.ws_connect(f"ws://{host}/ws"),
    ):
        pass


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


async def test_requests_are_held_back_told_once_and_end_with_their_client(
    trace: RestTrace, spending: Spending, waits: WaitBoard, caplog: pytest.LogCaptureFixture
) -> None:
    spend_all(spending)
    http = SimpleNamespace(http_trace=None)
    trace.watch(http)
    session = aiohttp.ClientSession(trace_configs=[http.http_trace])
    held = [asyncio.ensure_future(session.get("http://127.0.0.1:1/")) for _ in range(3)]
    await until(waits.current)
    assert "Discord refused 100 requests" in waits.current()[0].reason
    held.pop().cancel()
    await session.close()
    results = await asyncio.gather(*held, return_exceptions=True)
    assert [str(result) for result in results] == ["Session is closed"] * 2
    assert waits.current() == ()
    assert caplog.text.count("holding for") == 1


def test_a_request_that_was_held_back_goes_when_there_is_room(
    trace: RestTrace, spending: Spending, waits: WaitBoard
) -> None:
    waits_s = [300.0, 120.0, 0.0]
    ledger: Any = SimpleNamespace(admit=lambda _: waits_s.pop(0), recent=LIMIT)
    settings = Settings(paths=PathSettings(state_dir=Path(), runtime_dir=Path()))
    with_ledger = RestTrace(SimpleNamespace(refusals=ledger), waits, lambda: settings)  # type: ignore[arg-type]

    async def request() -> None:
        params: Any = SimpleNamespace(url=SimpleNamespace(scheme="https"))
        session: Any = SimpleNamespace(closed=False)
        await with_ledger._started(session, None, params)

    _, took_s = run_with_clock(request)
    assert took_s == 2.0
    assert waits.current() == ()
