"""What guilds share: users, as the events of all guilds in their order made them.

discord.py keeps one User object as long as anybody holds it; whoever takes it does not change it, some events do.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from uptime_bot.continuity.fold_state import Data, update_user

ACCOUNT = 0
"""Stands for the guild, where the client itself holds a user: its own."""

_KEYS: tuple[tuple[str, Any], ...] = (
    *((key, None) for key in ("username", "discriminator", "avatar", "global_name", "banner", "accent_color")),
    *((key, None) for key in ("avatar_decoration_data", "primary_guild", "collectibles")),
    *(("public_flags", 0), ("bot", False), ("system", False)),
)


def same_user(one: Data, other: Data) -> bool:
    """Whether User() makes the same of both (BaseUser._update)."""
    return all(one.get(key, default) == other.get(key, default) for key, default in _KEYS)


def same_account(one: Data, other: Data) -> bool:
    """Whether ClientUser() makes the same of both."""
    keys = (("verified", False), ("locale", None), ("flags", 0), ("mfa_enabled", False))
    return same_user(one, other) and all(one.get(key, default) == other.get(key, default) for key, default in keys)


class Claims:
    """Finds the users of whom two guilds say different things; for all others, any guild's word is right."""

    def __init__(self) -> None:
        self.guild_id = ACCOUNT
        """The guild whose events are being folded; to be set."""

        self._said: dict[int, int] = {}
        self._guilds: dict[int, int | set[int]] = {}
        self.disputed: set[int] = set()

    def took(self, user_id: int, user: Data) -> None:
        """See Witness."""
        self._claim(user_id, hash(repr([user.get(key, default) for key, default in _KEYS])))

    def updated(self, user_id: int, user: Data) -> None:
        """See Witness."""
        self.took(user_id, user)

    def guilds_of(self, user_ids: Collection[int]) -> set[int]:
        """All guilds that said anything of these users."""
        found: set[int] = set()
        for user_id in user_ids:
            guilds = self._guilds[user_id]
            found |= guilds if isinstance(guilds, set) else {guilds}
        return found - {ACCOUNT}

    def _claim(self, user_id: int, said: int) -> None:
        guilds = self._guilds.setdefault(user_id, self.guild_id)
        if guilds != self.guild_id:
            if not isinstance(guilds, set):
                guilds = self._guilds[user_id] = {guilds}
            guilds.add(self.guild_id)
        if self._said.setdefault(user_id, said) != said:
            self._said[user_id] = 0
        if self._said[user_id] != said and isinstance(guilds, set):
            self.disputed.add(user_id)


class Word(Enum):
    """What an event did with a user."""

    TOOK = "took"
    UPDATED = "updated"
    REPLACED = "replaced"
    """USER_UPDATE, and a USER frame: every attribute was set."""

    HOLDS = "holds"
    """The guild keeps the user alive, after the event."""

    LETS_GO = "lets go"


class Remark(NamedTuple):
    """One thing that happened to a user."""

    sequence: int
    guild_id: int
    user_id: int
    word: Word
    user: Data


@dataclass(slots=True)
class Log:
    """Everything that a guild's events did with some users."""

    users: Collection[int]
    guild_id: int
    sequence: int = 0
    remarks: list[Remark] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)

    def took(self, user_id: int, user: Data) -> None:
        """See Witness."""
        self._note(user_id, Word.TOOK, user)

    def updated(self, user_id: int, user: Data) -> None:
        """See Witness."""
        self._note(user_id, Word.UPDATED, user)

    def _note(self, user_id: int, word: Word, user: Data) -> None:
        if user_id in self.users:
            self.touched.add(user_id)
            self.remarks.append(Remark(self.sequence, self.guild_id, user_id, word, dict(user)))

    def holds(self, user_id: int, *, held: bool) -> None:
        """Say after an event whether the guild keeps a user alive."""
        self.remarks.append(Remark(self.sequence, self.guild_id, user_id, Word.HOLDS if held else Word.LETS_GO, {}))


def settled(remarks: Iterable[Remark]) -> dict[int, Data]:
    """What users are in the end, of those who are alive, by remarks of all guilds."""
    users: dict[int, Data] = {}
    holders: dict[int, set[int]] = {}
    for _, guild_id, user_id, word, user in sorted(remarks, key=lambda remark: remark.sequence):
        held_by = holders.setdefault(user_id, set())
        match word:
            case Word.TOOK:
                users.setdefault(user_id, dict(user))
            case Word.UPDATED:
                if user_id in users:
                    update_user(users[user_id], user)
            case Word.REPLACED:
                users[user_id] = dict(user)
            case Word.HOLDS:
                held_by.add(guild_id)
            case Word.LETS_GO:
                held_by.discard(guild_id)
                if not held_by:
                    users.pop(user_id, None)
    return users
