"""What IDENTIFY and RESUME have in common."""

from dataclasses import replace

from uptime_drill.discord.connection import Connection
from uptime_drill.discord.faults import FaultKind
from uptime_drill.discord.gateway import Gateway


def is_authorized(gateway: Gateway, connection: Connection, moment: str) -> bool:
    """Whether the token that the connection came with opens the gateway now; `moment` stands in for a path."""
    target = replace(gateway.target(connection), path=moment)
    refused = gateway.faults.claim(FaultKind.UNAUTHORIZED, target)
    return refused is None and gateway.token_is_good(connection.fingerprint or "")
