"""What a bot finds after a restart that resumed its session: all that a normal start gives it."""

import time
from pathlib import Path
from typing import Any

import pytest

from harness.bot_process import BOTS
from harness.respawning import Respawner, a_bot, die
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

USES_EVERYTHING = BOTS / "uses_everything.py"
RULES = GatewayRules(identify_interval_s=0.2, max_concurrency=4)
WORLD = Options(guilds=8, members=20, furnished=True, gateway=RULES)
FIRST_GUILD = 210_000_000_000 << 22
CHANNEL = FIRST_GUILD + 1


async def restarted(discord: StandIn, bot: Respawner) -> int:
    """Kill it and wait until it is there again; the new pid."""
    after = await bot.next_life(await die(discord, bot, "SIGKILL"))
    await bot.recorded("ready", pid=after.pid)
    return after.pid


def resumed_only(discord: StandIn, shards: int = 1) -> bool:
    return discord.count("identify") == shards and discord.count("resumed") >= shards


@pytest.mark.parametrize("kind", ["bot", "sharded"])
async def test_the_cache_is_as_it_was(kind: str, tmp_path: Path) -> None:
    shards = 4 if kind == "sharded" else 1
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, kind=kind, script=USES_EVERYTHING) as bot:
        before = bot.lines("ready")[0].detail
        # 8 guilds x (3 text, 1 category, 4 voice), 13 roles, 21 members, 3 talkers, 3 threads, 8 emojis
        assert before == (
            "guilds=8 channels=64 roles=104 members=168 voice=24 threads=24 emojis=64 chunked=8 users=161"
            " me=stand-in-bot#0000"
        )
        pid = await restarted(discord, bot)
        assert resumed_only(discord, shards)
        assert bot.lines("ready", pid=pid)[0].detail == before
        loop = await bot.recorded("loop", pid=pid)
        assert loop.detail == before
        await bot.recorded("resumed", pid=pid, count=shards if kind != "sharded" else 1)
        await bot.recorded("connect", pid=pid)
        if kind == "sharded":
            assert {line.ident for line in bot.lines("shard_resumed", pid=pid)} == {"0", "1", "2", "3"}
            assert {line.ident for line in bot.lines("shard_ready", pid=pid)} == {"0", "1", "2", "3"}
        assert not bot.lines("guild_join")
        assert len(bot.lines("ready", pid=pid)) == 1


async def test_the_first_replayed_message_finds_its_guild_channel_and_member(tmp_path: Path) -> None:
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, script=USES_EVERYTHING) as bot:
        bot.may_spawn.clear()
        dead = await die(discord, bot, "SIGKILL")
        replayed = discord.message("!where", channel_id=CHANNEL)
        bot.may_spawn.set()
        await bot.next_life(dead)
        line = await bot.handled(replayed)
        assert line.detail == "Member roles=3 guild='Guild 0' same=True !where"
        answer = await discord.log.wait_for("bot_message")
        assert answer["content"] == f"Member in Guild 0, <#{CHANNEL}>, me Member"


async def test_slash_commands_and_buttons_of_before_are_answered(tmp_path: Path) -> None:
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, script=USES_EVERYTHING) as bot:
        discord.message("!panel", channel_id=CHANNEL)
        await discord.log.wait_for("bot_message")
        message_id = int(discord.house.world.messages(CHANNEL)[0]["id"])
        await restarted(discord, bot)
        report = await discord.interaction("ping", channel_id=CHANNEL)
        assert report["callback"]["data"]["content"] == "pong in Guild 0, 8 channels"
        pressed = await discord.press("panel:press", message_id=message_id, channel_id=CHANNEL)
        assert pressed["callback"]["data"]["content"] == "pressed"
        assert resumed_only(discord)


async def test_an_interaction_that_waited_for_less_than_three_seconds_is_answered(tmp_path: Path) -> None:
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, script=USES_EVERYTHING) as bot:
        bot.may_spawn.clear()
        await die(discord, bot, "SIGKILL")
        interaction = discord.house.use_command("ping", channel_id=CHANNEL)
        bot.may_spawn.set()
        await discord.log.wait_for("callback", outcome="answered", id=str(interaction.id), within_s=3.5)


async def test_an_interaction_that_is_too_old_is_not_dispatched_but_counted_and_logged(tmp_path: Path) -> None:
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, script=USES_EVERYTHING) as bot:
        bot.may_spawn.clear()
        dead = await die(discord, bot, "SIGKILL")
        discord.house.use_command("ping", channel_id=CHANNEL)
        waits_until = time.monotonic() + 3.2
        await bot.until("3.2 s", lambda: time.monotonic() > waits_until)
        after_it = discord.message("after it", channel_id=CHANNEL)
        bot.may_spawn.set()
        await bot.next_life(dead)
        await bot.handled(after_it)
        report = await discord.interaction("ping", channel_id=CHANNEL)
        assert report["answered"]
        assert not discord.log.entries("callback", outcome="late")
        assert "an interaction (ping) is " in bot.output


async def test_changes_of_before_the_death_are_in_the_cache_and_those_of_meanwhile_are_dispatched(
    tmp_path: Path,
) -> None:
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, script=USES_EVERYTHING) as bot:
        world = discord.house.world
        first, second = world.member_ids(FIRST_GUILD)[3:5]
        emit_member(discord, first, nick="before")
        await bot.recorded("member_update")
        bot.may_spawn.clear()
        dead = await die(discord, bot, "SIGKILL")
        emit_member(discord, first, nick="meanwhile")
        emit_member(discord, second, nick="meanwhile")
        bot.may_spawn.set()
        after = await bot.next_life(dead)
        await bot.recorded("member_update", pid=after.pid, count=2)
        seen = [(int(line.ident), line.detail) for line in bot.lines("member_update", pid=after.pid)]
        old = world.member(FIRST_GUILD, second)
        assert old is not None
        assert seen == [(first, "before->meanwhile"), (second, f"{old['nick']}->meanwhile")]


def emit_member(discord: StandIn, user_id: int, **changes: Any) -> None:
    member = discord.house.world.member(FIRST_GUILD, user_id)
    assert member is not None
    discord.emit("GUILD_MEMBER_UPDATE", {**member, "guild_id": str(FIRST_GUILD), **changes})


@pytest.mark.parametrize("presences", [True, False])
async def test_large_guilds_are_chunked_as_after_a_normal_start(presences: bool, tmp_path: Path) -> None:
    options = Options(
        guilds=2,
        members=1500,
        furnished=True,
        gateway=GatewayRules(identify_interval_s=0.2, member_request_interval_s=0.0),
    )
    environ = {} if presences else {"WITHOUT_PRESENCES": "yes"}
    async with (
        StandIn.listening(options) as discord,
        a_bot(discord, tmp_path, script=USES_EVERYTHING, environ=environ) as bot,
    ):
        before = bot.lines("ready")[0].detail
        assert "members=3002" in before
        assert "chunked=2" in before
        pid = await restarted(discord, bot)
        assert bot.lines("ready", pid=pid)[0].detail == before
        assert resumed_only(discord)


# When not all is as it was


async def test_discord_answers_503_to_every_request_and_the_session_is_resumed_all_the_same(tmp_path: Path) -> None:
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, script=USES_EVERYTHING) as bot:
        ordinary = await seconds_to_resume(discord, bot)
        discord.fault("http_status", status=503, path="/api/")
        with_503 = await seconds_to_resume(discord, bot)
        discord.message("!where", channel_id=CHANNEL)
        assert with_503 < ordinary * 1.5 + 0.3
        assert resumed_only(discord)
        discord.reset()
        report = await discord.interaction("ping", channel_id=CHANNEL)
        assert report["answered"]


async def seconds_to_resume(discord: StandIn, bot: Respawner) -> float:
    after = await bot.next_life(await die(discord, bot, "SIGKILL"))
    ready = await bot.recorded("ready", pid=after.pid)
    return ready.at_mono - after.spawned_mono


async def test_op_9_is_answered_with_an_identify_at_once_and_the_gap_is_told(tmp_path: Path) -> None:
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, script=USES_EVERYTHING) as bot:
        first = discord.log.entries("identify")[0]["mono"]
        await bot.until("max_concurrency allows the next one", lambda: time.monotonic() > first + 6.0)
        # All of the old session is in the cache when op 9 comes, and none of it may remain.
        discord.fault("op9", on="resume", count=1)
        since = discord.log.last_n
        after = await bot.next_life(await die(discord, bot, "SIGKILL"))
        refused = await discord.log.wait_for("resume", since=since)
        again = await discord.log.wait_for("identify", since=since)
        assert again["outcome"] == "ready"
        assert again["mono"] - refused["mono"] < 1.0
        ready = await bot.recorded("ready", pid=after.pid)
        assert ready.detail == bot.lines("ready")[0].detail
        assert "may be lost" in bot.output


async def test_after_op_9_the_identify_waits_for_what_max_concurrency_asks_and_no_longer(tmp_path: Path) -> None:
    options = Options(guilds=2, members=5, gateway=GatewayRules(identify_interval_s=5.0))
    async with StandIn.listening(options) as discord, a_bot(discord, tmp_path, script=USES_EVERYTHING) as bot:
        first = discord.log.entries("identify")[0]["mono"]
        discord.fault("op9", on="resume", count=1)
        before = discord.log.last_n
        await bot.next_life(await die(discord, bot, "SIGKILL"))
        again = await discord.log.wait_for("identify", since=before, within_s=15)
        assert again["outcome"] == "ready"
        assert 5.0 <= again["mono"] - first < 6.5


async def test_other_intents_mean_a_new_session(tmp_path: Path) -> None:
    async with StandIn.listening(WORLD) as discord, a_bot(discord, tmp_path, script=USES_EVERYTHING) as bot:
        bot.environ["WITHOUT_PRESENCES"] = "yes"
        before = discord.log.last_n
        await restarted(discord, bot)
        assert discord.log.entries("identify", since=before, outcome="ready")
        assert not discord.log.entries("resume", since=before)


@pytest.mark.parametrize("comes", [True, False], ids=["comes", "goes"])
async def test_zstandard_comes_or_goes_between_two_processes(comes: bool, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "zstandard.py").write_text("raise ImportError('not installed')\n")
    environ = {"PYTHONPATH": str(hidden)} if comes else {}
    async with (
        StandIn.listening(WORLD) as discord,
        a_bot(discord, tmp_path / "bot", script=USES_EVERYTHING, environ=environ) as bot,
    ):
        bot.environ["PYTHONPATH"] = "" if comes else str(hidden)
        before = bot.lines("ready")[0].detail
        pid = await restarted(discord, bot)
        assert bot.lines("ready", pid=pid)[0].detail == before
        said = await bot.handled(discord.message("still there"))
        assert said.pid == pid


async def test_two_shards_resume_and_two_identify(tmp_path: Path) -> None:
    async with (
        StandIn.listening(WORLD) as discord,
        a_bot(discord, tmp_path, kind="sharded", script=USES_EVERYTHING) as bot,
    ):
        before = bot.lines("ready")[0].detail
        bot.may_spawn.clear()
        dead = await die(discord, bot, "SIGKILL")
        gateway = discord.house.gateway
        for session in list(gateway.sessions):
            if session.shard[0] in (1, 3):
                gateway.end_session(session, "of the test")
        since = discord.log.last_n
        bot.may_spawn.set()
        after = await bot.next_life(dead)
        ready = await bot.recorded("ready", pid=after.pid)
        assert ready.detail == before
        assert {e["shard"][0] for e in discord.log.entries("identify", since=since, outcome="ready")} == {1, 3}
        assert discord.count("resumed") == 2
        for guild in range(4):
            where = ((210_000_000_000 + guild) << 22) + 1
            line = await bot.handled(discord.message("hello", channel_id=where))
            assert "same=True" in line.detail


async def test_a_session_that_is_older_than_its_window_is_not_tried(tmp_path: Path) -> None:
    settings = {"session.window_s": 1}
    async with (
        StandIn.listening(WORLD) as discord,
        a_bot(discord, tmp_path, script=USES_EVERYTHING, settings=settings) as bot,
    ):
        bot.may_spawn.clear()
        dead = await die(discord, bot, "SIGKILL")
        waits_until = time.monotonic() + 1.5
        await bot.until("1.5 s", lambda: time.monotonic() > waits_until)
        since = discord.log.last_n
        bot.may_spawn.set()
        after = await bot.next_life(dead)
        await bot.recorded("ready", pid=after.pid)
        assert not discord.log.entries("resume", since=since)
        assert "may be lost" in bot.output
