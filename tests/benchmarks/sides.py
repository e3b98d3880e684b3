"""What the benchmarks share: one script under discord.py alone and under `uptime-bot run`, and the table of both."""

import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.respawning import our_command, plain_command
from uptime_drill.discord.stand_in import StandIn

PLAIN, OURS = "plain", "ours"
Figures = Mapping[str, float]


def command_of(side: str, discord: StandIn, script: Path) -> list[str]:
    """The command line of one side."""
    return plain_command(discord, script) if side == PLAIN else our_command(discord, script)


def in_turn(number: int) -> tuple[str, str]:
    """Both sides; who goes first changes from pair to pair, since the machine drifts."""
    return (PLAIN, OURS) if number % 2 else (OURS, PLAIN)


def environ_of(folder: Path, **more: str) -> dict[str, str]:
    """The environment of both sides."""
    own = {"STATE_DIRECTORY": str(folder / "state"), "RUNTIME_DIRECTORY": str(folder / "run"), "PYTHONUNBUFFERED": "1"}
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return inherited | own | more


def table(pairs: Sequence[tuple[Figures, Figures]]) -> dict[str, dict[str, float]]:
    """The median of each side, and of the ratios and differences pair by pair; pairs are (plain, ours)."""
    rows = {}
    for name in pairs[0][1]:
        plain = [one.get(name, float("nan")) for one, _ in pairs]
        ours = [other[name] for _, other in pairs]
        rows[name] = {
            "plain": statistics.median(plain),
            "ours": statistics.median(ours),
            "ratio": statistics.median(b / a for a, b in zip(plain, ours, strict=True)),
            "difference": statistics.median(b - a for a, b in zip(plain, ours, strict=True)),
        }
    return rows


def show(rows: Mapping[str, Mapping[str, float]]) -> None:
    """Print the table."""
    for name, row in rows.items():
        print(f"{name:28}" + "".join(f"  {key} {value:9.3f}" for key, value in row.items()), flush=True)


def note(text: str) -> None:
    """Say how far it is."""
    print(text, file=sys.stderr, flush=True)
