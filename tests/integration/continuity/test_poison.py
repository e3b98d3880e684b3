"""An event that kills whoever handles it: set aside after the second death, and every other one delivered."""

import asyncio
import signal
from pathlib import Path

import pytest

from harness.records import in_flight
from harness.respawning import Respawner, a_bot
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

WORLD = Options(guilds=4, members=5, furnished=True, gateway=GatewayRules(identify_interval_s=0.2, max_concurrency=4))
HANGS_FOR_S = 1.5


async def keep_killing_what_hangs(bot: Respawner) -> None:
    """End each process that blocks for long, as a watchdog would."""
    while True:
        await asyncio.sleep(0.05)
        blocked = [line for line in bot.lines("message", pid=bot.pid) if line.detail == "block"]
        if blocked and bot.lives[-1].ended_mono is None:
            await asyncio.sleep(HANGS_FOR_S)
            await bot.signal(signal.SIGKILL)


@pytest.mark.parametrize("poison", ["block", "exit", "overflow", "memory bomb"])
async def test_it_is_set_aside_after_the_second_death(poison: str, tmp_path: Path) -> None:
    environ = {"ADDRESS_SPACE_MB": "700"} if poison == "memory bomb" else {}
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, environ=environ) as bot:
        await discord.ticker.start(50)
        await asyncio.sleep(0.3)
        ident = str(discord.message(poison))
        watch = asyncio.create_task(keep_killing_what_hangs(bot))
        try:
            await bot.until("two deaths", lambda: len(bot.lives) >= 3, 30)
            third = bot.lives[2]
            await bot.recorded("resumed", pid=third.pid)
            await asyncio.sleep(1)
            await discord.ticker.stop()
            last = discord.message("the last one")
            await bot.handled(last)
        finally:
            watch.cancel()
        assert len(bot.lives) == 3, f"{len(bot.lives) - 1} deaths"
        assert sum(line.ident == ident for line in bot.lines("message")) == 2
        assert_all_others_came_once(discord, bot, ident)
        assert discord.count("identify") == 1
        aside = [line for line in bot.output.splitlines() if "it is not handled again" in line]
        assert len(aside) == 1
        assert "(MESSAGE_CREATE)" in aside[0]


def assert_all_others_came_once(discord: StandIn, bot: Respawner, poison: str) -> None:
    """What was on its way together with the poison may come again, where the handlers had not all ended."""
    messages = bot.lines("message")
    came = [line.ident for line in messages if line.ident != poison]
    sent = {entry["id"] for entry in discord.log.entries("message") if entry["sessions"]} - {poison}
    assert not sent - set(came)
    twice = {ident for ident in came if came.count(ident) > 1}
    assert twice <= in_flight(messages)


@pytest.mark.parametrize("harmless", ["recursion", "nothing left"])
async def test_an_error_that_discord_py_catches_is_no_poison(harmless: str, tmp_path: Path) -> None:
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path) as bot:
        await bot.handled(discord.message(harmless))
        await bot.handled(discord.message("next"))
        assert len(bot.lives) == 1
        dead = await bot.signal(signal.SIGKILL)
        after = await bot.next_life(dead)
        await bot.recorded("resumed", pid=after.pid)
        await bot.handled(discord.message("and on"))
        assert [line.detail for line in bot.lines("message")] == [harmless, "next", "and on"]
