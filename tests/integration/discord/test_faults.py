"""Every fault, seen from the client it is meant for."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from integration.discord.raw_gateway import RawGateway, eventually
from uptime_drill.discord import DEMO_TOKEN, FaultKind, FaultRefused, GatewayRules, Options, StandIn
from uptime_drill.discord.faults import TAKES
from uptime_drill.discord.tokens import fingerprint

Start = Callable[[Options], Awaitable[StandIn]]
AUTH = {"Authorization": f"Bot {DEMO_TOKEN}"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


async def status(http: aiohttp.ClientSession, discord: StandIn, path: str = "/users/@me") -> int:
    async with http.get(discord.api_url + path, headers=AUTH) as answer:
        await answer.read()
        return answer.status


async def test_refuse_closes_the_port_and_drops_what_stands(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        number = discord_.fault("refuse")
        assert await client.close_code() is None
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(http, discord_)
    assert number is not None
    discord_.clear_fault(number)
    await eventually(lambda: discord_._discord.is_open)
    assert await status(http, discord_) == 200


async def test_refuse_may_spare_connections_and_ends_by_itself(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        discord_.fault("refuse", keep_connections=True, for_s=0.1)
        with pytest.raises(aiohttp.ClientConnectorError):
            await status(http, discord_)
        discord_.message("still here")
        assert (await client.until("MESSAGE_CREATE"))["d"]["content"] == "still here"
    await discord_.log.wait_for("fault_ended", kind="refuse", why="time")
    await eventually(lambda: discord_._discord.is_open)
    assert await status(http, discord_) == 200


async def test_cut_for_a_while_meets_new_connections_too(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    discord_.fault("cut", count=2, path="users/@me")  # aiohttp tries a GET twice
    with pytest.raises(aiohttp.ClientError):
        await status(http, discord_)
    assert await status(http, discord_) == 200
    assert discord_.log.entries("rest", status=None)


async def test_swallowed_acks(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        discord_.fault("swallow_acks", count=1)
        await client.send(1, client.seq)
        assert await client.is_silent()
        await client.send(1, client.seq)
        assert (await client.next())["op"] == 11
    assert discord_.count("ack_swallowed") == 1


async def test_swallowed_events_still_count_and_are_replayed(discord_: StandIn) -> None:
    guild_id = str(next(discord_.house.world.guild_ids()))
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        discord_.fault("swallow_events", only_open=True)
        swallowed = [str(discord_.message()), str(discord_.message())]
        await client.send(8, {"guild_id": guild_id, "user_ids": discord_.house.world.bot_id})
        await client.send(1, client.seq)
        assert (await client.next())["op"] == 11
        assert await client.is_silent()
        await client.ws.close(code=4000)
    async with RawGateway.connected(discord_) as again:
        await again.next()
        await again.resume(client.session_id, client.seq)
        assert [(await again.next())["d"]["id"] for _ in range(2)] == swallowed
        assert (await again.next())["t"] == "GUILD_MEMBERS_CHUNK"
        assert (await again.next())["t"] == "RESUMED"
        discord_.message("to a socket opened later")
        assert (await again.next())["t"] == "MESSAGE_CREATE"


async def test_swallowed_identify_and_resume(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
    discord_.fault("swallow_identify", count=1)
    discord_.fault("swallow_resume", count=1)
    async with RawGateway.connected(discord_) as deaf:
        await deaf.next()
        await deaf.identify()
        await deaf.resume(client.session_id, client.seq)
        assert await deaf.is_silent()
        await deaf.resume(client.session_id, client.seq)
        assert (await deaf.next())["t"] == "RESUMED"
    assert discord_.log.entries("identify", outcome="swallowed")
    assert discord_.log.entries("resume", outcome="swallowed")


async def test_unauthorized(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    discord_.fault("unauthorized")
    async with http.get(discord_.api_url + "/users/@me", headers=AUTH) as answer:
        assert (answer.status, await answer.json()) == (401, {"message": "401: Unauthorized", "code": 0})
    async with RawGateway.connected(discord_) as client:
        await client.identify()
        assert await client.close_code() == 4004
    assert discord_.state()["invalid_requests"]["total"] == 1


async def test_unauthorized_may_be_narrowed_to_a_moment(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    discord_.fault("unauthorized", path="^RESUME$")
    assert await status(http, discord_) == 200
    async with RawGateway.connected(discord_) as client:
        await client.ready()
    async with RawGateway.connected(discord_) as again:
        await again.resume(client.session_id, client.seq)
        assert await again.close_code() == 4004


async def test_a_revoked_token_ends_its_sessions_and_comes_back(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        number = discord_.fault("revoke", token_fingerprint=fingerprint(DEMO_TOKEN))
        assert await client.close_code() == 4004
    assert await status(http, discord_) == 401
    assert number is not None
    discord_.clear_fault(number)
    assert await status(http, discord_) == 200


async def test_tokens_are_added_and_revoked(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    assert discord_.revoke_token(DEMO_TOKEN)
    assert not discord_.revoke_token(DEMO_TOKEN)
    assert await status(http, discord_) == 401
    discord_.add_token(DEMO_TOKEN)
    assert await status(http, discord_) == 200


async def test_http_status_on_rest_and_handshake(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    discord_.fault("http_status", status=503, body="<html>", content_type="text/html", path="users/@me")
    discord_.fault("http_status", status=502, path="^GET /$", count=1)
    async with http.get(discord_.api_url + "/users/@me", headers=AUTH) as answer:
        assert (answer.status, await answer.text(), answer.content_type) == (503, "<html>", "text/html")
    assert await status(http, discord_, "/gateway") == 200
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with RawGateway.connected(discord_):
            pass
    assert refused.value.status == 502
    async with RawGateway.connected(discord_) as client:
        await client.ready()


async def test_cloudflare_429_has_no_via(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    discord_.fault("cloudflare_429", retry_after_s=7)
    async with http.get(discord_.api_url + "/users/@me", headers=AUTH) as answer:
        assert (answer.status, answer.content_type) == (429, "text/html")
        assert answer.headers["Retry-After"] == "7"
        assert "Via" not in answer.headers


@pytest.mark.parametrize(("scope", "counted"), [("global", 1), ("user", 1), ("shared", 0)])
async def test_rate_limited(discord_: StandIn, http: aiohttp.ClientSession, scope: str, counted: int) -> None:
    discord_.fault("rate_limited", scope=scope, retry_after_s=0.5, count=1)
    async with http.get(discord_.api_url + "/users/@me", headers=AUTH) as answer:
        body = await answer.json()
        assert (answer.status, body["retry_after"], body["global"]) == (429, 0.5, scope == "global")
        assert answer.headers["X-RateLimit-Scope"] == scope
        assert answer.headers["Via"]
    assert discord_.state()["invalid_requests"]["total"] == counted
    assert await status(http, discord_) == 200


async def test_slow(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    discord_.fault("slow", delay_s=0.1, count=1)
    assert await status(http, discord_) == 200
    assert discord_.log.entries("rest")[-1]["took_s"] >= 0.1


async def test_a_black_hole_swallows_both_ways_and_gives_back_what_stands(
    discord_: StandIn, http: aiohttp.ClientSession
) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        number = discord_.fault("blackhole")
        discord_.message("late")
        await client.send(1, None)
        assert await client.is_silent()
        with pytest.raises(TimeoutError):
            async with http.get(discord_.api_url + "/gateway", timeout=aiohttp.ClientTimeout(total=0.1)):
                pass
        assert number is not None
        discord_.clear_fault(number)
        assert (await client.until("MESSAGE_CREATE"))["d"]["content"] == "late"
        assert (await client.next())["op"] == 11


@pytest.mark.parametrize("form", ["json", "text"])
async def test_garbage(discord_: StandIn, form: str) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        discord_.fault("garbage", form=form)
        with pytest.raises(json.JSONDecodeError):
            await client.next()


async def test_compressed_garbage(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_, compress="zlib-stream") as client:
        await client.ready()
        discord_.fault("garbage", form="compressed")
        with pytest.raises(Exception, match="decompress"):
            await client.next()


async def test_close_hits_the_shard_that_is_named(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as even, RawGateway.connected(discord_) as odd:
        await even.ready(shard=[0, 2], guilds=1)
        await odd.ready(shard=[1, 2], guilds=1)
        discord_.fault("close", code=4099, shard=1)
        assert await odd.close_code() == 4099
        assert await even.is_silent()


async def test_a_client_that_reads_nothing_is_dropped_in_the_end(start: Start) -> None:
    discord = await start(Options(gateway=GatewayRules(close_timeout_s=0.2)))
    async with RawGateway.connected(discord) as client:
        await client.ready()
        await discord.burst(20_000, "x" * 500)
        discord.fault("close", code=4009)
        await discord.log.wait_for("ws_ended")
    assert discord.state()["sessions"][0]["detached_s"] is not None


async def test_close_with_a_count_goes_on_to_new_sockets(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as first:
        await first.ready()
        discord_.fault("close", code=1012, count=2)
        assert await first.close_code() == 1012
    async with RawGateway.connected(discord_) as second:
        assert await second.close_code() == 1012
    async with RawGateway.connected(discord_) as third:
        await third.ready()


async def test_op1_asks_for_a_heartbeat(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        discord_.fault("op1")
        assert (await client.next())["op"] == 1


async def test_op7(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        discord_.fault("op7")
        assert (await client.next())["op"] == 7


@pytest.mark.parametrize("resumable", [True, False])
async def test_op9(discord_: StandIn, resumable: bool) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        discord_.fault("op9", resumable=resumable)
        assert (await client.until_op(9))["d"] is resumable
    assert len(discord_.state()["sessions"]) == int(resumable)


@pytest.mark.parametrize("on", ["identify", "resume"])
async def test_op9_on_the_next_identify_or_resume(discord_: StandIn, on: str) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        discord_.fault("op9", on=on, count=1)
        assert await client.is_silent()
    async with RawGateway.connected(discord_) as again:
        await (again.identify() if on == "identify" else again.resume(client.session_id, client.seq))
        assert await again.is_refused()


async def test_handshake_op7(discord_: StandIn) -> None:
    discord_.fault("handshake_op7", count=1)
    async with RawGateway.connected(discord_) as client:
        assert (await client.next())["op"] == 7
    async with RawGateway.connected(discord_) as again:
        assert (await again.next())["op"] == 10


async def test_resume_close_leaves_the_session_alone(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
    discord_.fault("resume_close", code=4007, count=1)
    async with RawGateway.connected(discord_) as refused:
        await refused.resume(client.session_id, client.seq)
        assert await refused.close_code() == 4007
    async with RawGateway.connected(discord_) as again:
        await again.resume(client.session_id, client.seq)
        assert (await again.until("RESUMED"))["t"] == "RESUMED"


async def test_identify_close(discord_: StandIn) -> None:
    discord_.fault("identify_close", code=4000, count=1)
    async with RawGateway.connected(discord_) as client:
        await client.identify()
        assert await client.close_code() == 4000


async def test_faults_add_up_and_reset_ends_them_all(discord_: StandIn, http: aiohttp.ClientSession) -> None:
    discord_.fault("http_status", status=500)
    discord_.fault("swallow_acks")
    discord_.fault("refuse", for_s=60)
    assert [f["kind"] for f in discord_.state()["faults"]] == ["http_status", "swallow_acks", "refuse"]
    discord_.reset()
    await eventually(lambda: discord_._discord.is_open)
    assert discord_.state()["faults"] == []
    assert await status(http, discord_) == 200


@pytest.mark.parametrize("kind", list(FaultKind))
async def test_every_kind_can_be_set_with_a_time_and_is_logged(discord_: StandIn, kind: FaultKind) -> None:
    assert kind in TAKES
    discord_.fault(kind, for_s=0.01)
    ended = await discord_.log.wait_for("fault_ended", kind=kind)
    assert ended["why"] == "time"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"kind": "meteor"}, "kind must be one of", id="unknown-kind"),
        pytest.param({"kind": "close", "delay_s": 3}, "does not take delay_s", id="setting-of-another-kind"),
        pytest.param({"kind": "close", "code": "4000"}, "code must be int", id="wrong-type"),
        pytest.param({"kind": "close", "for_s": -1}, "must not be negative", id="negative"),
        pytest.param({"kind": "slow", "path": "("}, "no regular expression", id="bad-pattern"),
        pytest.param({"kind": "rate_limited", "scope": "all"}, "scope must be one of", id="unknown-choice"),
    ],
)
async def test_faults_asked_for_wrongly_are_explained(discord_: StandIn, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(FaultRefused, match=words):
        discord_.fault(**settings)


async def test_stopping_takes_less_than_a_second_with_everything_open(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        discord_.fault("blackhole", keep_connections=True)
        async with asyncio.timeout(1):
            await discord_.stop()
        assert await client.close_code() is None
