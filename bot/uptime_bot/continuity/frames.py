"""The frames of a shard's journal: what is written, in the order in which the gateway sent it."""

from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What a frame holds."""

    SESSION = 1
    """First in a journal: JSON of the session and of what it belongs to (session.py)."""

    EVENT = 2
    """A gateway frame that changes the cache, as it arrived: `{"t": ..., "s": ..., "op": 0, "d": {...}}`."""

    LAST_MESSAGE = 3
    """A message was sent in a channel: entity_id is the channel, the payload the message's id, 8 bytes, big-endian."""

    GUILD = 4
    """A guild as compaction folded it: JSON of a GUILD_CREATE's `d`, see fold.py."""

    USER = 5
    """The last that an event said of a user, left over from compaction: JSON of a user; entity_id is the user."""


class Frame(NamedTuple):
    """One frame; ids are 0 where there is none."""

    kind: Kind
    sequence: int
    guild_id: int
    entity_id: int
    payload: bytes
