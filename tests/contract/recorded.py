"""Runs the recorder under plain discord.py or under uptime-bot, each in a process of its own, and reads what it saw."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from uptime_drill.discord.options import DEMO_TOKEN
from uptime_drill.discord.stand_in import StandIn

HERE = Path(__file__).parent
RECORDER = str(HERE / "recorder.py")
AUTHOR = 4242


class Side(StrEnum):
    """Whose connection loops run."""

    PLAIN = "discord.py"
    OURS = "uptime-bot"


@dataclass(slots=True, kw_only=True)
class Recorded:
    """A running recorder, and what it has written so far."""

    side: Side
    discord: StandIn
    process: asyncio.subprocess.Process
    output: list[str] = field(default_factory=list)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """All it wrote, as JSON."""
        return [json.loads(line) for line in self.output if line.startswith('{"e')]

    @property
    def events(self) -> list[str]:
        """The events in order, with the shard where there is one: "ready", "shard_resumed 1"."""
        return [
            f"{entry['event']} {entry['shard']}" if "shard" in entry else str(entry["event"])
            for entry in self.entries
            if "event" in entry
        ]

    @property
    def end(self) -> dict[str, Any]:
        """How connect() ended."""
        return next((entry for entry in self.entries if "end" in entry), {})

    async def until(self, what: str, condition: Callable[[], bool], within_s: float = 20.0) -> None:
        """Wait for a condition on what it wrote."""
        deadline = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.side}: {what} not within {within_s} s:\n{''.join(self.output)[-6000:]}")
            await asyncio.sleep(0.02)

    async def sees(self, event: str, times: int = 1) -> None:
        """Wait for an event."""
        await self.until(f"{event} x{times}", lambda: self.events.count(event) >= times)

    async def told(self, command: str) -> None:
        """Send it a message and wait until it has it."""
        self.discord.direct_message(command, author_id=AUTHOR)
        await self.until(f"message {command!r}", lambda: {"event": "message", "content": command} in self.entries)

    async def ended(self) -> dict[str, Any]:
        """Wait until connect() has ended; how."""
        await self.until("the end of connect()", lambda: bool(self.end))
        return self.end

    async def ends(self, *, within_s: float) -> bool:
        """Whether the process ends within so long; waits no longer than that."""
        try:
            async with asyncio.timeout(within_s):
                await self.process.wait()
        except TimeoutError:
            return False
        return True

    async def exit_code(self) -> int:
        """Wait for the end of the process."""
        async with asyncio.timeout(15):
            return await self.process.wait()

    async def read(self) -> None:
        """Collect its output for ever."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.output.append(line.decode("utf-8", "replace"))


def _command(side: Side, discord: StandIn, more_settings: Mapping[str, object]) -> list[str]:
    if side is Side.PLAIN:
        return [str(HERE / "launch_plain.py"), discord.api_url, discord.gateway_url]
    settings: dict[str, object] = {
        "token.files": "[]",
        "discord.api_url": discord.api_url,
        "discord.gateway_url": discord.gateway_url,
        "reconnect.first_delay_s": "0.1",
    } | dict(more_settings)
    options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return ["-m", "uptime_bot.cli", "run", *options]


@asynccontextmanager
async def recording(
    side: Side,
    discord: StandIn,
    folder: Path,
    *,
    kind: str = "client",
    reconnect: bool = True,
    script: str = RECORDER,
    client: Mapping[str, object] | None = None,
    hook_s: float = 0.0,
    settings: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Recorded]:
    """Start the recorder; it is killed at the end if it still runs.

    `client` goes to its Client as keyword arguments, `hook_s` is what it waits before each IDENTIFY, `settings` are
    uptime-bot's.
    """
    command = [*_command(side, discord, settings or {}), script, kind, "yes" if reconnect else "no", DEMO_TOKEN]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "STATE_DIRECTORY": str(folder / "state"),
             "RUNTIME_DIRECTORY": str(folder / "run"), "PYTHONUNBUFFERED": "1",
             "RECORDER_CLIENT": json.dumps(dict(client or {})), "RECORDER_HOOK_S": str(hook_s), **(environ or {})},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    recorded = Recorded(side=side, discord=discord, process=process)
    reading = asyncio.create_task(recorded.read(), name="read the recorder's output")
    try:
        yield recorded
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading
