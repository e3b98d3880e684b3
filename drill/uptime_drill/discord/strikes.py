"""What the faults that act on an open socket do to it."""

from uptime_drill.discord.connection import Connection
from uptime_drill.discord.dispatches import encode
from uptime_drill.discord.faults import AT_ONCE, Fault, FaultKind, hits
from uptime_drill.discord.gateway import Gateway
from uptime_drill.discord.protocol import Op

_GARBAGE: dict[str, str | bytes] = {
    "json": '{"t":"MESSAGE_CREATE","s":',
    "compressed": b"\x78\x9c\xff\xff\x00garbage\x00\x00\xff\xff",
    "text": "\u2713 not a payload",
}
HEARTBEAT_REQUEST = encode({"t": None, "s": None, "op": int(Op.HEARTBEAT), "d": None})
RECONNECT = encode({"t": None, "s": None, "op": int(Op.RECONNECT), "d": None})


def invalid_session(*, resumable: bool) -> str:
    return encode({"t": None, "s": None, "op": int(Op.INVALID_SESSION), "d": resumable})


def strike_open(gateway: Gateway, fault: Fault) -> None:
    """What a fault that was just set does to the sockets that are open."""
    if fault.kind not in AT_ONCE or fault.on != "now":
        return
    for connection in tuple(gateway.connections.values()):
        if not fault.stands:
            strike(gateway, connection, fault)
        else:
            strike_if_claimed(gateway, connection, fault.kind)


def strike_new(gateway: Gateway, connection: Connection) -> None:
    """What the standing faults do to a socket that has just been greeted."""
    for kind in sorted(AT_ONCE):
        strike_if_claimed(gateway, connection, kind)


def strike_if_claimed(gateway: Gateway, connection: Connection, kind: FaultKind) -> None:
    target = gateway.target(connection)
    standing = gateway.faults.in_force(kind, target)
    if standing is None or standing.on != "now":
        return
    fault = gateway.faults.claim(kind, target)
    if fault is not None:
        strike(gateway, connection, fault)


def strike(gateway: Gateway, connection: Connection, fault: Fault) -> bool:
    """Apply one fault of AT_ONCE to one socket; False where it does not concern that socket."""
    if not hits(fault, gateway.target(connection)):
        return False
    match fault.kind:
        case FaultKind.CUT:
            connection.drop("fault: cut")
        case FaultKind.CLOSE:
            connection.close(fault.code, fault.reason)
        case FaultKind.GARBAGE:
            connection.send_raw(_GARBAGE[fault.form])
        case FaultKind.OP1:
            connection.send(HEARTBEAT_REQUEST)
        case FaultKind.OP7:
            connection.send(RECONNECT)
        case FaultKind.OP9:
            invalidate(gateway, connection, resumable=fault.resumable)
        case _:
            return False
    return True


def invalidate(gateway: Gateway, connection: Connection, *, resumable: bool) -> None:
    """Send op 9; with d=false the session is gone."""
    session = gateway.sessions.get(connection.session_id or "")
    if session is not None and not resumable:
        gateway.end_session(session, "op 9")
        connection.session_id = None
    gateway.log.write("invalid_session", conn=connection.id, resumable=resumable)
    connection.send(invalid_session(resumable=resumable))
