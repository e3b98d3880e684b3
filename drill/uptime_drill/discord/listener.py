"""A port that can be closed and opened again without losing its number."""

import asyncio
import socket

from aiohttp import web


class Listener:
    """Serves an aiohttp application. While closed, the port stays reserved and refuses connections."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        self._host = host
        self._wanted_port = port
        self._server: asyncio.Server | None = None
        self._reserve: socket.socket | None = None

    @property
    def port(self) -> int:
        """The port in use; OSError before `start`."""
        if self._reserve is None:
            raise OSError("not started")
        return int(self._reserve.getsockname()[1])

    async def start(self) -> None:
        await self._runner.setup()
        # A bound socket that never listens: without it a client that retries a closed port of the ephemeral range may
        # end up connected to itself, or another program may take the port.
        self._reserve = self._bind(self._wanted_port)
        await self.open()

    def _bind(self, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((self._host, port))
        return bound

    @property
    def is_open(self) -> bool:
        return self._server is not None

    async def open(self) -> None:
        if self._server is None:
            factory = self._runner.server
            if factory is None:
                raise OSError("not started")
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(factory, sock=self._bind(self.port), backlog=512)

    def refuse(self) -> None:
        """Close the listening socket; connections that stand are left alone."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def abort_connections(self) -> int:
        """End every TCP connection at once; how many there were."""
        handlers = self._runner.server.connections if self._runner.server else []
        transports = [handler.transport for handler in handlers if handler.transport is not None]
        for transport in transports:
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        return len(transports)

    async def stop(self) -> None:
        self.refuse()
        self.abort_connections()
        await self._runner.cleanup()
        if self._reserve is not None:
            self._reserve.close()
            self._reserve = None
