"""Answers to op 8, Request Guild Members (events/gateway-events, "Request Guild Members")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from uptime_drill.discord import payloads
from uptime_drill.discord.dispatches import Dispatch
from uptime_drill.discord.intents import Intent
from uptime_drill.discord.payloads import Payload
from uptime_drill.discord.protocol import Op
from uptime_drill.discord.world import World

CHUNK = 1000
LIMITED_TO = 100


@dataclass(slots=True)
class MemberRequests:
    """Remembers when all members of a guild were last asked for: once per guild every `interval_s`."""

    world: World
    interval_s: float
    _full_at: dict[int, float] = field(default_factory=dict)

    def answer(self, asked: Mapping[str, Any], intents: Intent, now_mono: float) -> list[Dispatch]:
        """The chunks, or RATE_LIMITED; nothing at all for a guild that is not there or a list that is not allowed."""
        guild_id = _first_id(asked.get("guild_id"))
        if guild_id is None or not self.world.has_guild(guild_id):
            return []
        ids = asked.get("user_ids")
        if ids:
            return list(self._by_ids(guild_id, ids if isinstance(ids, list) else [ids], asked, intents))
        query, limit = str(asked.get("query", "")), int(asked.get("limit", 0) or 0)
        if query or limit:
            found = [m for m in self._everyone(guild_id) if m["user"]["username"].startswith(query.lower())]
            return list(self._chunks(guild_id, found[: min(limit or LIMITED_TO, LIMITED_TO)], [], asked, intents))
        if Intent.GUILD_MEMBERS not in intents:
            return []
        wait_s = self._full_at.get(guild_id, float("-inf")) + self.interval_s - now_mono
        if wait_s > 0:
            return [_rate_limited(guild_id, wait_s, asked)]
        self._full_at[guild_id] = now_mono
        return list(self._chunks(guild_id, self._everyone(guild_id), [], asked, intents))

    def _everyone(self, guild_id: int) -> list[Payload]:
        return [self.world.bot_member(), *self.world.members(guild_id)]

    def _by_ids(self, guild_id: int, ids: list[Any], asked: Mapping[str, Any], intents: Intent) -> Iterator[Dispatch]:
        found: list[Payload] = []
        missing: list[str] = []
        for text in [str(i) for i in ids[:LIMITED_TO]]:
            member = self.world.member(guild_id, int(text)) if text.isdecimal() else None
            if member is None:
                missing.append(text)
            else:
                found.append(member)
        return self._chunks(guild_id, found, missing, asked, intents)

    def _chunks(
        self, guild_id: int, members: list[Payload], missing: list[str], asked: Mapping[str, Any], intents: Intent
    ) -> Iterator[Dispatch]:
        parts = [members[i : i + CHUNK] for i in range(0, len(members), CHUNK)] or [[]]
        for index, part in enumerate(parts):
            chunk: Payload = {
                "guild_id": str(guild_id),
                "members": part,
                "chunk_index": index,
                "chunk_count": len(parts),
            }
            if missing:
                chunk["not_found"] = missing
            if asked.get("presences") and Intent.GUILD_PRESENCES in intents:
                chunk["presences"] = [payloads.presence(m["user"]["id"], guild_id) for m in part]
            nonce = asked.get("nonce")
            if isinstance(nonce, str) and len(nonce.encode()) <= 32:  # longer ones are ignored, as documented
                chunk["nonce"] = nonce
            yield Dispatch("GUILD_MEMBERS_CHUNK", chunk, guild_id=guild_id)


def _first_id(value: Any) -> int | None:
    text = str(value[0]) if isinstance(value, list) and value else str(value)
    return int(text) if text.isdecimal() else None


def _rate_limited(guild_id: int, wait_s: float, asked: Mapping[str, Any]) -> Dispatch:
    meta = {"guild_id": str(guild_id), **({"nonce": asked["nonce"]} if asked.get("nonce") else {})}
    data = {"opcode": int(Op.REQUEST_GUILD_MEMBERS), "retry_after": round(wait_s, 3), "meta": meta}
    return Dispatch("RATE_LIMITED", data, guild_id=guild_id)
