"""What uptime-bot costs beside plain discord.py: start, CPU per 10,000 events, memory. Both sides in one run, in turn.

Usage: python tests/benchmarks/overhead.py [--pairs 7] [--events 10000] [--paced-s 20] [--json]

Prints the median of each side and the median of the ratios pair by pair; the limits are those of README.md.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from uptime_drill.discord.options import Options
from uptime_drill.discord.stand_in import StandIn

HERE = Path(__file__).parent
LIMITS = {"start_s": 1.25, "burst_cpu_s": 1.05, "paced_cpu_s": 1.05}
MOST_RSS_MB = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One run of one side."""

    start_s: float
    """From the start of the process to READY, as the stand-in saw it."""

    start_cpu_s: float
    """CPU of the process at that time: what the wall clock says without the noise of the machine."""

    burst_cpu_s: float
    """CPU for 10,000 MESSAGE_CREATE in a burst."""

    paced_cpu_s: float
    """CPU for the paced seconds, at 20 events a second."""

    rss_mb: float


async def measure(
    discord: StandIn, command: list[str], environ: dict[str, str], events: int, paced_s: float
) -> Figures:
    """Run one side once."""
    since = discord.log.last_n
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        ready = await discord.log.wait_for("ready", since=since, within_s=30)
        start_s = ready["mono"] - started
        watched = psutil.Process(process.pid)
        start_cpu_s = cpu_s(watched)
        await asyncio.sleep(4)  # discord.py's on_ready and our late imports are over
        rss_mb = watched.memory_info().rss / 1e6
        before = cpu_s(watched)
        await discord.burst(events - 1)
        discord.message("last")
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), 120)
        burst_cpu_s = (cpu_s(watched) - before) * 10_000 / events
        before = cpu_s(watched)
        await discord.ticker.start(50)
        await asyncio.sleep(paced_s)
        await discord.ticker.stop()
        return Figures(
            start_s=start_s,
            start_cpu_s=start_cpu_s,
            burst_cpu_s=burst_cpu_s,
            paced_cpu_s=cpu_s(watched) - before,
            rss_mb=rss_mb,
        )
    finally:
        process.kill()
        await process.wait()


def cpu_s(process: psutil.Process) -> float:
    """User and system seconds so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def compare(pairs: int, events: int, paced_s: float) -> list[tuple[Figures, Figures]]:
    """Measure both sides in turn, the first pair for warmth alone."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        environ = dict(os.environ) | {"STATE_DIRECTORY": folder, "RUNTIME_DIRECTORY": folder, "PYTHONUNBUFFERED": "1"}
        for number in range(pairs + 1):
            async with StandIn.listening(Options(guilds=10, members=50)) as discord:
                plain = [sys.executable, str(HERE / "plain.py"), discord.api_url, discord.gateway_url]
                ours = [sys.executable, "-m", "uptime_bot.cli", "run"]
                for key, url in (("api_url", discord.api_url), ("gateway_url", discord.gateway_url)):
                    ours += ["--set", f"discord.{key}={url}"]
                script = str(HERE / "bot.py")
                sides = {"plain": plain, "ours": ours}
                # The machine drifts: who goes first changes from pair to pair.
                pair = {}
                for side in sorted(sides, reverse=bool(number % 2)):
                    pair[side] = await measure(discord, [*sides[side], script], environ, events, paced_s)
                    await asyncio.sleep(5)  # one IDENTIFY every 5 s
            if number:
                results.append((pair["plain"], pair["ours"]))
            print(f"pair {number} of {pairs}: {pair}", file=sys.stderr, flush=True)
    return results


def summary(results: list[tuple[Figures, Figures]]) -> dict[str, dict[str, float]]:
    """Medians of both sides and of the ratios."""
    rows = {}
    for name in ("start_s", "start_cpu_s", "burst_cpu_s", "paced_cpu_s", "rss_mb"):
        plain = [asdict(one)[name] for one, _ in results]
        ours = [asdict(other)[name] for _, other in results]
        rows[name] = {
            "plain": statistics.median(plain),
            "ours": statistics.median(ours),
            "ratio": statistics.median(b / a for a, b in zip(plain, ours, strict=True)),
            "difference": statistics.median(b - a for a, b in zip(plain, ours, strict=True)),
        }
    return rows


def main() -> int:
    """Measure and print; 1 when a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--paced-s", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = summary(asyncio.run(compare(options.pairs, options.events, options.paced_s)))
    if options.json:
        print(json.dumps(rows))
    else:
        for name, row in rows.items():
            print(f"{name:12}" + "".join(f"  {key} {value:8.3f}" for key, value in row.items()))
    held = all(rows[name]["ratio"] <= limit for name, limit in LIMITS.items())
    return 0 if held and rows["rss_mb"]["difference"] <= MOST_RSS_MB else 1


if __name__ == "__main__":
    sys.exit(main())
