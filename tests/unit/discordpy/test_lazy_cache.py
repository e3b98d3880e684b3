"""LazyGuilds is a dict of guilds to whoever looks, in the order in which they were expected."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.discordpy.lazy_cache import LazyGuilds, LazyLookup, Unfilled

KEYS = st.integers(0, 6)
MISSING = "missing"

Operation = Callable[[dict[int, Any]], Any]


def lazily(expected: list[int], nothing: frozenset[int] = frozenset()) -> tuple[LazyGuilds, list[int]]:
    """Guilds that are to be filled, and in which order they were; of some, nothing comes."""
    guilds, filled = LazyGuilds(Unfilled(), {}), []

    def fill(guild_id: int) -> None:
        filled.append(guild_id)
        if guild_id not in nothing:
            guilds[guild_id] = guild(guild_id)
        guilds.settle(guild_id)

    for guild_id in expected:
        guilds.expect(guild_id, partial(fill, guild_id))
    return guilds, filled


def guild(guild_id: int) -> Any:
    """Stands for a guild."""
    return f"guild {guild_id}"


def _item(key: int) -> Operation:
    def item(guilds: dict[int, Any]) -> Any:
        try:
            return guilds[key]
        except KeyError:
            return KeyError

    return item


def _set(key: int) -> Operation:
    return lambda guilds: guilds.__setitem__(key, f"new {key}")


def _pop(key: int) -> Operation:
    return lambda guilds: guilds.pop(key, MISSING)


def _get(key: int) -> Operation:
    return lambda guilds: guilds.get(key, MISSING)


def _in(key: int) -> Operation:
    return lambda guilds: key in guilds


WHOLE: tuple[Operation, ...] = (
    len,
    bool,
    list,
    lambda guilds: list(guilds.keys()),
    lambda guilds: list(guilds.values()),
    lambda guilds: list(guilds.items()),
    lambda guilds: list(guilds.copy().items()),
)
OPERATIONS = st.one_of(KEYS.map(_get), KEYS.map(_item), KEYS.map(_in), KEYS.map(_set), KEYS.map(_pop))


@given(
    expected=st.lists(KEYS, unique=True),
    operations=st.lists(st.one_of(OPERATIONS, st.sampled_from(WHOLE)), max_size=12),
)
def test_it_is_a_dict(expected: list[int], operations: list[Operation]) -> None:
    guilds, filled = lazily(expected)
    model = {guild_id: guild(guild_id) for guild_id in expected}
    for operation in operations:
        assert operation(guilds) == operation(model)
    assert list(guilds.items()) == list(model.items())
    assert type(guilds.plain()) is dict
    assert guilds.plain() == model
    assert len(set(filled)) == len(filled), "filled twice"


@given(expected=st.lists(KEYS, unique=True), nothing=st.frozensets(KEYS), operations=st.lists(OPERATIONS, max_size=12))
def test_a_guild_of_which_nothing_comes_is_not_there_once_it_was_looked_for(
    expected: list[int], nothing: frozenset[int], operations: list[Operation]
) -> None:
    guilds, _ = lazily(expected, nothing)
    list(guilds)
    model = {guild_id: guild(guild_id) for guild_id in expected if guild_id not in nothing}
    for operation in operations:
        assert operation(guilds) == operation(model)
    assert guilds.plain() == model


@pytest.mark.parametrize("look", [_get(2), _item(2), _pop(2)], ids=["get", "[]", "pop"])
def test_to_look_at_one_fills_no_other(look: Operation) -> None:
    guilds, filled = lazily([1, 2, 3])
    assert look(guilds) == guild(2)
    assert filled == [2]


def test_to_ask_whether_and_how_many_fills_none() -> None:
    guilds, filled = lazily([1, 2, 3])
    assert (1 in guilds, 4 in guilds, len(guilds), guilds.get(4)) == (True, False, 3, None)
    assert filled == []


def test_what_fills_one_guild_sees_what_is_there_already() -> None:
    """discord.py's parsers look through the cache themselves; that must not begin all other guilds."""
    guilds: LazyGuilds = LazyGuilds(Unfilled(), {})
    seen: list[object] = []
    emojis = LazyLookup(guilds.unfilled, {})

    def fill(guild_id: int) -> None:
        seen.append(emojis.get(5))
        guilds[guild_id] = guild(guild_id)

    for guild_id in (1, 2, 3):
        guilds.expect(guild_id, partial(fill, guild_id))
    assert guilds.get(2) == guild(2)
    assert seen == [None]
    assert list(guilds.unfilled.by_guild) == [1, 3]


def test_what_follows_follows_once_and_a_failure_stops_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    guilds, filled = lazily([1, 2])
    followed: list[str] = []

    def fail() -> None:
        raise ValueError("odd")

    guilds.unfilled.afterwards(fail)
    guilds.unfilled.afterwards(lambda: followed.append("it"))
    for _ in range(2):
        guilds.unfilled.complete()
        assert not guilds.unfilled.fill_next()
    assert (filled, followed) == ([1, 2], ["it"])
    assert "what follows went wrong" in caplog.text
