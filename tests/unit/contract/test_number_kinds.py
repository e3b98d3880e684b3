"""Fractions and whole numbers: what is between the limits is taken as it is, everything else is refused with words."""

import pytest

from uptime_bot.contract import setting_kinds as kinds
from uptime_bot.contract.config_error import Unacceptable


def test_what_is_between_the_limits_is_taken() -> None:
    fraction, whole = kinds.fraction(least=0.01, most=0.9), kinds.whole(least=100, most=9000)
    assert [fraction.accept(value) for value in (0.01, 0.5, 0.9)] == [0.01, 0.5, 0.9]
    assert [whole.accept(value) for value in (100, 5000, 9000)] == [100, 5000, 9000]


@pytest.mark.parametrize("value", [0, 1, -0.5, float("nan"), float("inf"), True, "0.1", None, []])
def test_no_fraction(value: object) -> None:
    with pytest.raises(Unacceptable):
        kinds.fraction(least=0.01, most=0.9).accept(value)


@pytest.mark.parametrize("value", [99, 9001, 100.0, float("nan"), True, "100", None, [], 10**30])
def test_no_whole_number(value: object) -> None:
    with pytest.raises(Unacceptable):
        kinds.whole(least=100, most=9000).accept(value)
