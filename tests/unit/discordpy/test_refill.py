"""A cache refilled from a record, in a client that goes on with the session: what is odd or damaged stops nothing."""

import os

import discord
import pytest

from harness.bot_life import Life, a_client, eventually, still_read
from harness.small_guilds import guild, half_user_presence, member, ready, user
from uptime_bot.discordpy.lazy_cache import LazyGuilds
from uptime_bot.discordpy.surroundings import Surroundings


async def lived(around: Surroundings) -> Life:
    """A life that has seen guilds 10, 11 and 12, in this order."""
    life = Life(await a_client(), around)
    await life.identify()
    await life.receive("READY", ready((10, 11, 12)))
    for guild_id in (10, 11, 12):
        await life.receive("GUILD_CREATE", guild(guild_id, (1, 5, 6)))
    return life


def assert_plain(life: Life) -> None:
    """The cache is discord.py's own again, and the old life's journal is let go of."""
    state = life.state
    assert [type(cache) for cache in (state._guilds, state._emojis, state._stickers)] == [dict] * 3
    assert not still_read(life.found[0])
    assert type(state._users).__name__ == "WeakValueDictionary"


async def test_the_cache_is_filled_and_plain_when_it_is_ready(around: Surroundings) -> None:
    (await lived(around)).dies()
    life = Life(await a_client(), around)
    await life.resume()
    assert still_read(life.found[0])
    assert isinstance(life.state._guilds, LazyGuilds)
    await life.receive("RESUMED", {})
    await life.hears("ready")
    assert life.announced() == [10, 11, 12]
    assert_plain(life)


async def test_half_a_user_does_not_keep_a_client_from_becoming_ready(around: Surroundings) -> None:
    """Discord sent them: who is in several guilds is settled by what was said last, and half a user says nothing."""
    before = await lived(around)
    for guild_id in (10, 11):
        await before.receive("PRESENCE_UPDATE", half_user_presence(guild_id, 5))
    for guild_id, name in ((11, "first"), (10, "last")):
        renamed = member(6) | {"guild_id": str(guild_id), "user": user(6) | {"username": name}}
        await before.receive("GUILD_MEMBER_UPDATE", renamed)
    before.dies()
    life = Life(await a_client(), around)
    await life.resume()
    await life.receive("RESUMED", {})
    await life.hears("ready")
    assert life.names().count("ready") == 1
    assert [known and known.name for known in map(life.client.get_user, (5, 6))] == ["user5", "last"]
    assert_plain(life)


async def test_a_guild_that_cannot_be_read_costs_the_session_and_nothing_else(
    around: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    (await lived(around)).dies()
    life = Life(await a_client(), around)
    await life.resume()
    os.truncate(life.found[0].files.journal, life.found[0].entries.guilds[12][0].starts_at)
    await life.receive("RESUMED", {})
    await eventually(lambda: life.ends[0].closed)
    assert life.shard().forget_session
    assert life.ends[0].close_code == 4000
    assert "the cache cannot be refilled" in caplog.text
    await life.hears("ready")
    assert life.announced() == [10, 11]
    assert_plain(life)


async def test_to_look_at_one_guild_fills_that_guild_only(around: Surroundings) -> None:
    """A scheduled event whose creator is nowhere in the cache makes discord.py look for them everywhere."""
    intents = discord.Intents(guilds=True, guild_scheduled_events=True)
    before = Life(await a_client(intents=intents), around)
    await before.identify()
    await before.receive("READY", ready((10, 11, 12)))
    event = {"id": "77", "guild_id": "11", "name": "x", "scheduled_start_time": "2030-01-01T00:00:00+00:00"}
    event |= {"privacy_level": 2, "status": 1, "entity_type": 3, "creator_id": "99"}  # type: ignore[dict-item]
    for guild_id in (10, 11, 12):
        await before.receive("GUILD_CREATE", guild(guild_id, guild_scheduled_events=[event] if guild_id == 11 else []))
    before.dies()
    life = Life(await a_client(intents=intents), around)
    await life.resume()
    found = life.client.get_guild(11)
    assert found is not None
    assert [event.id for event in found.scheduled_events] == [77]
    assert list(life.state._guilds.unfilled.by_guild) == [10, 12]


async def test_a_client_that_ends_before_its_resume_lets_go_of_the_journal(around: Surroundings) -> None:
    (await lived(around)).dies()
    life = Life(await a_client(), around)
    life.continuity.take_up(life.link, life.shard())
    pending = life.shard().refill
    assert pending is not None
    assert still_read(pending._found)
    life.continuity.release(life.link)
    assert not still_read(pending._found)
    assert life.shard().refill is None
