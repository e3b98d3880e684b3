"""What a bot holds for long is passed over by the garbage collector, and what was left goes all the same."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from uptime_bot.service.long_lived import LONGER_EACH_TIME, LONGEST_WAIT_S, SETTLED_AFTER_S, LongLived


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


def test_what_is_there_some_seconds_after_ready_is_frozen() -> None:
    guild, long_lived = Guild(), LongLived()
    long_lived.tick(100.0)
    long_lived.tick(100.0 + SETTLED_AFTER_S - 0.1)
    assert not is_frozen(guild)
    long_lived.tick(100.0 + SETTLED_AFTER_S)
    assert is_frozen(guild)


def test_what_was_left_goes_at_the_next_time() -> None:
    long_lived = LongLived()
    guild = Guild()
    left = weakref.ref(guild)
    long_lived.tick(0.0)
    long_lived.tick(SETTLED_AFTER_S)
    del guild
    gc.collect()
    assert left() is not None
    long_lived.tick(SETTLED_AFTER_S * (1 + LONGER_EACH_TIME))
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
    assert waits == [3.0, 18.0, 108.0, 648.0, *[LONGEST_WAIT_S] * 4]


def test_a_bot_without_collections_has_none_forced_on_it() -> None:
    gc.disable()
    long_lived = LongLived()
    long_lived.tick(0.0)
    long_lived.tick(SETTLED_AFTER_S)
    assert not gc.get_freeze_count()
