"""One gateway socket: frames out in order, texts in, and how it ended."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from uptime_drill.discord.logbook import Logbook
from uptime_drill.discord.protocol import close_reason
from uptime_drill.discord.transports import Encoder

# A client that reads nothing for this many frames is cut off, as a server with finite memory must.
BACKLOG_LIMIT = 200_000
_FRAMES_BEFORE_A_BREATH = 64


@dataclass(frozen=True, slots=True)
class _Raw:
    data: str | bytes


@dataclass(frozen=True, slots=True)
class _Close:
    code: int
    reason: str


class Connection:
    """Frames are queued and written by one task, so that a client that does not read holds up nobody else."""

    def __init__(
        self,
        number: int,
        ws: web.WebSocketResponse,
        request: web.Request,
        log: Logbook,
        *,
        close_timeout_s: float,
    ) -> None:
        self.id = number
        self.fingerprint: str | None = None
        self.shard: tuple[int, int] | None = None
        self.session_id: str | None = None
        self.passable = asyncio.Event()  # cleared by a black hole: nothing goes in or out
        self.passable.set()
        self.closing = False
        self._ws = ws
        self._request = request
        self._log = log
        self._encoder: Encoder | None = None
        self._close_timeout_s = close_timeout_s
        self._give_up: asyncio.TimerHandle | None = None
        self._queue: deque[str | _Raw | _Close] = deque()
        self._wake = asyncio.Event()
        self.client_code: int | None = None  # of the client's close frame; None where there was none

    def use(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def send(self, frame: str) -> None:
        """Queue one gateway payload."""
        self._put(frame)

    def send_raw(self, data: str | bytes) -> None:
        """Queue something that bypasses the encoder: garbage."""
        self._put(_Raw(data))

    def close(self, code: int, reason: str | None = None) -> None:
        """Queue a close frame after what is queued; nothing follows it."""
        if self.closing:
            return
        said = close_reason(code) if reason is None else reason
        self._log.write("server_close", conn=self.id, code=code, reason=said, session=self.session_id)
        self._put(_Close(code, said))
        self.closing = True
        # A client that reads nothing lets no close frame through either.
        self._give_up = asyncio.get_running_loop().call_later(self._close_timeout_s, self.drop, "close unanswered")

    def drop(self, why: str) -> None:
        """End the TCP connection at once, without a close frame."""
        self.closing = True
        self._log.write("tcp_drop", conn=self.id, by="server", why=why, session=self.session_id)
        if self._request.transport is not None:
            self._request.transport.abort()

    def _put(self, item: str | _Raw | _Close) -> None:
        if self.closing:
            return
        self._queue.append(item)
        self._wake.set()
        if len(self._queue) > BACKLOG_LIMIT:
            self._queue.clear()
            self.drop("the client does not read")

    async def run(self, on_text: Callable[[str | bytes], Awaitable[None]]) -> None:
        """Serve until the socket is gone."""
        writer = asyncio.create_task(self._write(), name=f"gateway-writer-{self.id}")
        try:
            await self._read(on_text)
            if self._give_up is not None:
                # Our close frame is under way: leaving now would reset the connection and could lose it.
                await asyncio.wait({writer}, timeout=self._close_timeout_s)
        finally:
            if self._give_up is not None:
                self._give_up.cancel()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _read(self, on_text: Callable[[str | bytes], Awaitable[None]]) -> None:
        while True:
            message = await self._ws.receive()
            await self.passable.wait()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                if not self.closing:
                    await on_text(message.data)
                continue
            if message.type is WSMsgType.CLOSE:
                await self._goodbye(message.data, message.extra or "")
            elif not self.closing:
                self._log.write("tcp_drop", conn=self.id, by="client", session=self.session_id)
            return

    async def _goodbye(self, code: int, reason: str) -> None:
        self.client_code = code
        self._log.write("client_close", conn=self.id, code=code, reason=reason, session=self.session_id)
        self.closing = True
        with contextlib.suppress(ConnectionError, TimeoutError):
            await self._ws.close(code=code)

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                if await self._flush_to_close():
                    return
        except ConnectionError:
            return  # the reader sees the same end and reports it

    async def _flush_to_close(self) -> bool:
        """Write what is queued; True once a close frame was among it and the client answered or took too long."""
        written = 0
        while self._queue:
            await self.passable.wait()
            item = self._queue.popleft()
            if isinstance(item, _Close):
                await self._ws.close(code=item.code, message=item.reason.encode())
                return True
            await self._transmit(item)
            written += 1
            if written % _FRAMES_BEFORE_A_BREATH == 0:
                await asyncio.sleep(0)
        return False

    async def _transmit(self, item: str | _Raw) -> None:
        encode = self._encoder.encode if self._encoder else str
        data = item.data if isinstance(item, _Raw) else encode(item)
        if isinstance(data, bytes):
            await self._ws.send_bytes(data)
        else:
            await self._ws.send_str(data)
