"""A supervisor of the tests' own: starts a command again the moment it ends, and remembers each life."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.records import Line, lines_of
from uptime_drill.discord.stand_in import StandIn

PLAIN = Path(__file__).parent.parent / "benchmarks" / "plain.py"
RECORDS_IDS = Path(__file__).parent.parent / "bots" / "records_ids.py"
HANGS_FOR_S = 1.0
"""How long a hang lasts before the test ends it, as a watchdog would."""
TAIL = 6000


@dataclass(slots=True, kw_only=True)
class Life:
    """One process, from its spawn to its end."""

    pid: int
    spawned_mono: float
    ended_mono: float | None = None
    code: int | None = None


@dataclass(slots=True, kw_only=True)
class Respawner:
    """A bot that is always started again, and what can be seen of it from outside."""

    command: Sequence[str]
    folder: Path
    environ: dict[str, str]
    lives: list[Life] = field(default_factory=list)
    may_spawn: asyncio.Event = field(default_factory=asyncio.Event)
    _process: asyncio.subprocess.Process | None = None
    _keeper: asyncio.Task[None] | None = None
    _stopping: bool = False

    @property
    def record_file(self) -> Path:
        """What the bot writes about the events it handles."""
        return self.folder / "handled.txt"

    @property
    def output(self) -> str:
        """Everything that all lives wrote to stdout and stderr."""
        return (self.folder / "output.txt").read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The process that runs or ran last."""
        return self.lives[-1].pid

    def lines(self, what: str | None = None, *, pid: int | None = None) -> list[Line]:
        """What the bot recorded so far, of one kind and of one process."""
        return [
            line
            for line in lines_of(self.record_file)
            if (what is None or line.what == what) and (pid is None or line.pid == pid)
        ]

    # lives

    async def keep(self) -> None:
        """Spawn, wait for the end, spawn again; while `may_spawn` is clear it stays down."""
        with (self.folder / "output.txt").open("ab", buffering=0) as output:
            while not self._stopping:
                await self.may_spawn.wait()
                spawned_mono = time.monotonic()
                self._process = await asyncio.create_subprocess_exec(
                    *self.command, cwd=self.folder, env=self.environ,
                    stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=asyncio.subprocess.STDOUT,
                )  # fmt: skip
                life = Life(pid=self._process.pid, spawned_mono=spawned_mono)
                self.lives.append(life)
                life.code = await self._process.wait()
                life.ended_mono = time.monotonic()

    async def signal(self, number: signal.Signals, *, within_s: float = 15.0) -> Life:
        """Send the running process a signal and wait for its end; SIGKILL in the end if it will not."""
        life, process = self.lives[-1], self._process
        assert process is not None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        await self.until(f"the end of {life.pid}", lambda: life.ended_mono is not None, within_s)
        return life

    async def next_life(self, after: Life, within_s: float = 10.0) -> Life:
        """The process that followed another one."""
        here = self.lives.index(after)
        await self.until("the next process", lambda: len(self.lives) > here + 1, within_s)
        return self.lives[here + 1]

    # waiting

    async def until(self, what: str, condition: Callable[[], bool], within_s: float = 20.0) -> None:
        """Wait for a condition; fails with the end of the output."""
        end = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {within_s} s; {self.lives[-3:]}\n{self.output[-TAIL:]}")
            await asyncio.sleep(0.01)

    async def recorded(self, what: str, *, pid: int | None = None, count: int = 1, within_s: float = 20.0) -> Line:
        """Wait until the bot recorded something `count` times; the last of these lines."""
        wanted = f"{count} x {what!r} of pid {pid}"
        await self.until(wanted, lambda: len(self.lines(what, pid=pid)) >= count, within_s)
        return self.lines(what, pid=pid)[count - 1]

    async def handled(self, message_id: int, *, within_s: float = 20.0) -> Line:
        """Wait until the bot handled a message."""
        ident = str(message_id)
        await self.until(f"message {ident}", lambda: any(one.ident == ident for one in self.lines("message")), within_s)
        return next(one for one in self.lines("message") if one.ident == ident)

    async def stop(self) -> None:
        """End for good."""
        self._stopping = True
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def our_command(discord: StandIn, script: Path, settings: Mapping[str, object] | None = None) -> list[str]:
    """`uptime-bot run` against a stand-in."""
    defaults = {"token.files": [], "discord.api_url": discord.api_url, "discord.gateway_url": discord.gateway_url}
    chosen = defaults | dict(settings or {})
    options = [word for key, value in chosen.items() for word in ("--set", f"{key}={value}")]
    return [sys.executable, "-m", "uptime_bot.cli", "run", *options, str(script)]


def plain_command(discord: StandIn, script: Path) -> list[str]:
    """The same bot under discord.py alone."""
    return [sys.executable, str(PLAIN), discord.api_url, discord.gateway_url, str(script)]


@asynccontextmanager
async def respawned(
    command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Respawner]:
    """Run a command again and again; it is killed for good at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    own = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "STATE_DIRECTORY": str(folder / "state"),
        "RUNTIME_DIRECTORY": str(folder / "run"),
        "RECORD_FILE": str(folder / "handled.txt"),
    }
    bot = Respawner(command=command, folder=folder, environ=own | dict(environ or {}))
    bot.may_spawn.set()
    bot._keeper = asyncio.create_task(bot.keep(), name="keep the bot alive")
    try:
        yield bot
    finally:
        await bot.stop()


@asynccontextmanager
async def a_bot(
    discord: StandIn,
    folder: Path,
    *,
    kind: str = "client",
    script: Path = RECORDS_IDS,
    settings: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Respawner]:
    """A bot under `uptime-bot run` that has been READY once. `kind`: client, bot, or sharded (4 shards)."""
    command = our_command(discord, script, settings)
    async with respawned(command, folder, {"BOT_KIND": kind, **(environ or {})}) as bot:
        await bot.recorded("ready", within_s=40)
        yield bot


async def die(discord: StandIn, bot: Respawner, how: str) -> Life:
    """Let the running process die in one of the ways that a bot dies; the life that ended."""
    match how:
        case "SIGKILL" | "SIGTERM" | "SIGABRT":
            return await bot.signal(signal.Signals[how])
        case "hang":
            await bot.handled(discord.message("block in a task"))
            await asyncio.sleep(HANGS_FOR_S)
            return await bot.signal(signal.SIGABRT)
        case _:
            life = bot.lives[-1]
            discord.message(how)
            await bot.until(how, lambda: life.ended_mono is not None)
            return life
