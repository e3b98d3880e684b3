"""The gateway's websocket endpoint."""

from aiohttp import web

from uptime_drill.discord.connection import Connection
from uptime_drill.discord.conversation import Conversation
from uptime_drill.discord.faults import FaultKind
from uptime_drill.discord.house import House
from uptime_drill.discord.protocol import GATEWAY_VERSIONS, CloseCode
from uptime_drill.discord.rest.door import pass_faults
from uptime_drill.discord.transports import PlainEncoder, TransportRefused, encoder_for

PATHS = ("/", "/gateway", "/resume")
_READ_LIMIT = 1 << 20  # far above the 4096 bytes a client may send, so that we answer 4002 ourselves


class Sockets:
    """Takes websocket handshakes and holds a conversation on each."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._gateway = house.gateway

    async def handle(self, request: web.Request) -> web.StreamResponse:
        early = await pass_faults(self._house, request, None)
        if early is not None:
            self._house.log.write("ws_refused", path=request.path, status=early.status)
            return early
        timeout_s = self._gateway.options.gateway.close_timeout_s
        ws = web.WebSocketResponse(
            autoclose=False,  # we log the client's code before we answer it
            compress=False,
            max_msg_size=_READ_LIMIT,
            timeout=timeout_s,
        )
        await ws.prepare(request)
        connection = Connection(
            self._gateway.next_connection_id(), ws, request, self._house.log, close_timeout_s=timeout_s
        )
        self._house.log.write("ws_open", conn=connection.id, path=request.path, query=dict(request.query))
        await self._converse(request, connection)
        return ws

    async def _converse(self, request: web.Request, connection: Connection) -> None:
        conversation = Conversation(self._gateway, connection)
        self._gateway.joined(connection)
        try:
            self._greet(request, connection, conversation)
            await connection.run(conversation.hear)
        finally:
            conversation.end()
            self._gateway.left(connection, connection.client_code)
            self._house.log.write(
                "ws_ended", conn=connection.id, client_code=connection.client_code, session=connection.session_id
            )

    def _greet(self, request: web.Request, connection: Connection, conversation: Conversation) -> None:
        version = request.query.get("v")
        if version is not None and version not in {str(v) for v in GATEWAY_VERSIONS}:
            connection.use(PlainEncoder())
            return connection.close(CloseCode.INVALID_API_VERSION)
        try:
            connection.use(encoder_for(request.query.get("encoding", "json"), request.query.get("compress")))
        except TransportRefused as refusal:
            self._house.log.write("refused_transport", conn=connection.id, why=str(refusal))
            return connection.close(CloseCode.DECODE_ERROR)
        return conversation.greet()

    def block(self) -> None:
        """Let a black hole swallow the open sockets, or give them back, as the faults in force say."""
        for connection in self._gateway.connections.values():
            fault = self._house.faults.in_force(FaultKind.BLACKHOLE)
            if fault is not None and not fault.keep_connections:
                connection.passable.clear()
            else:
                connection.passable.set()
