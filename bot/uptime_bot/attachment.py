"""Puts the heartbeat, the side thread and the adapter together, once discord.py may be imported."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import discord

from uptime_bot.contract.settings import Settings
from uptime_bot.discordpy.attach import attach
from uptime_bot.discordpy.continuing import Continuity
from uptime_bot.discordpy.links import Links
from uptime_bot.discordpy.surroundings import Surroundings
from uptime_bot.service.bridging import Bridge
from uptime_bot.service.control_socket import serve_control_socket
from uptime_bot.service.exits import ExitNote
from uptime_bot.service.heartbeat import Heartbeat
from uptime_bot.service.notify import Notifier
from uptime_bot.service.pulse import Pulse
from uptime_bot.service.restart_pace import CrashRecord
from uptime_bot.service.side_thread import SideThread
from uptime_bot.service.stall_recorder import record_stalls
from uptime_bot.service.telling import StatusBoard, Teller
from uptime_bot.service.token_purse import TokenPurse
from uptime_bot.waiting.board import WaitBoard
from uptime_bot.waiting.reachability import Reachability
from uptime_bot.waiting.spending import Spending

SIDE_THREAD_END_S = 1.0

RECORD_END_S = 0.3
"""For what is still to be written; on a disk that is slower, the next process replays a little more."""

SOONEST_CONTROL_S = 3.0
"""The control socket comes up at READY, or after this long where that takes its time."""


class Attachment(NamedTuple):
    """What runs beside the user's bot."""

    board: StatusBoard
    heartbeat: Heartbeat
    side: SideThread
    continuity: Continuity

    def stopping(self) -> None:
        """The process was asked to stop."""
        self.heartbeat.stopping = True
        self.continuity.stop()

    def keep_sessions(self) -> None:
        """The process ends: leave the gateway sessions to the next one."""
        self.continuity.close(RECORD_END_S)

    def write_sessions_down(self) -> None:
        """The process is about to be ended in the middle of something."""
        self.continuity.flush(RECORD_END_S)

    def end(self) -> None:
        """End the side thread."""
        self.side.stop(SIDE_THREAD_END_S)


def attach_to_discordpy(
    *,
    settings: Callable[[], Settings],
    target: str,
    notifier: Notifier,
    watchdog_s: float | None,
    crashes: CrashRecord,
    exits: ExitNote,
    pulse: Pulse,
    purse: TokenPurse,
) -> Attachment:
    """Attach to discord.py's classes and start the side thread."""
    first = settings()
    links, waits = Links(), WaitBoard()
    reachability = Reachability(api_url=first.discord.api_url, timeout_s=lambda: settings().health.rest_timeout_s)
    continuity = Continuity(first.paths.state_dir, first.paths.runtime_dir, lambda: settings().session)
    board = StatusBoard(
        target=target,
        discordpy_version=discord.__version__,
        token=lambda: None if purse.current is None else purse.current.fingerprint,
        session=continuity.status,
    )
    teller = Teller(notifier=notifier, watchdog_s=watchdog_s, settings=settings, crashes=crashes, status=board)
    heartbeat = Heartbeat(
        settings=settings, links=links, waits=waits, reachability=reachability, teller=teller, pulse=pulse
    )

    def on_login(loop: asyncio.AbstractEventLoop) -> None:
        pulse.settle()
        heartbeat.start_in(loop)

    attach(
        links,
        Surroundings(
            settings=settings,
            exits=exits,
            purse=purse,
            reachability=reachability,
            waits=waits,
            continuity=continuity,
            on_login=on_login,
            on_change=heartbeat.nudge,
            spending=Spending(first.paths.state_dir, limit=first.budget.invalid_requests),
        ),
    )
    bridge = Bridge(
        notifier=notifier,
        pulse=pulse,
        target=target,
        is_ready=lambda: board.latest is not None and board.latest.ready_at is not None,
        is_stopping=lambda: exits.stop_asked,
        longest_s=lambda: settings().health.start_deadline_s,
        watchdog_s=watchdog_s,
        replays=lambda: continuity.resumed,
        on_told=teller.told_otherwise,
    )
    side = _start_side_thread(settings, board, pulse, bridge)
    return Attachment(board=board, heartbeat=heartbeat, side=side, continuity=continuity)


def _start_side_thread(
    settings: Callable[[], Settings], board: StatusBoard, pulse: Pulse, bridge: Bridge
) -> SideThread:
    limits = lambda: settings().health  # noqa: E731

    async def stalls() -> None:
        await record_stalls(pulse, limits)

    async def control() -> None:
        # aiohttp.web is imported only then, so that it does not compete with the bot's own start.
        await board.ready_within(SOONEST_CONTROL_S)
        await serve_control_socket(settings().paths.runtime_dir, board, pulse, limits)

    side = SideThread((("stall recorder", stalls), ("bridge", bridge.keep), ("control socket", control)))
    side.start()
    return side
