"""The law: a cache refilled from a record, compacted or not, is that of a client which saw the events live."""

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import discord
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cache_picture import Picture, differences
from harness.gateway_events import Step, World, guild_id_of, scripts
from harness.recorded_client import LiveClient, refilled, refilled_lazily
from uptime_bot.continuity.compaction import compacted
from uptime_bot.continuity.frames import Frame

MakeClient = Callable[[], discord.Client]

GUILDS = [guild_id_of(number) for number in range(4)]
SHARDED_GUILDS = [guild_id_of(number, shard_count=2) for number in range(4)]
SEEDS = st.integers(0, 2**20)
CUTS = st.tuples(st.integers(0, 60), st.integers(0, 60))
"""After how many steps the record is compacted."""

EXAMPLES = settings(
    deadline=None,
    derandomize=True,
    max_examples=75,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _everything() -> discord.Client:
    return discord.Client(intents=discord.Intents.all(), chunk_guilds_at_startup=False, max_messages=None)


def _by_default() -> discord.Client:
    return discord.Client(intents=discord.Intents.default(), max_messages=None)


def _members_without_voice() -> discord.Client:
    intents = discord.Intents(guilds=True, members=True, emojis_and_stickers=True)
    return discord.Client(intents=intents, chunk_guilds_at_startup=False, max_messages=None)


def _nobody() -> discord.Client:
    """No member, but the bot itself."""
    flags = discord.MemberCacheFlags.none()
    intents = discord.Intents.all()
    intents.emojis_and_stickers = False
    return discord.Client(intents=intents, member_cache_flags=flags, chunk_guilds_at_startup=False, max_messages=None)


def _sharded() -> discord.Client:
    client = discord.AutoShardedClient(
        intents=discord.Intents.all(), chunk_guilds_at_startup=False, max_messages=None, shard_count=2
    )
    client._connection.shard_count, client._connection.shard_ids = 2, [0, 1]
    return client


CLIENTS = {make.__name__.strip("_"): make for make in (_everything, _by_default, _members_without_voice, _nobody)}


@pytest.fixture(autouse=True, scope="module")
def _quick_collections() -> Iterator[None]:
    """Keep all that the test run has made until now out of the collector's sight: it is called thousands of times."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
@EXAMPLES
@given(seed=SEEDS, script=scripts(), cuts=CUTS)
def test_compacted_twice_and_gone_on_with(
    make: MakeClient, seed: int, script: list[Step], cuts: tuple[int, int]
) -> None:
    """Users say something else in each event; frames are applied in their order."""
    asyncio.run(_in_order(make, World(GUILDS, renamed_everywhere=False), seed, script, cuts))


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
@EXAMPLES
@given(seed=SEEDS, script=scripts(renamed_everywhere=True), cuts=CUTS, first=st.permutations(GUILDS))
def test_guilds_refilled_in_any_order(
    make: MakeClient, seed: int, script: list[Step], cuts: tuple[int, int], first: list[int]
) -> None:
    """Who is renamed is renamed in all their guilds, as Discord does; guilds are filled as they are asked for."""
    asyncio.run(_in_any_order(make, World(GUILDS, renamed_everywhere=True), seed, script, cuts, first))


@settings(EXAMPLES, max_examples=50)
@given(seed=SEEDS, script=scripts(renamed_everywhere=True), cuts=CUTS, first=st.permutations(SHARDED_GUILDS))
def test_shards_refilled_one_by_one(seed: int, script: list[Step], cuts: tuple[int, int], first: list[int]) -> None:
    """An AutoShardedClient: each shard has a record of its own."""
    asyncio.run(_in_any_order(_sharded, World(SHARDED_GUILDS, renamed_everywhere=True), seed, script, cuts, first))


async def _in_order(make: MakeClient, world: World, seed: int, script: list[Step], cuts: Sequence[int]) -> None:
    live = LiveClient(make())
    (recorded,) = _play(live, world, seed, script, cuts)
    picture = live.picture()
    _assert_same(picture, refilled(make(), live.frames[0]))
    _assert_same(picture, refilled(make(), recorded))
    _assert_same(picture, refilled(make(), _compact(recorded)))
    await asyncio.sleep(0)  # for the tasks that READY began, and that were cancelled


async def _in_any_order(  # noqa: PLR0917 - the parts of one example
    make: MakeClient, world: World, seed: int, script: list[Step], cuts: Sequence[int], first: Sequence[int]
) -> None:
    live = LiveClient(make())
    recorded = _play(live, world, seed, script, cuts)
    picture = live.picture()
    _assert_same(picture, refilled_lazily(make(), live.frames.values()))
    _assert_same(picture, refilled_lazily(make(), recorded, first))
    _assert_same(picture, refilled_lazily(make(), [_compact(frames) for frames in recorded], first))
    await asyncio.sleep(0)


def _play(live: LiveClient, world: World, seed: int, script: list[Step], cuts: Sequence[int]) -> list[list[Frame]]:
    """Let a client see everything; gives each shard's record, compacted at the cuts."""
    shard_count = live.state.shard_count or 1
    for shard_id in range(shard_count):
        guilds = [guild_id for guild_id in world.guild_ids[:3] if (guild_id >> 22) % shard_count == shard_id]
        live.ready(world.ready(seed, guilds), shard_id)
    for number, guild_id in enumerate(world.guild_ids[:3]):
        if (seed >> number) % 4:  # else it is late
            live.see([world.created(seed + guild_id, guild_id)])
    assert any(guild.name for guild in live.state._guilds.values()) or not seed % 16  # not about nothing
    recorded: list[list[Frame]] = [[] for _ in range(shard_count)]
    seen = [0] * shard_count
    for place, step in enumerate(script):
        for shard_id in range(shard_count if place in cuts else 0):
            recorded[shard_id] = _compact([*recorded[shard_id], *live.frames[shard_id][seen[shard_id] :]])
            seen[shard_id] = len(live.frames[shard_id])
        if live.hears(step.name):
            live.see(world.events(step))
    return [[*recorded[shard_id], *live.frames[shard_id][seen[shard_id] :]] for shard_id in range(shard_count)]


def _compact(frames: Sequence[Frame]) -> list[Frame]:
    return list(compacted(frames, lambda frame: frame.payload))


def _assert_same(live: Picture, other: Picture) -> None:
    assert list(differences(live, other)) == []


def test_a_changed_attribute_is_noticed() -> None:
    """The comparer is not blind: of every kind of thing, some attribute is changed."""
    asyncio.run(_notices())


async def _notices() -> None:
    world = World(GUILDS, renamed_everywhere=False)
    clients = [LiveClient(_everything()), LiveClient(_everything())]
    for client in clients:
        client.ready(world.ready(1, GUILDS))
        client.see([world.created(seed, guild_id) for seed in range(8) for guild_id in GUILDS])
    before, state = clients[0].picture(), clients[1].state
    assert list(differences(before, clients[1].picture())) == []
    for path in CHANGED:
        _change(state, path)
        after = clients[1].picture()
        assert list(differences(before, after)), path
        before = after
    state._guilds[GUILDS[0]]._channels = dict(reversed(state._guilds[GUILDS[0]]._channels.items()))
    assert list(differences(before, clients[1].picture()))
    await asyncio.sleep(0)


def _change(state: Any, path: str) -> None:
    """Set an attribute: of a dict or tuple on the way to it, the first thing is meant."""
    thing = state
    *way, name = path.split(".")
    for part in way:
        thing = getattr(thing, part)
        thing = next(iter(thing.values())) if isinstance(thing, Mapping) else thing
        thing = thing[0] if isinstance(thing, tuple) else thing
    setattr(thing, name, 12345)


CHANGED = (
    *("user.verified", "_guilds._large", "_guilds._member_count", "_guilds.unavailable", "_guilds._afk_channel_id"),
    *("_guilds._roles.position", "_guilds._roles.tags", "_guilds._channels.position", "_guilds._channels._overwrites"),
    *("_guilds._members.nick", "_guilds._members._permissions", "_guilds._members.activities"),
    *("_guilds._members.client_status.web", "_guilds._members._user._public_flags", "_users.global_name"),
    *("_guilds.emojis.name", "_guilds.stickers.available", "_guilds._soundboard_sounds.volume"),
    *("_guilds._voice_states.session_id", "_guilds._voice_states.channel"),
    *("_guilds._threads.locked", "_guilds._threads.me", "_guilds._threads._applied_tags"),
    *("_guilds._stage_instances.topic", "_guilds._scheduled_events.location", "_guilds._scheduled_events.creator_id"),
)
