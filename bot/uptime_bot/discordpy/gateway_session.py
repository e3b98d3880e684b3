"""What a RESUME needs, and when there is nothing to resume."""

from typing import NamedTuple

import yarl
from discord.gateway import DiscordWebSocket

from uptime_bot.discordpy.shard_link import ShardLink

NEW_SESSION_CODES = frozenset({4007, 4009})
"""Invalid seq and session timed out: Discord asks for a new session; discord.py would RESUME for ever."""


class Session(NamedTuple):
    """What a RESUME needs."""

    session_id: str
    sequence: int
    gateway: yarl.URL


def session_of(ws: DiscordWebSocket, shard: ShardLink) -> Session | None:
    """The session of a shard's last websocket, or None where there is nothing to resume."""
    if not shard.established or ws.session_id is None or ws.sequence is None:
        return None
    if ws.socket.close_code in NEW_SESSION_CODES:
        return None
    sequence = ws.sequence
    if shard.passes_over == sequence:
        sequence += 1
    return Session(session_id=ws.session_id, sequence=sequence, gateway=ws.gateway)
