"""on_ready of a session that is older than the process: every guild is announced, once, whatever else happens."""

import asyncio
import sys
from threading import Thread

import discord
import pytest

from harness.bot_life import Life, a_client, eventually, settled, two_shards
from harness.small_guilds import ME, guild, joined, member, ready, typing
from uptime_bot.discordpy.surroundings import Surroundings

OF_SHARD = {0: [number << 22 for number in (2, 4, 6)], 1: [number << 22 for number in (1, 3, 5)]}


async def lived(around: Surroundings) -> None:
    """A life of two shards, ready."""
    life = Life(await two_shards(), around)
    for shard_id, guild_ids in OF_SHARD.items():
        await life.identify(shard_id)
        await begins(life, shard_id, guild_ids)
    await life.hears("ready")
    life.dies()


async def begins(life: Life, shard_id: int, guild_ids: list[int]) -> None:
    """A shard's READY, and its guilds."""
    await life.receive("READY", ready(guild_ids, session_id=f"s{shard_id}", shard_id=shard_id, shard_count=2), shard_id)
    for guild_id in guild_ids:
        await life.receive("GUILD_CREATE", guild(guild_id), shard_id)


async def test_one_shard_is_resumed_and_the_other_begins_anew(around: Surroundings) -> None:
    await lived(around)
    life = Life(await two_shards(), around)
    await life.resume(0)
    await life.resume(1)
    await life.is_refused(1)
    await life.identify(1)
    await begins(life, 1, OF_SHARD[1])
    await life.receive("RESUMED", {}, 0)
    await life.hears("ready")
    assert_all_told_once(life)


async def test_a_new_session_begins_at_the_moment_that_another_shard_is_ready(around: Surroundings) -> None:
    await lived(around)
    life = Life(await two_shards(), around)
    await life.resume(0)
    await life.resume(1)
    await life.receive("RESUMED", {}, 0)
    while "shard_ready" not in life.names():  # in this very turn of the loop, and no later
        await asyncio.sleep(0)
    await life.is_refused(1)
    await life.identify(1)
    await begins(life, 1, OF_SHARD[1])
    await life.hears("ready")
    assert_all_told_once(life)


async def test_it_is_not_ready_while_one_shard_has_no_session(around: Surroundings) -> None:
    await lived(around)
    life = Life(await two_shards(), around)
    await life.resume(0)
    await life.resume(1)
    await life.receive("RESUMED", {}, 0)
    await settled()
    await life.is_refused(1)
    await life.identify(1)
    await settled()
    assert "ready" not in life.names()
    await begins(life, 1, OF_SHARD[1])
    await life.hears("ready")
    assert_all_told_once(life)


def assert_all_told_once(life: Life) -> None:
    """Each guild, each shard, and the client; that last."""
    assert sorted(life.announced()) == sorted(OF_SHARD[0] + OF_SHARD[1])
    assert sorted(args[0] for name, args in life.heard if name == "shard_ready") == [0, 1]
    assert life.names().count("ready") == 1
    assert life.names()[-1] == "ready"


@pytest.mark.parametrize("attempts", [1, 2])
async def test_a_guild_that_the_new_session_does_not_name_is_gone(around: Surroundings, attempts: int) -> None:
    """An AutoShardedClient does not clear its cache at READY."""
    await lived(around)
    life = Life(await two_shards(), around)
    await life.resume(0)
    await life.resume(1)
    for _ in range(attempts):
        await life.is_refused(1)
        await life.identify(1)
    *named, left = OF_SHARD[1]
    await begins(life, 1, named)
    await life.receive("RESUMED", {}, 0)
    await life.hears("ready")
    assert life.client.get_guild(left) is None
    assert sorted(known.id for known in life.client.guilds) == sorted(OF_SHARD[0] + named)
    assert sorted(life.announced()) == sorted(OF_SHARD[0] + named)


async def test_a_thread_that_looks_at_the_cache_costs_no_event(around: Surroundings) -> None:
    """Such as a web page's, while the loop refills the cache and handles what is replayed."""
    before = Life(await a_client(intents=discord.Intents.default()), around)
    guild_ids = list(range(1000, 1200))
    await before.identify()
    await before.receive("READY", ready(guild_ids))
    for guild_id in guild_ids:
        await before.receive("GUILD_CREATE", guild(guild_id))
    before.dies()
    life = Life(await a_client(intents=discord.Intents.default()), around)
    await life.resume()
    seen: list[list[int]] = []
    thread = Thread(target=lambda: seen.append([known.id for known in life.client.guilds]))
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        thread.start()
        await life.receive("RESUMED", {})
        sent = 0
        while thread.is_alive() or sent < 100:
            await life.receive("TYPING_START", typing())
            sent += 1
    finally:
        sys.setswitchinterval(interval_s)
        thread.join()
    assert seen == [guild_ids]
    await life.hears("ready")
    await life.receive("TYPING_START", typing())
    assert life.names().count("raw_typing") == sent + 1
    assert life.announced() == guild_ids


async def test_a_guild_that_joined_while_nobody_was_told_is_asked_for_its_members_and_announced(
    around: Surroundings,
) -> None:
    """The process before has told of it; that a handler of an older event was still running makes Discord replay it."""
    intents = discord.Intents(guilds=True, members=True, guild_typing=True)
    before = Life(await a_client(Slow, intents=intents), around, delivery="at-least-once")
    await before.identify()
    await before.receive("READY", ready([10]))
    await before.receive("GUILD_CREATE", guild(10))
    await before.hears("ready")
    await before.receive("TYPING_START", typing())
    await before.receive("GUILD_CREATE", joined(11, member_count=2))
    await answers(before)
    await before.hears("guild_join")
    before.dies()
    life = Life(await a_client(intents=intents), around, delivery="at-least-once")
    await life.resume()
    assert life.client.get_guild(11) is None
    await life.receive("TYPING_START", typing())
    await life.receive("GUILD_CREATE", joined(11, member_count=2))
    await life.receive("RESUMED", {})
    await answers(life)
    await life.hears("ready")
    assert life.announced() == [10, 11]
    assert life.names().count("raw_typing") == 1
    assert "guild_join" not in life.names()


async def answers(life: Life) -> None:
    """Discord answers a request for the members of guild 11."""
    await eventually(lambda: life.ends[0].sent[-1]["op"] == 8)
    asked = life.ends[0].sent[-1]["d"]
    assert int(asked["guild_id"]) == 11
    chunk = {"guild_id": "11", "members": [member(ME), member(5)], "chunk_index": 0, "chunk_count": 1}
    await life.receive("GUILD_MEMBERS_CHUNK", chunk | {"nonce": asked["nonce"]})


class Slow(discord.Client):
    """Its handlers do not end."""

    async def on_raw_typing(self, _: discord.RawTypingEvent) -> None:
        await self.wait_for("never")
