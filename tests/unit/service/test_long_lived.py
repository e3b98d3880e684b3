"""What a bot holds for long is passed over by the garbage collector, and what was left goes all the same."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from uptime_bot.service.long_lived import FIRST_WAIT_S, LONGEST_WAIT_S, LongLived


class Guild:
    """Refers to itself, as a guild and its members do to each other."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def is_frozen(thing: object) -> bool:
    return not any(each is thing for each in gc.get_objects())


def test_what_is_there_at_ready_is_frozen_and_what_comes_next_some_seconds_later() -> None:
    guild, long_lived = Guild(), LongLived()
    long_lived.tick(100.0)
    assert is_frozen(guild)
    late = Guild()
    long_lived.tick(100.0 + FIRST_WAIT_S - 0.1)
    assert not is_frozen(late)
    long_lived.tick(100.0 + FIRST_WAIT_S)
    assert is_frozen(late)


def test_what_was_left_goes_when_all_is_looked_through() -> None:
    long_lived = LongLived()
    guild = Guild()
    left = weakref.ref(guild)
    at = 0.0
    while at < LONGEST_WAIT_S:
        long_lived.tick(at)
        at += FIRST_WAIT_S
    del guild
    gc.collect()
    assert left() is not None
    while at < 2 * LONGEST_WAIT_S:
        long_lived.tick(at)
        at += FIRST_WAIT_S
    assert left() is None


def test_the_waits_grow_up_to_an_hour() -> None:
    long_lived, at, frozen_at = LongLived(), 0.0, []
    while at < 16_000:
        gc.unfreeze()
        long_lived.tick(at)
        if gc.get_freeze_count():
            frozen_at.append(at)
        at += 3.0
    waits = [after - before for before, after in zip([0.0, *frozen_at], frozen_at, strict=False)]
    assert waits == [0.0, 3.0, 18.0, 108.0, 648.0, *[LONGEST_WAIT_S] * 4]


def test_a_bot_without_collections_has_none_forced_on_it() -> None:
    gc.disable()
    long_lived = LongLived()
    long_lived.tick(0.0)
    assert not gc.get_freeze_count()
