"""Interactions that a RESUME replays: those that Discord takes no answer to any more are not handled."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from uptime_bot.discordpy.hearing import DISCORD_EPOCH_S, HEARD, STALE_AFTER_S, interaction_age_s
from uptime_bot.discordpy.recording import ShardRecording

NOW_S = 1_795_000_000.0


def interaction(age_s: float) -> dict[str, Any]:
    """One that is so old: its id says so."""
    return {"id": str(int((NOW_S - age_s - DISCORD_EPOCH_S) * 1000) << 22)}


def is_parsed(*, too_late: bool, **recording: bool) -> bool:
    """Whether such an interaction reaches its parser."""
    parsed: list[object] = []
    state = {"quiet": False, "replaying": False} | recording
    hearer = cast("ShardRecording", SimpleNamespace(leaves_out=lambda _: too_late, **state))
    HEARD["INTERACTION_CREATE"](hearer, parsed.append, interaction(0.0))
    return bool(parsed)


@pytest.mark.parametrize("age_s", [0.0, STALE_AFTER_S, 3600.0])
def test_an_interaction_says_how_old_it_is(age_s: float) -> None:
    assert interaction_age_s(interaction(age_s), NOW_S) == pytest.approx(age_s, abs=0.01)


def test_one_that_came_too_late_in_a_replay_is_not_handled() -> None:
    assert not is_parsed(too_late=True, replaying=True)


def test_one_that_can_be_answered_is_handled_in_a_replay() -> None:
    assert is_parsed(too_late=False, replaying=True)


def test_outside_a_replay_age_does_not_matter() -> None:
    """A clock of this machine may be wrong."""
    assert is_parsed(too_late=True, replaying=False)


def test_what_was_delivered_before_is_not_handled() -> None:
    assert not is_parsed(too_late=False, quiet=True, replaying=True)
