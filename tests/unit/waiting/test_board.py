"""The board of what is waited for."""

import time

import pytest

from uptime_bot.waiting.board import WaitBoard


def test_a_wait_is_there_for_as_long_as_it_lasts_the_oldest_first() -> None:
    board = WaitBoard()
    with board.waiting("login", "Discord answers 503", 10.0):
        with board.waiting("shard 1", "connection refused", None):
            first, second = board.current()
            assert (first.reason, second.reason) == ("Discord answers 503", "connection refused")
            assert first.until_at == pytest.approx(time.time() + 10.0, abs=2.0)
            assert second.until_at is None
        assert len(board.current()) == 1
    assert board.current() == ()


def test_a_wait_that_fails_is_taken_down() -> None:
    board = WaitBoard()
    with pytest.raises(RuntimeError), board.waiting("login", "x", 1.0):
        raise RuntimeError
    assert board.current() == ()


def test_two_waits_of_the_same_name_stand_both() -> None:
    """Two clients in one process both have a shard 0 and a login."""
    board = WaitBoard()
    with board.waiting("shard 0", "the first client's", 1.0):
        with board.waiting("shard 0", "the second client's", 1.0):
            assert len(board.current()) == 2
        assert [wait.reason for wait in board.current()] == ["the first client's"]
