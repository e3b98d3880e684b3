"""A bot that is killed again and again, outside systemd: its session goes on, and nothing is lost."""

import asyncio
import random
import shutil
from pathlib import Path

import pytest

from harness.records import Verdict, in_flight, judge
from harness.respawning import RECORDS_IDS, Respawner, a_bot, die, our_command, plain_command, respawned
from uptime_bot.continuity.limits import Limits
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

OPTIONS = Options(
    guilds=8, members=20, furnished=True, gateway=GatewayRules(identify_interval_s=0.2, max_concurrency=4)
)
KINDS = ("client", "bot", "sharded")
SHARDS = {"client": 1, "bot": 1, "sharded": 4}
TICK_MS = 50


def identifies(discord: StandIn) -> int:
    return discord.count("identify")


async def settled(discord: StandIn, bot: Respawner) -> Verdict:
    """Stop the traffic, wait until the bot has what it can still get, and judge."""
    await discord.ticker.stop()
    last = discord.message("the last one")
    await bot.handled(last)
    for _ in range(100):
        if not judge(discord.log.entries(), bot.lines()).lost:
            break
        await asyncio.sleep(0.02)
    return judge(discord.log.entries(), bot.lines())


def assert_nothing_lost(verdict: Verdict, bot: Respawner) -> None:
    messages = bot.lines("message")
    assert not verdict.lost, f"lost {len(verdict.lost)} of {verdict.sent}: {verdict.lost[:10]}\n{bot.output[-4000:]}"
    # Only what a death cut short may come again: the handler ran and the process was gone before that was noted.
    assert set(verdict.twice) <= in_flight(messages), f"twice: {verdict.twice[:10]}"
    assert len(verdict.twice) <= 2


# Every kind of death


@pytest.mark.parametrize("kind", KINDS)
async def test_sigkill_at_random_moments_loses_nothing_and_spends_no_identify(kind: str, tmp_path: Path) -> None:
    dice = random.Random(f"sigkill {kind}")  # noqa: S311
    async with StandIn.listening(OPTIONS) as discord, a_bot(discord, tmp_path, kind=kind) as bot:
        await discord.ticker.start(TICK_MS, spread=SHARDS[kind])
        for _ in range(12):
            # Some while it starts, some while it replays, some while it runs.
            await asyncio.sleep(dice.uniform(0.0, 1.4))
            await bot.next_life(await die(discord, bot, "SIGKILL"))
        verdict = await settled(discord, bot)
        assert_nothing_lost(verdict, bot)
        assert identifies(discord) == SHARDS[kind]


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        *[("client", how) for how in ("SIGTERM", "SIGABRT", "hang", "exit in a task")],
        ("bot", "SIGTERM"),
        ("sharded", "SIGTERM"),
        ("sharded", "hang"),
    ],
)
async def test_other_deaths_lose_nothing_and_spend_no_identify(kind: str, how: str, tmp_path: Path) -> None:
    dice = random.Random(f"{how} {kind}")  # noqa: S311
    async with StandIn.listening(OPTIONS) as discord, a_bot(discord, tmp_path, kind=kind) as bot:
        await discord.ticker.start(TICK_MS, spread=SHARDS[kind])
        for _ in range(3):
            await asyncio.sleep(dice.uniform(0.2, 0.6))
            after = await bot.next_life(await die(discord, bot, how))
            await bot.recorded("resumed", pid=after.pid)
        verdict = await settled(discord, bot)
        assert_nothing_lost(verdict, bot)
        assert identifies(discord) == SHARDS[kind]
        assert not {entry["code"] for entry in discord.log.entries("client_close")} & {1000, 1001}


async def test_a_stop_and_a_start_within_the_window_lose_nothing(tmp_path: Path) -> None:
    async with StandIn.listening(OPTIONS) as discord, a_bot(discord, tmp_path) as bot:
        await discord.ticker.start(TICK_MS)
        await asyncio.sleep(0.5)
        bot.may_spawn.clear()
        stopped = await die(discord, bot, "SIGTERM")
        assert stopped.code == 0
        await asyncio.sleep(3)
        bot.may_spawn.set()
        await bot.next_life(stopped)
        verdict = await settled(discord, bot)
        assert_nothing_lost(verdict, bot)
        assert identifies(discord) == 1


async def test_a_clean_stop_needs_nothing_of_the_runtime_directory(tmp_path: Path) -> None:
    """As after a reboot, or where systemd removes RuntimeDirectory= with the stop."""
    async with StandIn.listening(OPTIONS) as discord, a_bot(discord, tmp_path) as bot:
        await discord.ticker.start(TICK_MS)
        await asyncio.sleep(0.7)
        bot.may_spawn.clear()
        stopped = await die(discord, bot, "SIGTERM")
        shutil.rmtree(tmp_path / "run")
        bot.may_spawn.set()
        await bot.next_life(stopped)
        verdict = await settled(discord, bot)
        assert_nothing_lost(verdict, bot)
        assert identifies(discord) == 1


async def test_a_runtime_directory_that_is_gone_after_sigkill_loses_nothing(tmp_path: Path) -> None:
    """The copy in the state directory is some seconds old: events may come again, none is lost."""
    async with StandIn.listening(OPTIONS) as discord, a_bot(discord, tmp_path) as bot:
        await discord.ticker.start(TICK_MS)
        await asyncio.sleep(Limits().copy_s + 1.0)
        bot.may_spawn.clear()
        killed = await die(discord, bot, "SIGKILL")
        shutil.rmtree(tmp_path / "run")
        bot.may_spawn.set()
        await bot.next_life(killed)
        assert not (await settled(discord, bot)).lost
        assert identifies(discord) == 1


async def test_a_record_that_is_gone_altogether_means_an_identify(tmp_path: Path) -> None:
    async with StandIn.listening(OPTIONS) as discord, a_bot(discord, tmp_path) as bot:
        bot.may_spawn.clear()
        killed = await die(discord, bot, "SIGKILL")
        shutil.rmtree(tmp_path / "run")
        shutil.rmtree(tmp_path / "state")
        bot.may_spawn.set()
        after = await bot.next_life(killed)
        await bot.recorded("ready", pid=after.pid)
        assert identifies(discord) == 2


async def test_at_least_once_runs_a_handler_again_that_a_death_cut_short(tmp_path: Path) -> None:
    settings = {"session.delivery": "at-least-once"}
    async with StandIn.listening(OPTIONS) as discord, a_bot(discord, tmp_path, settings=settings) as bot:
        await bot.handled(discord.message("before"))
        cut_short = discord.message("takes its time")
        await bot.handled(cut_short)
        beside = discord.message("meanwhile")
        await bot.handled(beside)
        after = await bot.next_life(await die(discord, bot, "SIGKILL"))
        await bot.recorded("done", pid=after.pid)
        await bot.handled(discord.message("after"))
        handled = [(line.detail, line.pid == after.pid) for line in bot.lines("message")]
        assert handled[:3] == [("before", False), ("takes its time", False), ("meanwhile", False)]
        # What came behind it was handled to the end: that is not repeated.
        assert handled[3:] == [("takes its time", True), ("after", True)]
        # Once its handlers have ended, it is over.
        last = await bot.next_life(await die(discord, bot, "SIGKILL"))
        await bot.recorded("resumed", pid=last.pid)
        assert not bot.lines("message", pid=last.pid)


async def test_at_least_once_loses_nothing_over_many_deaths(tmp_path: Path) -> None:
    settings = {"session.delivery": "at-least-once"}
    dice = random.Random("at least once")  # noqa: S311
    async with StandIn.listening(OPTIONS) as discord, a_bot(discord, tmp_path, settings=settings) as bot:
        await discord.ticker.start(TICK_MS)
        for _ in range(6):
            await asyncio.sleep(dice.uniform(0.0, 1.2))
            await bot.next_life(await die(discord, bot, "SIGKILL"))
        verdict = await settled(discord, bot)
        assert_nothing_lost(verdict, bot)
        assert identifies(discord) == 1


async def test_a_burst_that_is_cut_by_sigkill_goes_on_where_it_was(tmp_path: Path) -> None:
    async with StandIn.listening(OPTIONS) as discord, a_bot(discord, tmp_path) as bot:
        first, last = await discord.burst(4000)
        await bot.handled(first)
        await bot.next_life(await die(discord, bot, "SIGKILL"))
        await bot.handled(last, within_s=30)
        idents = [int(line.ident) for line in bot.lines("message")]
        assert len(set(idents)) == 4000
        assert len(idents) <= 4001
        assert identifies(discord) == 1


async def test_killed_while_the_guilds_of_the_first_start_arrive(tmp_path: Path) -> None:
    options = Options(
        guilds=300, members=20, furnished=True, gateway=GatewayRules(identify_interval_s=0.2, max_concurrency=4)
    )
    async with StandIn.listening(options) as discord, respawned(our_command(discord, RECORDS_IDS), tmp_path) as bot:
        await discord.log.wait_for("ready")
        await asyncio.sleep(0.03)
        after = await bot.next_life(await die(discord, bot, "SIGKILL"))
        ready = await bot.recorded("ready", pid=after.pid)
        assert ready.detail == "300"


async def test_the_same_judgement_finds_what_plain_discord_py_loses(tmp_path: Path) -> None:
    async with StandIn.listening(OPTIONS) as discord, respawned(plain_command(discord, RECORDS_IDS), tmp_path) as bot:
        await bot.recorded("ready")
        await discord.ticker.start(TICK_MS)
        await asyncio.sleep(0.5)
        after = await bot.next_life(await die(discord, bot, "SIGKILL"))
        await bot.recorded("connect", pid=after.pid)
        verdict = await settled(discord, bot)
        assert verdict.lost
        assert identifies(discord) == 2
