"""What recording costs beside plain discord.py: CPU per 10,000 events of three kinds, and memory at 1,000 guilds.

Usage: PYTHONPATH=tests python -m benchmarks.events [--pairs 5] …; --help lists the rest

Both sides run at once and get their events in turn, a thousand at a time, so that a drift of the machine hits both. CPU
is that of the process and of its children: compaction is one. The limits are 1.08 times for messages, 1.5 times for
member and channel updates, and 15 MB.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.sides import OURS, PLAIN, Figures, command_of, environ_of, in_turn, note, show, table
from uptime_drill.discord.dispatches import Dispatch
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

HERE = Path(__file__).parent
LIMITS = {"messages_cpu_s": 1.08, "member_updates_cpu_s": 1.5, "channel_updates_cpu_s": 1.5}
MOST_RSS_MB = 15.0
SETTLES_S = 8.0
"""After READY: on_ready, late imports and the freezing of the cache are over."""

PORTION = 1000


def messages(discord: StandIn, count: int) -> Iterator[Dispatch]:
    """Messages all over the guilds, which change nothing but last_message_id."""
    world, now_s = discord.house.world, time.time()
    for number in range(count):
        channel_id = world.nth_channel(number)
        assert channel_id is not None
        guild_id = channel_id >> 22 << 22
        author = world.user(world.member_ids(guild_id)[number % discord.options.members])
        written = world.write_message(channel_id, author, f"burst {number}", now_s)
        yield Dispatch("MESSAGE_CREATE", world.as_event(written), guild_id=guild_id)


def member_updates(discord: StandIn, count: int) -> Iterator[Dispatch]:
    """Members all over the guilds get a nickname."""
    world = discord.house.world
    guild_ids = list(world.guild_ids())
    for number in range(count):
        guild_id = guild_ids[number % len(guild_ids)]
        user_id = world.member_ids(guild_id)[number // len(guild_ids) % discord.options.members]
        member: dict[str, Any] = world.member(guild_id, user_id) or {}
        changed = {**member, "guild_id": str(guild_id), "nick": f"nick {number}"}
        yield Dispatch("GUILD_MEMBER_UPDATE", changed, guild_id=guild_id)


def channel_updates(discord: StandIn, count: int) -> Iterator[Dispatch]:
    """Channels all over the guilds get a topic."""
    world = discord.house.world
    guild_ids = list(world.guild_ids())
    for number in range(count):
        guild_id = guild_ids[number % len(guild_ids)]
        channel = world.channels(guild_id)[number // len(guild_ids) % discord.options.channels]
        yield Dispatch("CHANNEL_UPDATE", {**channel, "topic": f"topic {number}"}, guild_id=guild_id)


KINDS = {"messages": messages, "member_updates": member_updates, "channel_updates": channel_updates}


def cpu_s(process: psutil.Process) -> float:
    """User and system seconds so far, of the process and of all children it had and has."""
    times = process.cpu_times()
    own = times.user + times.system + times.children_user + times.children_system
    alive = 0.0
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            one = child.cpu_times()
            alive += one.user + one.system
    return float(own + alive)


async def childless(process: psutil.Process) -> None:
    """Wait for a child that is at work: its CPU belongs to what was before."""
    deadline = time.monotonic() + 30
    while process.children(recursive=True) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


class Side:
    """One side's process against a stand-in of its own."""

    def __init__(self, discord: StandIn, process: asyncio.subprocess.Process) -> None:
        self.discord = discord
        self.process = process
        self.watched = psutil.Process(process.pid)
        self.figures: dict[str, float] = {}

    async def take(self, dispatches: list[Dispatch]) -> None:
        """Have these events and one message handled."""
        for number, dispatch in enumerate(dispatches):
            self.discord.house.gateway.publish(dispatch)
            if number % 50 == 0:
                await asyncio.sleep(0)
        self.discord.message("last")
        assert self.process.stdout is not None
        await asyncio.wait_for(self.process.stdout.readline(), 120)


@contextlib.asynccontextmanager
async def running(side: str, options: argparse.Namespace) -> AsyncIterator[Side]:
    """A side that is ready and has settled."""
    world = Options(
        guilds=options.guilds, members=options.members, furnished=True,
        gateway=GatewayRules(identify_interval_s=0.01, replay_limit=100_000),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        async with StandIn.listening(world) as discord:
            since = discord.log.last_n
            process = await asyncio.create_subprocess_exec(
                *command_of(side, discord, HERE / "bot.py"),
                env=environ_of(Path(folder)), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            try:
                await discord.log.wait_for("guilds_sent", since=since, within_s=60)
                await asyncio.sleep(SETTLES_S)
                one = Side(discord, process)
                await childless(one.watched)
                one.figures["start_cpu_s"] = cpu_s(one.watched)
                one.figures["rss_mb"] = one.watched.memory_info().rss / 1e6
                yield one
            finally:
                process.kill()
                await process.wait()


async def alternate(sides: dict[str, Side], options: argparse.Namespace) -> None:
    """Both sides get the same events in small portions in turn, so that a drift of the machine hits both."""
    for name, kind in KINDS.items():
        prepared = {side: list(kind(one.discord, options.events)) for side, one in sides.items()}
        before = {side: cpu_s(one.watched) for side, one in sides.items()}
        for number, first in enumerate(range(0, options.events, PORTION)):
            for side in in_turn(number):
                await sides[side].take(prepared[side][first : first + PORTION])
        await asyncio.sleep(1)  # what is written a little later counts too
        for side, one in sides.items():
            await childless(one.watched)
            one.figures[f"{name}_cpu_s"] = (cpu_s(one.watched) - before[side]) * 10_000 / options.events
    for one in sides.values():
        if options.paced_s:
            before_s = cpu_s(one.watched)
            await one.discord.ticker.start(50, spread=1)
            await asyncio.sleep(options.paced_s)
            await one.discord.ticker.stop()
            one.figures["paced_cpu_s"] = cpu_s(one.watched) - before_s
        one.figures["rss_at_the_end_mb"] = one.watched.memory_info().rss / 1e6


async def compare(options: argparse.Namespace) -> list[tuple[Figures, Figures]]:
    """Measure pair by pair."""
    results: list[tuple[Figures, Figures]] = []
    for number in range(options.pairs):
        async with contextlib.AsyncExitStack() as stack:
            sides = {side: await stack.enter_async_context(running(side, options)) for side in in_turn(number)}
            await alternate(sides, options)
        pair = {side: one.figures for side, one in sides.items()}
        results.append((pair[PLAIN], pair[OURS]))
        note(f"pair {number}: {pair}")
    return results


def main() -> int:
    """Measure and print; 1 when a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--guilds", type=int, default=1000)
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--paced-s", type=float, default=0.0)
    rows = table(asyncio.run(compare(parser.parse_args())))
    show(rows)
    held = all(rows[name]["ratio"] <= limit for name, limit in LIMITS.items())
    return 0 if held and rows["rss_mb"]["difference"] <= MOST_RSS_MB else 1


if __name__ == "__main__":
    sys.exit(main())
