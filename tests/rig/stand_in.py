"""The Discord stand-in as a process beside the machine, steered over its control API."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInProcess:
    """A running `uptime-drill discord` and where it listens."""

    process: subprocess.Popen[str]
    api_url: str
    gateway_url: str
    control_url: str
    log: Path

    @classmethod
    @contextmanager
    def started(cls, *, log: Path, options: Sequence[str] = ()) -> "Iterator[StandInProcess]":
        """Start it on free ports; ended when the block ends."""
        command = [sys.executable, "-c", "from uptime_drill.cli import main; raise SystemExit(main())", "discord",
                   "--port", "0", "--control-port", "0", "--log", str(log), *options]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            urls = json.loads(process.stdout.readline())
            yield cls(
                process=process, log=log, **{name: urls[name] for name in ("api_url", "gateway_url", "control_url")}
            )
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One call of the control API; the JSON it answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  # loopback, made here
            self.control_url.rstrip("/") + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text.strip() else None

    def fault(self, kind: str, **options: object) -> Any:
        """Switch a fault on."""
        return self.ask("POST", "/faults", {"kind": kind, **options})

    def clear_faults(self) -> None:
        """Switch every fault off."""
        self.ask("DELETE", "/faults")

    def state(self) -> Any:
        """Sessions, shards and counters."""
        return self.ask("GET", "/state")

    def events(self, event: str | None = None) -> list[dict[str, Any]]:
        """What it logged so far, oldest first."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [line for line in lines if event is None or line.get("event") == event]

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nothing is answered."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.process.pid, signal.SIGCONT)
