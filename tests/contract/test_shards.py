"""What a user sees of an AutoShardedClient's shards: the same under uptime-bot as under discord.py alone."""

from pathlib import Path
from typing import Any

import pytest

from contract.recorded import Side, recording
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

pytestmark = pytest.mark.parametrize("side", list(Side))

QUICK = Options(guilds=4, gateway=GatewayRules(identify_interval_s=0))
SHARD_LOST = ["disconnect", "shard_disconnect 1"]
SHARD_BACK = ["resumed", "shard_resumed 1"]


def of_shard(events: list[str], number: int) -> list[str]:
    return [event for event in events if event.endswith(f" {number}")]


async def test_a_plain_start(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, kind="auto") as bot:
        await bot.sees("ready")
        await bot.told("mark")
        events = bot.events[: bot.events.index("message")]
        assert [event for event in events if "connect" in event] == [
            "connect",
            "shard_connect 0",
            "connect",
            "shard_connect 1",
        ]
        for number in (0, 1):
            assert of_shard(events, number) == [f"shard_connect {number}", f"shard_ready {number}"]
        assert events[-1] == "ready"
        assert {"event": "ready", "guilds": 4} in bot.entries


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "op7"}, id="op 7"),
        pytest.param({"kind": "cut"}, id="cut"),
        pytest.param({"kind": "close", "code": 4000}, id="close 4000"),
    ],
)
async def test_a_shard_that_is_dropped_resumes_and_the_other_stays(
    side: Side, fault: dict[str, Any], tmp_path: Path
) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, kind="auto") as bot:
        await bot.sees("ready")
        discord.fault(**fault, shard=1)
        await bot.sees("shard_resumed 1")
        await bot.told("mark")
        events = bot.events[: bot.events.index("message")]
        assert events[events.index("ready") + 1 :] == [*SHARD_LOST, *SHARD_BACK]
        assert discord.count("identify") == 2


async def test_a_shard_whose_session_has_ended_gets_a_new_one(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, kind="auto") as bot:
        await bot.sees("ready")
        discord.fault("op9", shard=1)
        await bot.sees("shard_ready 1", times=2)
        events = bot.events[bot.events.index("ready") + 1 :]
        assert events[:4] == [*SHARD_LOST, "connect", "shard_connect 1"]
        assert discord.count("identify") == 3


async def test_the_users_own_close_returns_from_connect(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, kind="auto") as bot:
        await bot.sees("ready")
        await bot.told("close")
        assert await bot.ended() == {"end": "returned", "closed": True}
        assert await bot.exit_code() == 0


async def test_a_close_while_a_shard_is_away_returns_from_connect(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, kind="auto") as bot:
        await bot.sees("ready")
        await bot.told("close when disconnected")
        discord.fault("refuse")
        assert await bot.ended() == {"end": "returned", "closed": True}
        assert await bot.exit_code() == 0


async def test_a_shard_that_the_user_reconnects_is_connected_when_that_returns(side: Side, tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, kind="auto") as bot:
        await bot.sees("ready")
        await bot.told("reconnect shard 1")
        await bot.sees("after reconnect")
        assert {"event": "after reconnect", "shard_closed": False} in bot.entries
        await bot.sees("shard_ready 1", times=2)
        assert "shard_disconnect 1" in bot.events
        assert discord.count("identify") == 3


async def test_without_reconnect_a_shard_that_is_cut_is_resumed_all_the_same(side: Side, tmp_path: Path) -> None:
    async with (
        StandIn.listening(QUICK) as discord,
        recording(side, discord, tmp_path, kind="auto", reconnect=False) as bot,
    ):
        await bot.sees("ready")
        discord.fault("cut", shard=1)
        await bot.sees("shard_resumed 1")
        assert bot.events[bot.events.index("ready") + 1 :] == [*SHARD_LOST, *SHARD_BACK]


async def test_without_reconnect_a_shard_that_cannot_come_back_ends_the_client(side: Side, tmp_path: Path) -> None:
    """discord.py returns from connect() then, whatever the error was."""
    async with (
        StandIn.listening(QUICK) as discord,
        recording(side, discord, tmp_path, kind="auto", reconnect=False) as bot,
    ):
        await bot.sees("ready")
        discord.fault("http_status", status=503, path="GET /")
        discord.fault("cut", shard=1)
        assert await bot.ended() == {"end": "returned", "closed": True}


FATAL = {4004: ("ConnectionClosed", 77), 4011: ("ConnectionClosed", 78), 4014: ("PrivilegedIntentsRequired", 78)}


@pytest.mark.parametrize("code", FATAL)
async def test_a_fatal_close_code_is_raised(side: Side, code: int, tmp_path: Path) -> None:
    raised, exit_code = FATAL[code]
    async with StandIn.listening(QUICK) as discord, recording(side, discord, tmp_path, kind="auto") as bot:
        await bot.sees("ready")
        discord.fault("close", code=code, shard=1)
        end = await bot.ended()
        assert (end["end"], end["closed"]) == ("raised", True)
        assert end["type"] == ("GiveUp" if side is Side.OURS else raised)
        assert await bot.exit_code() == (exit_code if side is Side.OURS else 1)
        await bot.sees("shard_disconnect 1")
        assert bot.events[bot.events.index("ready") + 1 :][:2] == SHARD_LOST
