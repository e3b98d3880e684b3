"""An Outage sleeps until the next try, or until Discord is back; the loop's clock is a fake."""

from collections.abc import Callable

import pytest

from fakes.clock_loop import BEGIN_S, run_with_clock
from fakes.probe import FakeProbe
from uptime_bot.waiting.outage import Outage


def waited(
    delay_s: float, probe: FakeProbe | None, *, every_s: float = 1.0, over: Callable[[], bool] = lambda: False
) -> tuple[bool, float]:
    return run_with_clock(lambda: Outage(every_s=every_s, over=over).wait(delay_s, probe))


def test_without_a_probe_the_whole_delay_is_slept() -> None:
    heard, took_s = waited(30.0, None)
    assert not heard
    assert took_s == pytest.approx(30.0)


@pytest.mark.parametrize("delay_s", [0.0, -5.0])
def test_no_delay_is_no_wait(delay_s: float) -> None:
    probe = FakeProbe(back_at_s=0.0)
    assert waited(delay_s, probe) == (False, 0.0)
    assert probe.asked_at_s == []


def test_a_probe_that_is_answered_ends_the_wait_the_second_it_can() -> None:
    heard, took_s = waited(30.0, FakeProbe(back_at_s=BEGIN_S + 7.5))
    assert heard
    assert took_s == pytest.approx(8.0)


def test_a_probe_is_asked_at_its_pace_until_the_delay_is_over() -> None:
    probe = FakeProbe(back_at_s=None)
    heard, took_s = waited(4.5, probe)
    assert not heard
    assert took_s == pytest.approx(4.5)
    assert probe.asked_at_s == pytest.approx([BEGIN_S + 1, BEGIN_S + 2, BEGIN_S + 3, BEGIN_S + 4])


def test_a_wait_shorter_than_the_pace_asks_nobody() -> None:
    probe = FakeProbe(back_at_s=0.0)
    heard, took_s = waited(0.4, probe)
    assert not heard
    assert took_s == pytest.approx(0.4)
    assert probe.asked_at_s == []


def test_a_slow_probe_delays_the_next_try_by_no_more_than_itself() -> None:
    heard, took_s = waited(10.0, FakeProbe(back_at_s=None, takes_s=5.0))
    assert not heard
    assert took_s <= 10.0 + 5.0


def test_a_client_that_was_closed_ends_the_wait() -> None:
    looks = iter([False, False, True])
    heard, took_s = waited(30.0, None, over=lambda: next(looks))
    assert not heard
    assert took_s == pytest.approx(2.0)


def test_a_client_that_is_closed_already_waits_not_at_all() -> None:
    assert waited(30.0, None, over=lambda: True) == (False, 0.0)


def test_what_a_probe_can_reach_all_the_while_is_not_what_fails() -> None:
    """A 401 without a token says nothing about a 503 with one: that must not turn the backoff into a hammer."""
    heard, took_s = waited(30.0, FakeProbe(back_at_s=0.0))
    assert not heard
    assert took_s == pytest.approx(30.0)


def test_an_outage_heard_in_one_wait_is_remembered_in_the_next() -> None:
    outage = Outage(every_s=1.0)
    probe = FakeProbe(back_at_s=BEGIN_S + 3.5)

    async def twice() -> tuple[bool, bool]:
        return await outage.wait(2.5, probe), await outage.wait(30.0, probe)

    heard, took_s = run_with_clock(twice)
    assert heard == (False, True)
    assert took_s == pytest.approx(3.5)
