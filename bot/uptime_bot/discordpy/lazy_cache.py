"""A cache that is filled as it is asked for: a guild when it is looked up, everything when everything is looked at.

discord.py looks at its cache by `_guilds`, `_users`, `_emojis` and `_stickers`; for the first second or so of a resumed
process these are the classes below, afterwards plain dicts again.
"""

import logging
from collections.abc import Callable, Iterator
from threading import RLock
from typing import Any
from weakref import WeakValueDictionary

from discord import Emoji, Guild, GuildSticker, User

_log = logging.getLogger(__name__)

_PENDING: Any = object()
"""Stands in `_guilds`, at its place in the order, for a guild that is not there yet."""


class Unfilled:
    """What is still to be filled: by guild, and what follows once all guilds are there.

    A thread of the bot's may look at the cache as well, such as that of a web page: one thread fills at a time.
    """

    def __init__(self) -> None:
        self.by_guild: dict[int, Callable[[], None]] = {}
        self.users_heard_of: set[int] = set()
        """Users of whom an event has said something since the refill began."""

        self._afterwards: list[Callable[[], None]] = []
        self._lock = RLock()
        self._filling = 0
        self._finished = False

    def afterwards(self, action: Callable[[], None]) -> None:
        """Call this once when no guild is left to be filled."""
        self._afterwards.append(action)

    def fill(self, guild_id: int) -> None:
        """Fill one guild, if that is still to be done."""
        with self._lock:
            filling = self.by_guild.pop(guild_id, None)
            if filling is None:
                return
            self._filling += 1
            try:
                filling()
            finally:
                self._filling -= 1

    def fill_next(self) -> bool:
        """Fill one more guild; False when all is done."""
        with self._lock:
            guild_id = next(iter(self.by_guild), None)
            if guild_id is not None:
                self.fill(guild_id)
            elif not self._filling:
                self._finish()
            return guild_id is not None

    def complete(self) -> None:
        """Fill everything now; what fills a guild looks at the cache itself, and has to do with what is there."""
        with self._lock:
            while not self._filling and not self._finished and self.fill_next():
                pass

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        for action in self._afterwards:
            try:
                action()
            except Exception:  # noqa: BLE001 - the cache is there; what follows must follow
                _log.exception("the cache is refilled, but what follows went wrong; going on")


class LazyGuilds(dict[int, Guild]):
    """`_guilds`, in the order of the live one."""

    def __init__(self, unfilled: Unfilled, guilds: dict[int, Guild]) -> None:
        super().__init__(guilds)
        self.unfilled = unfilled

    def expect(self, guild_id: int, fill: Callable[[], None]) -> None:
        """Take a place for a guild that `fill` will put here."""
        super().__setitem__(guild_id, _PENDING)
        self.unfilled.by_guild[guild_id] = fill

    def settle(self, guild_id: int) -> None:
        """A guild was filled: where nothing came of it, there is none."""
        if super().get(guild_id) is _PENDING:
            super().__delitem__(guild_id)

    def get(self, key: Any, default: Any = None) -> Any:
        """The guild, filled now if need be."""
        found = super().get(key, default)
        if found is not _PENDING:
            return found
        self.unfilled.fill(key)
        found = super().get(key, default)
        return default if found is _PENDING else found

    def __getitem__(self, key: int) -> Guild:
        found = self.get(key, _PENDING)
        if found is _PENDING:
            raise KeyError(key)
        return found  # type: ignore[no-any-return]

    def __setitem__(self, key: int, value: Guild) -> None:
        self.unfilled.by_guild.pop(key, None)
        super().__setitem__(key, value)

    def __delitem__(self, key: int) -> None:
        self.unfilled.fill(key)
        super().__delitem__(key)

    def pop(self, key: int, *default: Any) -> Any:
        """Take a guild out."""
        self.unfilled.fill(key)
        return super().pop(key, *default)

    def values(self) -> Any:
        """All guilds, filled now."""
        self.unfilled.complete()
        return super().values()

    def items(self) -> Any:
        """All guilds with their ids, filled now."""
        self.unfilled.complete()
        return super().items()

    def __iter__(self) -> Iterator[int]:
        self.unfilled.complete()
        return super().__iter__()

    def copy(self) -> dict[int, Guild]:
        """A plain dict of all guilds, filled now."""
        return dict(self.items())

    def plain(self) -> dict[int, Guild]:
        """The same as a plain dict, once everything is filled."""
        return dict(super().items())


class LazyLookup(dict[int, Any]):
    """`_emojis` or `_stickers`: whoever misses one has not looked into all guilds yet."""

    def __init__(self, unfilled: Unfilled, known: "dict[int, Emoji] | dict[int, GuildSticker]") -> None:
        super().__init__(known)
        self._unfilled = unfilled

    def get(self, key: Any, default: Any = None) -> Any:
        """The value, looked for in all guilds if need be."""
        if key not in self:
            self._unfilled.complete()
        return super().get(key, default)

    def __missing__(self, key: int) -> Any:
        self._unfilled.complete()
        if key in self:
            return super().__getitem__(key)
        raise KeyError(key)

    def values(self) -> Any:
        """All values, of all guilds."""
        self._unfilled.complete()
        return super().values()


class LazyUsers(WeakValueDictionary[int, User]):
    """`_users`: get() means to find a user wherever there is one; [] is store_user()'s, which else makes one."""

    def __init__(self, unfilled: Unfilled, known: WeakValueDictionary[int, User]) -> None:
        super().__init__(known)
        self._unfilled = unfilled

    def get(self, key: Any, default: Any = None) -> Any:
        """The user, looked for in all guilds if need be."""
        found = super().get(key)
        if found is None:
            self._unfilled.complete()
            found = super().get(key, default)
        return found

    def values(self) -> Any:
        """All users, of all guilds."""
        self._unfilled.complete()
        return super().values()
