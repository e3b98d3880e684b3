"""An event on its way out, encoded once whoever receives it."""

import json
from collections.abc import Mapping
from typing import Any, Self

from uptime_drill.discord.intents import Intent, allows, content_is_visible, without_content

MESSAGE_EVENTS = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})


def encode(value: Any) -> str:
    """JSON as compact as Discord sends it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Dispatch:
    """One event of the world; `guild_id` None means a direct message or an event of the application itself."""

    __slots__ = ("_full", "_head", "_hidden", "data", "guild_id", "name")

    def __init__(self, name: str, data: Mapping[str, Any], *, guild_id: int | None = None) -> None:
        self.name = name
        self.data = data
        self.guild_id = guild_id
        self._head = f'{{"t":"{name}","s":'
        self._full: str | None = None
        self._hidden: str | None = None

    def body(self, intents: Intent, bot_id: str) -> str:
        """The encoded `d` as a session with these intents may see it; shared between sessions and with the replay."""
        hidden = self.name in MESSAGE_EVENTS and not content_is_visible(intents, self.data, bot_id=bot_id)
        if hidden:
            if self._hidden is None:
                self._hidden = encode(without_content(self.data))
            return self._hidden
        if self._full is None:
            self._full = encode(self.data)
        return self._full

    def encoded(self, intents: Intent, bot_id: str) -> Self:
        """Itself, encoded now and without the object it was encoded from: a thousand guilds are kept as text alone."""
        self._full = self.body(intents, bot_id)
        self.data = {}
        return self

    def concerns(self, intents: Intent, shard: tuple[int, int]) -> bool:
        """Whether a session of that shard and those intents receives this event."""
        return shard_of(self.guild_id, shard[1]) == shard[0] and allows(
            intents, self.name, in_guild=self.guild_id is not None
        )

    def frame(self, seq: int, body: str) -> str:
        return f'{self._head}{seq},"op":0,"d":{body}}}'


def shard_of(guild_id: int | None, shard_count: int) -> int:
    """The shard that serves a guild: (guild_id >> 22) % num_shards; direct messages go to shard 0."""
    return 0 if guild_id is None else (guild_id >> 22) % shard_count
