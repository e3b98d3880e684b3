"""A snapshot of the stand-in, as JSON."""

import time
from typing import Any

from uptime_drill.discord.house import House


def state_of(house: House) -> dict[str, Any]:
    """Sessions, sockets, faults in force, budgets and counters. Ids are text, times are seconds."""
    gateway, now = house.gateway, time.monotonic()
    gateway.expire_sessions()
    return {
        "sessions": [
            {
                "session_id": session.session_id,
                "token": session.fingerprint,
                "shard": list(session.shard),
                "intents": int(session.intents),
                "seq": session.seq,
                "dispatched": session.dispatched,
                "conn": session.connection_id,
                "detached_s": None if session.detached_mono is None else round(now - session.detached_mono, 3),
            }
            for session in gateway.sessions
        ],
        "sockets": [
            {"conn": c.id, "token": c.fingerprint, "shard": list(c.shard) if c.shard else None, "session": c.session_id}
            for c in gateway.connections.values()
        ],
        "faults": house.faults.listed(),
        "tokens": gateway.tokens.fingerprints,
        "session_start_limit": {
            "total": gateway.starts.total,
            "remaining": gateway.starts.remaining(now),
            "reset_after": gateway.starts.reset_after_ms(now),
            "max_concurrency": gateway.starts.max_concurrency,
        },
        "invalid_requests": {
            "total": house.invalid_requests.total,
            "recent": house.invalid_requests.recent(now),
            "banned_for_s": round(house.invalid_requests.banned_for_s(now), 3),
        },
        "client_close_codes": [entry["code"] for entry in house.log.entries("client_close")],
        "counters": dict(house.log.counts),
        "log_n": house.log.last_n,
    }
