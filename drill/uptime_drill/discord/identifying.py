"""What Discord checks in an IDENTIFY, in one place and without any I/O (events/gateway, "Identifying")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uptime_drill.discord.intents import KNOWN, NO_INTENT, PRIVILEGED, Intent
from uptime_drill.discord.protocol import CloseCode

DEFAULT_LARGE_THRESHOLD = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """An IDENTIFY whose fields have the right form. `token` never shows in a repr."""

    token: str
    intents: Intent
    shard: tuple[int, int]
    large_threshold: int
    properties: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Identify(shard={self.shard}, intents={int(self.intents)})"


class IdentifyRefused(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    def __init__(self, code: CloseCode) -> None:
        super().__init__(code.name)
        self.code = code


def parse_identify(data: Any) -> Identify:
    """Read the `d` of op 2; raises IdentifyRefused with 4002, 4010 or 4013."""
    if not isinstance(data, Mapping) or not isinstance(data.get("token"), str):
        raise IdentifyRefused(CloseCode.DECODE_ERROR)
    if not isinstance(data.get("properties"), Mapping):
        raise IdentifyRefused(CloseCode.DECODE_ERROR)
    large = data.get("large_threshold", DEFAULT_LARGE_THRESHOLD)
    return Identify(
        token=data["token"],
        intents=_intents(data.get("intents")),
        shard=_shard(data.get("shard", (0, 1))),
        large_threshold=large if isinstance(large, int) else DEFAULT_LARGE_THRESHOLD,
        properties=data["properties"],
    )


def _intents(value: Any) -> Intent:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= KNOWN:
        raise IdentifyRefused(CloseCode.INVALID_INTENTS)
    return Intent(value)


def _shard(value: Any) -> tuple[int, int]:
    match value:
        case [int(index), int(count)] if 0 <= index < count:
            return (index, count)
        case _:
            raise IdentifyRefused(CloseCode.INVALID_SHARD)


def check_intents(asked: Intent, granted: Intent) -> None:
    """Raises IdentifyRefused(4014) for a privileged intent that is not switched on for the application."""
    if asked & PRIVILEGED & ~granted != NO_INTENT:
        raise IdentifyRefused(CloseCode.DISALLOWED_INTENTS)


def check_sharding(shard: tuple[int, int], *, guilds: int, guilds_per_shard: int) -> None:
    """Raises IdentifyRefused(4011) where a shard would serve more guilds than one may (2,500 at Discord)."""
    if guilds > guilds_per_shard * shard[1]:
        raise IdentifyRefused(CloseCode.SHARDING_REQUIRED)
