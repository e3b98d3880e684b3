"""A gateway client that does exactly what it is told, to see what the far end makes of it."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
import zstandard

from uptime_drill.discord import DEMO_TOKEN, StandIn

Payload = dict[str, Any]
ALL_INTENTS = 53_608_447
WITHIN_S = 5.0


class RawGateway:
    """One socket; remembers the last sequence number and the session it was given."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, compress: str | None) -> None:
        self.ws = ws
        self.session_id = ""
        self.seq: int | None = None
        self._inflate = zlib.decompressobj() if compress == "zlib-stream" else None
        self._unzstd = zstandard.ZstdDecompressor().decompressobj() if compress == "zstd-stream" else None

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, discord: StandIn, *, compress: str | None = None, path: str = "", **query: str
    ) -> AsyncIterator[Self]:
        asked = {"v": "10", "encoding": "json", **query, **({"compress": compress} if compress else {})}
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(discord.gateway_url + path, params=asked, max_msg_size=0, autoclose=False) as ws,
        ):
            try:
                yield cls(ws, compress)
            finally:
                await ws.close(code=4000)  # aiohttp's own would be 1000, which ends the session

    async def next(self) -> Payload:
        """The next payload; ConnectionResetError when the socket ends instead."""
        message = await self.ws.receive(WITHIN_S)
        if message.type is aiohttp.WSMsgType.TEXT:
            text = message.data
        elif message.type is aiohttp.WSMsgType.BINARY:
            text = self._decompressed(message.data)
        else:
            raise ConnectionResetError(f"{message.type.name} {message.data}")
        payload: Payload = json.loads(text)
        self.seq = payload["s"] if payload["s"] is not None else self.seq
        if payload["t"] == "READY":
            self.session_id = payload["d"]["session_id"]
        return payload

    def _decompressed(self, data: bytes) -> str:
        if self._inflate is not None:
            assert data.endswith(b"\x00\x00\xff\xff")
            return self._inflate.decompress(data).decode()
        assert self._unzstd is not None
        return self._unzstd.decompress(data).decode()

    async def until(self, event: str) -> Payload:
        """Read on to the first dispatch of that name."""
        while True:
            payload = await self.next()
            if payload["t"] == event:
                return payload

    async def until_op(self, op: int) -> Payload:
        while True:
            payload = await self.next()
            if payload["op"] == op:
                return payload

    async def close_code(self) -> int | None:
        """Read on to the end of the socket; the server's close code, None where the connection was just lost."""
        while True:
            message = await self.ws.receive(WITHIN_S)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return int(message.data)
            if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                return None

    async def is_silent(self, for_s: float = 0.2) -> bool:
        try:
            await self.ws.receive(for_s)
        except TimeoutError:
            return True
        return False

    async def send(self, op: int, data: Any) -> None:
        await self.ws.send_json({"op": op, "d": data})

    async def identify(self, **changes: Any) -> None:
        asked = {"token": DEMO_TOKEN, "intents": ALL_INTENTS, "properties": {"os": "linux"}, **changes}
        await self.send(2, {key: value for key, value in asked.items() if value is not None})

    async def resume(self, session_id: str, seq: int | None, token: str = DEMO_TOKEN) -> None:
        await self.send(6, {"token": token, "session_id": session_id, "seq": seq})

    async def ready(self, *, guilds: int = 2, **changes: Any) -> Payload:
        """HELLO, IDENTIFY, READY and the guilds; the READY."""
        await self.until_op(10)
        await self.identify(**changes)
        ready = await self.until("READY")
        for _ in range(guilds):
            await self.until("GUILD_CREATE")
        return ready

    async def is_refused(self) -> bool:
        """Whether the next payload is an op 9 that says: start anew."""
        payload = await self.until_op(9)
        return payload["d"] is False


async def eventually(condition: Any, within_s: float = WITHIN_S) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)
