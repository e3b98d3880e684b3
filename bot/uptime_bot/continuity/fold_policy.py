"""What folding must know of the client whose cache it stands for."""

from typing import Any, NamedTuple


class UnfoldableError(Exception):
    """An event that a folded guild cannot express: it stays an event, and so do all later ones of its guild."""


class Policy(NamedTuple):
    """What discord.py 2.7.1's parsers depend on, besides the events."""

    self_id: int
    """The bot's own user."""

    shared_users: bool
    """Guilds share User objects: intents.members, and member_cache_flags not empty (ConnectionState.store_user)."""

    joined: bool
    """MemberCacheFlags.joined: members are kept as such."""

    voice: bool
    """MemberCacheFlags.voice: members are kept while they are in a voice channel."""

    expressions: bool
    """ConnectionState.cache_guild_expressions: emojis and stickers are kept."""

    @property
    def voice_only(self) -> bool:
        """MemberCacheFlags._voice_only."""
        return self.voice and not self.joined

    def to_dict(self) -> dict[str, Any]:
        """JSON for the SESSION frame."""
        return self._asdict()

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Policy":
        """What to_dict() gave. Raises ValueError where it is something else."""
        kinds = {name: (int if name == "self_id" else bool) for name in cls._fields}
        if set(values) != set(kinds) or any(type(values[name]) is not kind for name, kind in kinds.items()):
            raise ValueError("not a folding policy")
        return cls(**values)
