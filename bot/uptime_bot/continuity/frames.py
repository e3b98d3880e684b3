"""The frames of a shard's journal: what is written, in the order in which the gateway sent it."""

from enum import IntEnum
from typing import NamedTuple

CORRECTIONS = "uptime_bot"
"""The key of a GUILD frame under which stands what no GUILD_CREATE can say; fold_frame.py says what there is."""


class Kind(IntEnum):
    """What a frame holds."""

    SESSION = 1
    """First in a journal: JSON of the session and of what it belongs to (session.py)."""

    EVENT = 2
    """A gateway frame that changes the cache, as it arrived: `{"t": ..., "s": ..., "op": 0, "d": {...}}`.

    entity_id is a GuildMark, or the user of whom the event says something.
    """

    LAST_MESSAGE = 3
    """A message was sent in a channel: entity_id is the channel, the payload the message's id, 8 bytes, big-endian."""

    GUILD = 4
    """A guild as compaction folded it: JSON of a GUILD_CREATE's `d`, see fold.py."""

    USER = 5
    """What events have made of a user, left over from compaction: JSON of a whole user; entity_id is the user."""


class GuildMark:
    """What entity_id says in EVENT frames of GUILD_CREATE and GUILD_DELETE; a user's id is greater than these."""

    NONE = 0
    JOINED = 1
    """GUILD_CREATE, but for one that only names an unavailable guild."""

    LEFT = 2
    """GUILD_DELETE, but for an outage."""


class Frame(NamedTuple):
    """One frame; ids are 0 where there is none."""

    kind: Kind
    sequence: int
    guild_id: int
    entity_id: int
    payload: bytes
