"""The law: a cache refilled from a record, compacted or not, is that of a client which saw the events live."""

import asyncio
import gc
import json
from collections.abc import Callable, Sequence
from typing import Any

import discord
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cache_picture import Picture, differences
from harness.gateway_events import Step, World, guild_id_of, scripts
from harness.recorded_client import LiveClient, refilled
from uptime_bot.continuity.compaction import compacted
from uptime_bot.continuity.frames import Frame

GUILDS = [guild_id_of(number) for number in range(4)]
IN_READY = GUILDS[:3]
EXAMPLES = settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
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
    flags = discord.MemberCacheFlags.none()
    intents = discord.Intents.all()
    intents.emojis_and_stickers = False
    return discord.Client(intents=intents, member_cache_flags=flags, chunk_guilds_at_startup=False, max_messages=None)


CLIENTS = {make.__name__.strip("_"): make for make in (_everything, _by_default, _members_without_voice, _nobody)}


@pytest.fixture(autouse=True, scope="module")
def _quick_collections() -> Any:
    """Keep all that the test run has made until now out of the collector's sight: it is called thousands of times."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def _compact(frames: Sequence[Frame]) -> list[Frame]:
    return list(compacted(frames, lambda frame: frame.payload))


def _assert_same(live: Picture, other: Picture) -> None:
    assert list(differences(live, other)) == []


def _ready_guilds(world: World, seed: int) -> Any:
    """The GUILD_CREATEs after READY: not of all guilds, one is late."""
    return [
        world.created(seed + guild_id, guild_id) for number, guild_id in enumerate(IN_READY) if (seed >> number) % 4
    ]


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
@EXAMPLES
@given(seed=st.integers(0, 2**20), script=scripts(), cuts=st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_compacted_twice_and_gone_on_with(
    make: Callable[[], discord.Client], seed: int, script: list[Step], cuts: tuple[int, int]
) -> None:
    """Users say something else in each event; frames are applied in their order."""
    asyncio.run(_law(make, seed, script, sorted(cuts)))


async def _law(make: Callable[[], discord.Client], seed: int, script: list[Step], cuts: list[int]) -> None:
    world = World(GUILDS, renamed_everywhere=False)
    live = LiveClient(make())
    live.ready(world.ready(seed, IN_READY))
    live.see(_ready_guilds(world, seed))
    frames: list[Frame] = []  # recorded, and compacted at the cuts
    seen = 0
    for place, step in enumerate(script):
        if place in cuts:
            frames, seen = _compact([*frames, *live.frames[0][seen:]]), len(live.frames[0])
        live.see(world.events(step))
    frames += live.frames[0][seen:]
    picture = live.picture()
    others = [make() for _ in range(3)]
    _assert_same(picture, refilled(others[0], live.frames[0]))
    _assert_same(picture, refilled(others[1], frames))
    _assert_same(picture, refilled(others[2], _compact(frames)))
    await asyncio.sleep(0)  # for the tasks that READY began, and that were cancelled
