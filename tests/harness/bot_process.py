"""A bot under `uptime-bot run` in a process of its own, as systemd would start it but for systemd."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.notify_socket import NotifySocket
from uptime_drill.discord.stand_in import StandIn

BOTS = Path(__file__).parent.parent / "bots"


@dataclass(slots=True, kw_only=True)
class BotProcess:
    """A running bot, and what can be seen of it from outside."""

    process: asyncio.subprocess.Process
    notify: NotifySocket
    state_dir: Path
    runtime_dir: Path
    started_mono: float
    _output: list[str] = field(default_factory=list)
    _reading: asyncio.Task[None] | None = None

    @property
    def output(self) -> str:
        """Everything it wrote to stdout and stderr."""
        return "".join(self._output)

    async def read(self) -> None:
        """Collect its output for ever."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self._output.append(line.decode("utf-8", "replace"))

    async def ready(self, within_s: float = 20.0) -> None:
        """Wait for READY=1."""
        await self.until("READY=1", lambda: "1" in self.notify.values("READY"), within_s)

    async def until(self, what: str, condition: Callable[[], bool], within_s: float = 15.0) -> None:
        """Wait for a condition; fails early when the process is gone."""
        end = time.monotonic() + within_s
        while not condition():
            gone = self.process.returncode
            if gone is not None or time.monotonic() > end:
                await asyncio.sleep(0.1)  # what it wrote last is still on its way
                if condition():
                    return
                why = f"it ended with {gone}" if gone is not None else f"not within {within_s} s"
                raise AssertionError(f"{what}: {why}; status {self.notify.status!r}; output:\n{self.output[-6000:]}")
            await asyncio.sleep(0.02)

    async def says(self, text: str, within_s: float = 15.0) -> None:
        """Wait until it has written a text."""
        await self.until(f"output {text!r}", lambda: text in self.output, within_s)

    async def exit_code(self, within_s: float = 15.0) -> int:
        """Wait for its end."""
        try:
            async with asyncio.timeout(within_s):
                code = await self.process.wait()
                assert self._reading is not None
                await self._reading
        except TimeoutError:
            why = f"still running; status {self.notify.status!r}; output:\n{self.output[-6000:]}"
            raise AssertionError(why) from None
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)


@asynccontextmanager
async def running_bot(
    discord: StandIn | None,
    folder: Path,
    *target: str,
    settings: Mapping[str, object] | None = None,
    environ: dict[str, str] | None = None,
    watchdog_s: float | None = 20.0,
    supervised: bool = False,
) -> AsyncIterator[BotProcess]:
    """Start `uptime-bot run` against a stand-in; it is killed at the end if it still runs."""
    folder.mkdir(parents=True, exist_ok=True)
    defaults: dict[str, object] = {"token.files": []}
    if discord is not None:
        defaults |= {"discord.api_url": discord.api_url, "discord.gateway_url": discord.gateway_url}
    chosen = defaults | dict(settings or {})
    options = [word for key, value in chosen.items() for word in ("--set", f"{key}={value}")]
    async with NotifySocket(folder) as notify:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
            "NOTIFY_SOCKET": str(notify.path),
            "STATE_DIRECTORY": str(folder / "state"),
            "RUNTIME_DIRECTORY": str(folder / "run"),
        } | (environ or {})
        if watchdog_s is not None:
            environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
        started_mono = time.monotonic()
        # A shell says what systemd would: that this very process is the unit's main one.
        command = 'SYSTEMD_EXEC_PID=$$ exec "$@"' if supervised else 'exec "$@"'
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", command, "sh", sys.executable, "-m", "uptime_bot.cli", "run", *options, *target,
            cwd=folder, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        bot = BotProcess(
            process=process,
            notify=notify,
            state_dir=folder / "state",
            runtime_dir=folder / "run",
            started_mono=started_mono,
        )
        reading = bot._reading = asyncio.create_task(bot.read(), name="read the bot's output")
        try:
            yield bot
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading
