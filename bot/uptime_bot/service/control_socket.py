"""The control socket: /livez, /readyz and /status over HTTP on a Unix socket in the runtime directory.

It is served from the side thread, so it answers, truthfully, while the user's event loop is stuck.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uptime_bot.contract.health import Health
from uptime_bot.contract.settings import HealthSettings
from uptime_bot.service.pulse import Pulse
from uptime_bot.service.telling import StatusBoard

if TYPE_CHECKING:
    from uptime_bot.contract.status import Status

_log = logging.getLogger(__name__)

SOCKET_NAME = "control.sock"

LONGEST_SOCKET_PATH = 107
"""Bytes, of sockaddr_un."""


async def serve_control_socket(
    runtime_dir: Path, board: StatusBoard, pulse: Pulse, limits: Callable[[], HealthSettings]
) -> None:
    """Serve until cancelled; the socket is mode 0600: who may talk to it owns the bot."""
    from aiohttp import web  # late: it adds to the start of the process, and the bot's own start comes first

    app = web.Application()
    app.router.add_get("/livez", lambda _: _livez(web, pulse, limits()))
    app.router.add_get("/readyz", lambda _: _readyz(web, _now(board, pulse, limits())))
    app.router.add_get("/status", lambda _: _status(web, _now(board, pulse, limits())))
    path = runtime_dir / SOCKET_NAME
    if len(str(path).encode()) > LONGEST_SOCKET_PATH:
        _log.warning("the control socket is off: %s is longer than a socket's path can be", path)
        return
    with suppress(FileNotFoundError):
        path.unlink()  # left by a process that was killed; the instance lock says that no other one serves it
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(path)).start()
        path.chmod(0o600)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
        with suppress(FileNotFoundError):
            path.unlink()


def _now(board: StatusBoard, pulse: Pulse, limits: HealthSettings) -> "Status | None":
    latest = board.latest
    if latest is None:
        return None
    if not pulse.runs:
        reason = "no event loop runs"
        return dataclasses.replace(latest, health=Health.STARTING, reason=reason, words=f"offline: {reason}")
    if pulse.overdue_s < limits.stall_after_s:
        return latest
    reason = f"the event loop has been stuck for {pulse.overdue_s:.1f} s"
    return dataclasses.replace(latest, health=Health.STALLED, reason=reason, words=f"stalled: {reason}")


async def _livez(web: Any, pulse: Pulse, limits: HealthSettings) -> Any:
    late_s = pulse.overdue_s
    if late_s < limits.stall_after_s:
        return web.Response(text="ok\n")
    return web.Response(status=503, text=f"the event loop has been stuck for {late_s:.1f} s\n")


async def _readyz(web: Any, status: "Status | None") -> Any:
    if status is not None and status.health.serves and any(shard.state == "ready" for shard in status.shards):
        return web.Response(text="ok\n")
    return web.Response(status=503, text=(status.words if status else "starting: no client has logged in yet") + "\n")


async def _status(web: Any, status: "Status | None") -> Any:
    if status is None:
        return web.json_response({"health": Health.STARTING, "reason": "no client has logged in yet"}, status=503)
    import psutil  # late: only who asks pays for it

    answer = dataclasses.asdict(status) | {"memory_rss_bytes": psutil.Process().memory_info().rss}
    return web.json_response(answer)
