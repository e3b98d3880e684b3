"""A big bot's restart: when the first replayed event is handled, beside plain discord.py's on_ready.

Usage: PYTHONPATH=tests python -m benchmarks.refill [--pairs 5] …; --help lists the rest

Times are from the start of the process. The limit: our `first_event_s` is at most a third of plain's `ready_s`.
Messages arrive every 50 ms in one guild after the other.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.sides import OURS, PLAIN, Figures, command_of, in_turn, note, show, table
from harness.respawning import RECORDS_IDS, die, respawned
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

MOST = 1 / 3


async def measure(side: str, options: argparse.Namespace) -> Figures:
    """Start, let it settle, kill, and watch the next process."""
    shards = 4 if options.kind == "sharded" else 1
    world = Options(
        guilds=options.guilds, members=options.members, furnished=True,
        gateway=GatewayRules(identify_interval_s=0.01, max_concurrency=16),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        async with (
            StandIn.listening(world) as discord,
            respawned(
                command_of(side, discord, RECORDS_IDS), Path(folder), {"BOT_KIND": options.kind, "BOT_INTENTS": "all"}
            ) as bot,
        ):
            await bot.recorded("ready", within_s=90)
            await discord.ticker.start(50, spread=shards)
            await asyncio.sleep(options.settle_s)
            after = await bot.next_life(await die(discord, bot, "SIGKILL"))
            first = await bot.recorded("message", pid=after.pid, within_s=90)
            ready = await bot.recorded("ready", pid=after.pid, within_s=90)
            await discord.ticker.stop()
            await asyncio.sleep(1)
            watched = psutil.Process(after.pid)
            times = watched.cpu_times()
            return {
                "first_event_s": first.at_mono - after.spawned_mono,
                "ready_s": ready.at_mono - after.spawned_mono,
                "cpu_s": times.user + times.system,
                "rss_mb": watched.memory_info().rss / 1e6,
                "guilds": float(ready.detail),
            }


def main() -> int:
    """Measure and print; 1 when the first event takes more than a third of plain discord.py's on_ready."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--guilds", type=int, default=1000)
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--settle-s", type=float, default=5.0)
    parser.add_argument("--kind", choices=("client", "bot", "sharded"), default="client")
    options = parser.parse_args()
    results = []
    for number in range(options.pairs):
        pair = {side: asyncio.run(measure(side, options)) for side in in_turn(number)}
        note(f"pair {number}: {pair}")
        results.append((pair[PLAIN], pair[OURS]))
    rows = table(results)
    show(rows)
    share = rows["first_event_s"]["ours"] / rows["ready_s"]["plain"]
    print(f"first event of ours / on_ready of plain: {share:.2f} (at most {MOST:.2f})")
    return 0 if share <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
