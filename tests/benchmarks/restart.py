"""How long nobody is there after a SIGKILL, beside plain discord.py under the same supervisor.

Usage: PYTHONPATH=tests python -m benchmarks.restart [--pairs 5] …; --help lists the rest

Without --systemd a loop of our own starts the next process at once. With it, a throwaway machine's systemd does: after
the RestartSec of our unit, and after systemd's default of 100 ms for plain. A message goes to each shard every 50 ms;
the outage is from the last message that one process handled to the first that the next one did.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from benchmarks.sides import OURS, PLAIN, Figures, command_of, in_turn, note, show, table
from harness.records import lines_of, outages_s
from harness.respawning import RECORDS_IDS, Respawner, die, respawned
from rig.machine import Machine
from rig.releases import RELEASES
from rig.stand_in import StandInProcess
from uptime_drill.discord.options import GatewayRules, Options
from uptime_drill.discord.stand_in import StandIn

RUNS_FOR_S = 1.5
BACK_WITHIN_S = 60.0
PLAIN_UNIT = "plain-bot.service"
TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"
TESTS = Path(__file__).parents[1]


@asynccontextmanager
async def running(side: str, options: argparse.Namespace, folder: Path) -> AsyncIterator[tuple[StandIn, Respawner]]:
    """One side with a stand-in of its own, online and receiving."""
    shards = 4 if options.kind == "sharded" else 1
    world = Options(
        guilds=options.guilds, members=options.members, furnished=True,
        gateway=GatewayRules(identify_interval_s=0.01, max_concurrency=16),
    )  # fmt: skip
    environ = {"BOT_KIND": options.kind, "BOT_INTENTS": "all"}
    async with (
        StandIn.listening(world) as discord,
        respawned(command_of(side, discord, RECORDS_IDS), folder, environ) as bot,
    ):
        await bot.recorded("ready", within_s=60)
        await discord.ticker.start(50, spread=shards)
        yield discord, bot


async def one_kill(discord: StandIn, bot: Respawner) -> Figures:
    """Kill it once; how long nobody was there, and what CPU the next process took until its first message."""
    identifies = discord.count("identify")
    after = await bot.next_life(await die(discord, bot, "SIGKILL"))
    first = await bot.recorded("message", pid=after.pid, within_s=BACK_WITHIN_S)
    times = psutil.Process(after.pid).cpu_times()
    last = next(line for line in reversed(bot.lines("message")) if line.pid != after.pid)
    return {
        "outage_s": first.at_mono - last.at_mono,
        "start_to_first_s": first.at_mono - after.spawned_mono,
        "cpu_to_first_s": times.user + times.system,
        "identifies": float(discord.count("identify") - identifies),
    }


async def side_by_side(options: argparse.Namespace) -> list[tuple[Figures, Figures]]:
    """Both sides respawned at once by a loop of our own, killed in turn."""
    results = []
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        async with running(PLAIN, options, Path(one)) as plain, running(OURS, options, Path(other)) as ours:
            sides = {PLAIN: plain, OURS: ours}
            for number in range(options.pairs * options.kills):
                pair = {}
                for side in in_turn(number):
                    await asyncio.sleep(RUNS_FOR_S)
                    pair[side] = await one_kill(*sides[side])
                results.append((pair[PLAIN], pair[OURS]))
                note(f"kill {number}: {pair}")
    return results


PLAIN_SERVICE = """
[Unit]
StartLimitIntervalSec=0
[Service]
User=uptime-bot
WorkingDirectory=/srv/uptime-bot
Environment=PYTHONUNBUFFERED=1 RECORD_FILE=/srv/uptime-bot/plain.txt BOT_KIND={kind} BOT_INTENTS=all
ExecStart=/opt/uptime-bot/venv/bin/python plain.py {api_url} {gateway_url} records_ids.py
Restart=always
RestartSec=100ms
"""
OUR_DROP_IN = """
[Service]
Environment=UPTIME_BOT_BOT_TARGET=/srv/uptime-bot/records_ids.py RECORD_FILE=/srv/uptime-bot/ours.txt
Environment=BOT_KIND={kind} BOT_INTENTS=all
Environment=UPTIME_BOT_RESTART_FIRST_DELAY_S=0.1 UPTIME_BOT_RESTART_MAX_DELAY_S=0.1
"""


@contextmanager
def installed(release: str) -> Iterator[Machine]:
    """A machine with uptime-bot and both bots."""
    machine = Machine.boot(f"{release}-benchmark", root=RELEASES[release].root())
    try:
        machine.put(TESTS.parent, "/usr/local/src/uptime-bot")
        machine.install("--no-start")
        machine.put(TESTS / "bots", "/srv/uptime-bot")
        machine.put(TESTS / "benchmarks", "/srv/uptime-bot")
        machine.run("chown", "-R", "uptime-bot:", "/srv/uptime-bot")
        yield machine
    finally:
        machine.down()


def measure_under_systemd(machine: Machine, side: str, options: argparse.Namespace, folder: Path) -> Figures:
    """One side as a unit."""
    shards = 4 if options.kind == "sharded" else 1
    words = ["--identify-interval-s", "0.01", "--max-concurrency", "16", "--furnished"]
    words += ["--guilds", str(options.guilds), "--members", str(options.members)]
    machine.forget_bot()
    machine.run("rm", "-f", "/srv/uptime-bot/ours.txt", "/srv/uptime-bot/plain.txt")
    machine.put(TESTS / "bots", "/srv/uptime-bot")
    machine.put(TESTS / "benchmarks", "/srv/uptime-bot")
    machine.run("chown", "-R", "uptime-bot:", "/srv/uptime-bot")
    with StandInProcess.started(log=folder / f"{time.monotonic_ns()}.jsonl", options=words) as discord:
        unit = _prepare(machine, side, options.kind, discord)
        record = machine.root / "srv/uptime-bot" / f"{side}.txt"
        machine.systemctl("start", unit)
        machine.wait_until(lambda: any(line.what == "ready" for line in lines_of(record)), deadline_s=60)
        discord.ask("POST", "/tick", {"interval_ms": 50, "spread": shards})
        for kill in range(options.kills + 1):
            _until_it_handles(machine, unit, record)
            time.sleep(RUNS_FOR_S)
            if kill < options.kills:
                machine.systemctl("kill", "--signal=KILL", "--kill-who=main", unit)
        machine.systemctl("stop", unit)
        gaps = outages_s([line for line in lines_of(record) if line.what == "message"])
        identifies = len(discord.events("identify")) - shards
    return {
        "outage_s": statistics.median(gaps),
        "worst_outage_s": max(gaps),
        "identifies_per_kill": identifies / options.kills,
    }


def _until_it_handles(machine: Machine, unit: str, record: Path) -> None:
    """Wait until the unit's main process of now has handled a message."""

    def handles() -> bool:
        last = lines_of(record)[-1]
        return last.what == "message" and str(last.pid) == machine.show(unit)["MainPID"]

    machine.wait_until(handles, deadline_s=BACK_WITHIN_S, what="a message")


def _prepare(machine: Machine, side: str, kind: str, discord: StandInProcess) -> str:
    if side == OURS:
        machine.use_discord(api_url=discord.api_url, gateway_url=discord.gateway_url, token=TOKEN)
        machine.drop_in(OUR_DROP_IN.format(kind=kind))
        return "uptime-bot.service"
    unit = PLAIN_SERVICE.format(kind=kind, api_url=discord.api_url, gateway_url=discord.gateway_url)
    machine.write_file(f"/etc/systemd/system/{PLAIN_UNIT}", unit)
    machine.systemctl("daemon-reload")
    return PLAIN_UNIT


def compare(options: argparse.Namespace) -> list[tuple[Figures, Figures]]:
    """Measure both sides in turn."""
    if options.systemd:
        with installed(options.systemd) as machine, tempfile.TemporaryDirectory() as folder:
            return _pairs(options, lambda side: measure_under_systemd(machine, side, options, Path(folder)))
    return asyncio.run(side_by_side(options))


def _pairs(options: argparse.Namespace, measured: Callable[[str], Figures]) -> list[tuple[Figures, Figures]]:
    results = []
    for number in range(options.pairs):
        pair = {side: measured(side) for side in in_turn(number)}
        note(f"pair {number}: {pair}")
        results.append((pair[PLAIN], pair[OURS]))
    return results


def main() -> int:
    """Measure and print; 1 when our median outage is longer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--guilds", type=int, default=10)
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--kind", choices=("client", "bot", "sharded"), default="client")
    parser.add_argument("--systemd", default="", metavar="VERSION")
    rows = table(compare(parser.parse_args()))
    show(rows)
    return 0 if rows["outage_s"]["difference"] <= 0 else 1


if __name__ == "__main__":
    sys.exit(main())
