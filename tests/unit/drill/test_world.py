"""The computed world: ids that rise, guilds that spread evenly, members who are who they say."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.contract.tokens import application_id, clean
from uptime_drill.discord.dispatches import shard_of
from uptime_drill.discord.intents import KNOWN, Intent
from uptime_drill.discord.options import DEMO_APPLICATION_ID, DEMO_TOKEN
from uptime_drill.discord.snowflakes import Snowflakes
from uptime_drill.discord.world import World


def world(guilds: int, members: int = 3, channels: int = 2) -> World:
    return World(application_id=5, guild_count=guilds, members_per_guild=members, channels_per_guild=channels)


@given(st.lists(st.floats(1_500_000_000, 2_000_000_000), max_size=50))
def test_snowflakes_rise_whatever_the_clock_does(clock: Sequence[float]) -> None:
    ids = Snowflakes()
    made = [ids.make(now) for now in clock]
    assert made == sorted(set(made))


@given(st.integers(0, 60), st.integers(1, 16))
def test_guilds_spread_evenly_over_shards(guilds: int, shards: int) -> None:
    share = Counter(shard_of(guild_id, shards) for guild_id in world(guilds).guild_ids())
    counts = [share[n] for n in range(shards)]
    assert max(counts) - min(counts) <= 1


@given(st.integers(1, 10), st.integers(0, 10), st.integers(1, 5))
def test_everything_that_a_guild_names_can_be_found(guilds: int, members: int, channels: int) -> None:
    it = world(guilds, members, channels)
    users: set[str] = set()
    for guild_id in it.guild_ids():
        create = it.guild_create(guild_id, KNOWN)
        assert create["member_count"] == len(create["members"]) == members + 1
        assert all(it.member(guild_id, int(m["user"]["id"])) == m for m in create["members"])
        assert all(it.channel(int(c["id"])) == c for c in create["channels"])
        assert all(it.guild_of(int(c["id"])) == guild_id for c in create["channels"])
        users |= {m["user"]["id"] for m in create["members"]}
    assert len(users) == guilds * members + 1
    first = next(iter(it.guild_ids()))
    assert [m["user"]["id"] for m in it.guild_create(first, Intent.GUILDS)["members"]] == [it.bot_id]


@given(st.integers(0, 2**64))
def test_what_does_not_exist_is_not_found(channel_id: int) -> None:
    it = world(0)
    assert it.channel(channel_id) is None
    assert not it.has_channel(channel_id)
    assert not it.has_guild(channel_id)
    assert it.first_channel() is None


def test_the_demo_token_looks_like_one() -> None:
    cleaned = clean(DEMO_TOKEN)
    assert application_id(cleaned.token) == DEMO_APPLICATION_ID
    assert (list(cleaned.notes), list(cleaned.warnings)) == ([], [])
