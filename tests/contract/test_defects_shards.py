"""discord.py's defects in AutoShardedClient and in ending a client: shown on discord.py alone, absent with ours."""

import signal
from pathlib import Path

import pytest

from contract.defects import Defect, shown_by_discord_py
from contract.recorded import AUTHOR, HERE, Recorded, Side, recording
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

# So that no shard waits for the IDENTIFY of another.
QUICK = Options(guilds=4, gateway=GatewayRules(identify_interval_s=0, max_concurrency=16))
ONE_SHARD = {"shard_count": 1}
HANDSHAKE = "^GET /(resume)?$"
SHORT_OF_STACK = str(HERE / "short_of_stack.py")
DEEPER_THAN_THE_STACK = 170
"""Attempts, beyond the STACK of short_of_stack.py."""


async def test_defect_4_plain_one_failed_attempt_costs_the_session_of_a_shard(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.PLAIN, discord, tmp_path, kind="auto") as bot:
        await bot.sees("ready")
        discord.fault("http_status", status=503, path=HANDSHAKE, count=1)
        discord.fault("cut", shard=1)
        with shown_by_discord_py(Defect.SHARD_SESSION_DROPPED):
            await bot.sees("shard_ready 1", times=2)
            assert (discord.count("identify"), discord.count("resume")) == (3, 0)


async def test_defect_4_ours_a_shard_resumes_after_a_failed_attempt(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.OURS, discord, tmp_path, kind="auto") as bot:
        await bot.sees("ready")
        discord.fault("http_status", status=503, path=HANDSHAKE, count=1)
        discord.fault("cut", shard=1)
        await bot.sees("shard_resumed 1")
        assert (discord.count("identify"), discord.count("resume")) == (2, 1)


async def stop_while_a_shard_reconnects(bot: Recorded, number: signal.Signals) -> None:
    """Stop it while a handshake is waited for: asyncio.run cancels the task that runs connect()."""
    await bot.sees("ready")
    bot.discord.fault("slow", delay_s=60.0, path=HANDSHAKE)
    bot.discord.fault("cut", shard=1)
    await bot.sees("shard_disconnect 1")
    bot.process.send_signal(number)


async def test_defect_5_plain_a_stop_while_a_shard_reconnects_is_swallowed(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.PLAIN, discord, tmp_path, kind="auto") as bot:
        await stop_while_a_shard_reconnects(bot, signal.SIGINT)
        with shown_by_discord_py(Defect.CANCELLATION_SWALLOWED):
            assert not await bot.ends(within_s=3)
            assert bot.end == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
async def test_defect_5_ours_a_stop_while_a_shard_reconnects_ends_the_bot(
    number: signal.Signals, tmp_path: Path
) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.OURS, discord, tmp_path, kind="auto") as bot:
        await stop_while_a_shard_reconnects(bot, number)
        assert await bot.ends(within_s=5)
        assert (bot.end["end"], bot.end["type"]) == ("raised", "CancelledError")


async def test_defect_6_plain_shards_that_cannot_start_recurse_until_recursion_error(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord:
        discord.fault("http_status", status=503, path=HANDSHAKE)
        async with recording(
            Side.PLAIN, discord, tmp_path, kind="auto", script=SHORT_OF_STACK, client=ONE_SHARD
        ) as bot:
            with shown_by_discord_py(Defect.LAUNCH_RECURSION):
                end = await bot.ended()
                assert (end["end"], end["type"]) == ("raised", "RecursionError")
                assert discord.count("ws_refused") < DEEPER_THAN_THE_STACK


async def test_defect_6_ours_shards_that_cannot_start_are_tried_on_and_on(tmp_path: Path) -> None:
    at_once = {"reconnect.first_delay_s": 0.01, "reconnect.max_delay_s": 0.1, "reconnect.probe_every_s": 60}
    async with StandIn.listening(QUICK) as discord:
        fault = discord.fault("http_status", status=503, path=HANDSHAKE)
        async with recording(
            Side.OURS, discord, tmp_path, kind="auto", script=SHORT_OF_STACK, client=ONE_SHARD, settings=at_once
        ) as bot:
            refused = DEEPER_THAN_THE_STACK
            await bot.until("attempts", lambda: discord.count("ws_refused") > refused, within_s=60)
            assert fault is not None
            discord.clear_fault(fault)
            await bot.sees("ready")


async def close_codes_of_a_close(bot: Recorded) -> list[int]:
    """The codes that the gateway saw when the bot closed itself."""
    await bot.sees("ready")
    bot.discord.direct_message("close", author_id=AUTHOR)
    await bot.exit_code()
    return [entry["code"] for entry in bot.discord.log.entries("client_close")]


async def close_codes_of_an_interrupt(bot: Recorded) -> list[int]:
    """The codes that the gateway saw when the bot was stopped with Ctrl-C."""
    await bot.sees("ready")
    bot.process.send_signal(signal.SIGINT)
    await bot.exit_code()
    return [entry["code"] for entry in bot.discord.log.entries("client_close")]


async def test_defect_8_plain_close_ends_every_session_of_an_auto_sharded_client(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.PLAIN, discord, tmp_path, kind="auto") as bot:
        with shown_by_discord_py(Defect.CLOSE_1000):
            assert await close_codes_of_a_close(bot) == [1000, 1000]
            assert discord.count("session_ended") == 2


async def test_defect_8_plain_an_interrupt_ends_the_session(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.PLAIN, discord, tmp_path) as bot:
        with shown_by_discord_py(Defect.CLOSE_1000):
            assert await close_codes_of_an_interrupt(bot) == [1000]
            assert discord.count("session_ended") == 1


async def test_defect_8_ours_close_keeps_every_session_of_an_auto_sharded_client(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.OURS, discord, tmp_path, kind="auto") as bot:
        assert await close_codes_of_a_close(bot) == [4000, 4000]
        assert discord.count("session_ended") == 0


async def test_defect_8_ours_an_interrupt_keeps_the_session(tmp_path: Path) -> None:
    async with StandIn.listening(QUICK) as discord, recording(Side.OURS, discord, tmp_path) as bot:
        assert await close_codes_of_an_interrupt(bot) == [4000]
        assert discord.count("session_ended") == 0
