"""What Discord's documentation says about the gateway, asked of the stand-in by a client that misbehaves on purpose."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from integration.discord.raw_gateway import RawGateway
from uptime_drill.discord import GatewayRules, Options, StandIn
from uptime_drill.discord.intents import NO_INTENT

Start = Callable[[Options], Awaitable[StandIn]]


@pytest.mark.parametrize("compress", [None, "zlib-stream", "zstd-stream"])
async def test_hello_ready_and_guilds_come_through_every_compression(discord_: StandIn, compress: str | None) -> None:
    async with RawGateway.connected(discord_, compress=compress) as client:
        hello = await client.next()
        assert hello["d"]["heartbeat_interval"] == 41_250
        await client.identify()
        ready = await client.until("READY")
        assert ready["s"] == 1
        assert ready["d"]["resume_gateway_url"] == discord_.gateway_url + "resume"
        assert [g["unavailable"] for g in ready["d"]["guilds"]] == [True, True]
        guilds = [(await client.until("GUILD_CREATE"))["d"]["id"] for _ in range(2)]
        assert guilds == [g["id"] for g in ready["d"]["guilds"]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"token": "nobody's"}, 4004, id="unknown-token"),
        pytest.param({"token": None}, 4002, id="no-token"),
        pytest.param({"properties": None}, 4002, id="no-properties"),
        pytest.param({"intents": None}, 4013, id="no-intents"),
        pytest.param({"intents": 1 << 30}, 4013, id="intents-of-the-future"),
        pytest.param({"shard": [2, 2]}, 4010, id="shard-beyond-count"),
        pytest.param({"shard": [0, 0]}, 4010, id="no-shards"),
        pytest.param({"shard": "0/1"}, 4010, id="shard-as-text"),
    ],
)
async def test_an_identify_that_discord_refuses_is_closed_with_its_code(
    discord_: StandIn, changes: dict[str, Any], code: int
) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.identify(**changes)
        assert await client.close_code() == code
    assert discord_.log.entries("identify", outcome="closed", code=code)


async def test_privileged_intents_that_are_switched_off_close_4014(start: Start) -> None:
    discord = await start(Options(privileged_intents=NO_INTENT))
    async with RawGateway.connected(discord) as client:
        await client.identify(intents=1 << 1)
        assert await client.close_code() == 4014


async def test_more_guilds_than_a_shard_may_have_close_4011(start: Start) -> None:
    discord = await start(Options(guilds=5, gateway=GatewayRules(guilds_per_shard=2)))
    async with RawGateway.connected(discord) as client:
        await client.identify(shard=[0, 2])
        assert await client.close_code() == 4011


async def test_an_unserved_api_version_closes_4012(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_, v="3") as client:
        assert await client.close_code() == 4012


async def test_etf_is_refused(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_, encoding="etf") as client:
        assert await client.close_code() == 4002


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("{", 4002, id="not-json"),
        pytest.param("[]", 4002, id="not-a-payload"),
        pytest.param('{"op":99,"d":null}', 4001, id="unknown-opcode"),
        pytest.param('{"op":10,"d":null}', 4003, id="servers-opcode-before-identify"),
        pytest.param('{"op":8,"d":{}}', 4003, id="member-request-before-identify"),
        pytest.param(json.dumps({"op": 1, "d": "x" * 4096}), 4002, id="longer-than-4096-bytes"),
        pytest.param('{"op":6,"d":{}}', 4002, id="resume-without-session"),
    ],
)
async def test_payloads_that_discord_refuses_before_identify(discord_: StandIn, text: str, code: int) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ws.send_str(text)
        assert await client.close_code() == code


async def test_identify_twice_closes_4005(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        await client.identify()
        assert await client.close_code() == 4005


async def test_more_than_120_events_a_minute_close_4008(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        for _ in range(121):
            await client.send(1, None)
        assert await client.close_code() == 4008


async def test_heartbeats_are_acknowledged_and_missing_ones_close_4009(start: Start) -> None:
    discord = await start(Options(gateway=GatewayRules(heartbeat_interval_ms=100, heartbeat_grace_s=0.05)))
    async with RawGateway.connected(discord) as client:
        await client.next()
        await client.send(1, None)
        assert (await client.next())["op"] == 11
        assert await client.close_code() == 4009
    assert discord.count("heartbeat_missed") == 1


async def test_a_second_identify_within_the_interval_is_an_invalid_session(start: Start) -> None:
    discord = await start(Options(gateway=GatewayRules(identify_interval_s=60, max_concurrency=2)))
    async with RawGateway.connected(discord) as first, RawGateway.connected(discord) as other_key:
        await first.ready(shard=[0, 4], guilds=0)
        await other_key.ready(shard=[1, 4], guilds=0)
    async with RawGateway.connected(discord) as second:
        await second.identify(shard=[2, 4])
        assert await second.is_refused()
    assert discord.state()["session_start_limit"]["remaining"] == 997


async def test_the_identify_after_the_last_resets_the_token(start: Start) -> None:
    discord = await start(Options(gateway=GatewayRules(identify_interval_s=0, session_starts=1)))
    async with RawGateway.connected(discord) as first:
        await first.ready()
        async with RawGateway.connected(discord) as second:
            await second.identify()
            assert await second.close_code() == 4004
        assert await first.close_code() == 4004
    assert discord.state()["sessions"] == []
    assert discord.state()["tokens"] == []
    assert discord.count("token_reset") == 1


async def test_events_reach_the_shard_of_their_guild_only(discord_: StandIn) -> None:
    guilds = list(discord_.house.world.guild_ids())
    async with RawGateway.connected(discord_) as even, RawGateway.connected(discord_) as odd:
        await even.ready(shard=[0, 2], guilds=1)
        await odd.ready(shard=[1, 2], guilds=1)
        discord_.message("to the second guild", channel_id=guilds[1] + 1)
        assert (await odd.until("MESSAGE_CREATE"))["d"]["guild_id"] == str(guilds[1])
        assert await even.is_silent()


async def test_content_is_empty_without_its_intent_except_in_direct_messages(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready(intents=1 << 0 | 1 << 9 | 1 << 12)
        discord_.message("secret")
        assert (await client.until("MESSAGE_CREATE"))["d"]["content"] == ""
        discord_.direct_message("to you", author_id=99 << 22)
        direct = (await client.until("MESSAGE_CREATE"))["d"]
        assert direct["content"] == "to you"
        assert "guild_id" not in direct


# RESUME


@pytest.mark.parametrize("compress", [None, "zlib-stream", "zstd-stream"])
async def test_resume_replays_exactly_what_was_missed(discord_: StandIn, compress: str | None) -> None:
    async with RawGateway.connected(discord_, compress=compress) as client:
        await client.ready()
        discord_.message("seen")
        await client.until("MESSAGE_CREATE")
        discord_.fault("cut")
        assert await client.close_code() is None
    missed = [str(discord_.message(f"missed {n}")) for n in range(20)]
    async with RawGateway.connected(discord_, compress=compress, path="resume") as again:
        await again.next()
        await again.resume(client.session_id, client.seq)
        replayed = [await again.next() for _ in range(20)]
        assert [p["d"]["id"] for p in replayed] == missed
        assert client.seq is not None
        assert [p["s"] for p in replayed] == list(range(client.seq + 1, client.seq + 21))
        assert (await again.next())["t"] == "RESUMED"
    assert discord_.log.entries("resume", outcome="resumed", replayed=20)
    assert discord_.log.entries("ws_open", path="/resume")
    assert discord_.state()["session_start_limit"]["remaining"] == 999


@pytest.mark.parametrize(("code", "survives"), [(1000, False), (1001, False), (4000, True), (4900, True)])
async def test_the_clients_close_code_decides_whether_the_session_lives(
    discord_: StandIn, code: int, survives: bool
) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        await client.ws.close(code=code)
    await discord_.log.wait_for("ws_ended", client_code=code)
    async with RawGateway.connected(discord_) as again:
        await again.resume(client.session_id, client.seq)
        if survives:
            assert (await again.until("RESUMED"))["op"] == 0
        else:
            assert await again.is_refused()
    assert code in discord_.state()["client_close_codes"]


async def test_a_resume_after_the_window_is_refused(start: Start) -> None:
    discord = await start(Options(gateway=GatewayRules(resume_window_s=0.0)))
    async with RawGateway.connected(discord) as client:
        await client.ready()
        await client.ws.close(code=4000)
    async with RawGateway.connected(discord) as again:
        await again.resume(client.session_id, client.seq)
        assert await again.is_refused()


async def test_a_resume_beyond_the_replay_buffer_is_refused(start: Start) -> None:
    discord = await start(Options(gateway=GatewayRules(replay_limit=5)))
    async with RawGateway.connected(discord) as client:
        await client.ready()
    for _ in range(6):
        discord.message()
    async with RawGateway.connected(discord) as again:
        await again.resume(client.session_id, client.seq)
        assert await again.is_refused()


async def test_a_sequence_that_was_never_sent_closes_4007(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
    async with RawGateway.connected(discord_) as again:
        await again.resume(client.session_id, 4711)
        assert await again.close_code() == 4007


async def test_a_resume_with_a_revoked_token_closes_4004(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as client:
        await client.ready()
    async with RawGateway.connected(discord_) as again:
        await again.resume(client.session_id, client.seq, token="revoked")
        assert await again.close_code() == 4004


async def test_a_session_that_is_resumed_elsewhere_leaves_its_old_socket(discord_: StandIn) -> None:
    async with RawGateway.connected(discord_) as old, RawGateway.connected(discord_) as new:
        await old.ready()
        await new.resume(old.session_id, old.seq)
        assert (await new.until("RESUMED"))["op"] == 0
        assert await old.close_code() is None
        discord_.message("to the new one")
        assert (await new.until("MESSAGE_CREATE"))["d"]["content"] == "to the new one"


# op 8


async def test_member_requests_by_id_by_name_and_for_all(start: Start) -> None:
    discord = await start(Options(guilds=1, members=1500))
    guild_id = next(discord.house.world.guild_ids())
    member = str(discord.house.world.member_ids(guild_id)[7])
    async with RawGateway.connected(discord) as client:
        await client.ready(guilds=1)
        await client.send(8, {"guild_id": str(guild_id), "user_ids": [member, "1"], "nonce": "n1"})
        chunk = (await client.until("GUILD_MEMBERS_CHUNK"))["d"]
        assert ([m["user"]["id"] for m in chunk["members"]], chunk["not_found"]) == ([member], ["1"])
        assert (chunk["nonce"], chunk["chunk_index"], chunk["chunk_count"]) == ("n1", 0, 1)
        await client.send(8, {"guild_id": str(guild_id), "query": "user1", "limit": 10})
        assert len((await client.until("GUILD_MEMBERS_CHUNK"))["d"]["members"]) == 10
        await client.send(8, {"guild_id": str(guild_id), "query": "", "limit": 0, "presences": True})
        chunks = [(await client.until("GUILD_MEMBERS_CHUNK"))["d"] for _ in range(2)]
        assert [len(c["members"]) for c in chunks] == [1000, 501]
        assert len(chunks[1]["presences"]) == 501
        await client.send(8, {"guild_id": str(guild_id), "query": "", "limit": 0})
        limited = (await client.until("RATE_LIMITED"))["d"]
        assert limited["opcode"] == 8
        assert 29 < limited["retry_after"] <= 30
        assert limited["meta"] == {"guild_id": str(guild_id)}


async def test_all_members_are_not_given_without_the_intent(discord_: StandIn) -> None:
    guild_id = next(discord_.house.world.guild_ids())
    async with RawGateway.connected(discord_) as client:
        await client.ready(intents=1)
        await client.send(8, {"guild_id": str(guild_id), "query": "", "limit": 0})
        assert await client.is_silent()
        bot = discord_.house.world.bot_id
        await client.send(8, {"guild_id": str(guild_id), "user_ids": bot})
        assert (await client.until("GUILD_MEMBERS_CHUNK"))["d"]["members"][0]["user"]["id"] == bot


async def test_a_voice_state_is_echoed(discord_: StandIn) -> None:
    guild_id = str(next(discord_.house.world.guild_ids()))
    async with RawGateway.connected(discord_) as client:
        await client.ready()
        await client.send(4, {"guild_id": guild_id, "channel_id": None, "self_mute": True, "self_deaf": False})
        state = (await client.until("VOICE_STATE_UPDATE"))["d"]
        assert (state["user_id"], state["self_mute"]) == (discord_.house.world.bot_id, True)
