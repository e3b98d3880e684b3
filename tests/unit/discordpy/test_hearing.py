"""Interactions that a RESUME replays: those that Discord takes no answer to any more are not handled."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from uptime_bot.discordpy.hearing import DISCORD_EPOCH_S, STALE_AFTER_S, hear_interactions
from uptime_bot.discordpy.recording import Parsing, ShardRecording

NOW_S = 1_795_000_000.0


def interaction(age_s: float) -> dict[str, Any]:
    """One that is so old: its id says so."""
    return {"id": str(int((NOW_S - age_s - DISCORD_EPOCH_S) * 1000) << 22)}


def heard(age_s: float, *, drops: bool = True, **recording: bool) -> tuple[bool, int]:
    """Whether such an interaction is parsed, and how many were counted as dropped; without recording, there is none."""
    parsed: list[object] = []
    dropped: list[float] = []

    def drop(_: object, age_s: float) -> bool:
        dropped.append(age_s)
        return drops

    parsing = Parsing()
    if recording:
        state = {"quiet": False, "replaying": False} | recording
        parsing.recording = cast("ShardRecording", SimpleNamespace(**state))
    parsers = {"INTERACTION_CREATE": parsed.append}
    hear_interactions(parsers, parsing, drop, lambda: NOW_S)
    parsers["INTERACTION_CREATE"](interaction(age_s))
    assert all(found == pytest.approx(age_s, abs=0.01) for found in dropped)
    return bool(parsed), len(dropped)


def test_an_old_one_in_a_replay_is_dropped_and_counted() -> None:
    assert heard(STALE_AFTER_S + 0.1, replaying=True) == (False, 1)


def test_a_young_one_in_a_replay_is_handled() -> None:
    assert heard(STALE_AFTER_S - 0.1, replaying=True) == (True, 0)


def test_outside_a_replay_age_does_not_matter() -> None:
    """A clock of this machine may be wrong."""
    assert heard(3600.0, replaying=False) == (True, 0)
    assert heard(3600.0) == (True, 0)


def test_who_wants_old_ones_gets_them() -> None:
    assert heard(3600.0, drops=False, replaying=True) == (True, 1)


def test_what_was_delivered_before_is_neither_handled_nor_counted() -> None:
    assert heard(3600.0, quiet=True, replaying=True) == (False, 0)
