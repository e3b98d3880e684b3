"""The stand-in as a program or a unit: from its announcement to SIGTERM."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys

from uptime_drill.discord.options import Options
from uptime_drill.discord.stand_in import StandIn


async def serve(options: Options) -> None:
    """Listen, say where in one line of JSON on stdout and READY=1 to systemd, and serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with StandIn.listening(options) as discord:
        urls = {"api_url": discord.api_url, "gateway_url": discord.gateway_url, "control_url": discord.control_url}
        sys.stdout.write(json.dumps(urls) + "\n")
        sys.stdout.flush()
        notify(f"READY=1\nSTATUS=Discord stand-in: {discord.api_url}, control {discord.control_url}")
        await stop.wait()
        notify("STOPPING=1")


def notify(state: str) -> None:
    """Send a line to systemd's notify socket; does nothing outside a unit. The protocol is one datagram."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    notifier = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    with notifier, contextlib.suppress(OSError):  # nobody who listens is no reason to stop
        notifier.sendto(state.encode(), address)
