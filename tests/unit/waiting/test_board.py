"""The board of what is waited for."""

import time

import pytest

from uptime_bot.waiting.board import WaitBoard


def test_a_wait_is_there_until_it_is_over_the_oldest_first() -> None:
    board = WaitBoard()
    board.begin("login", "Discord answers 503", 10.0)
    board.begin("shard 1", "connection refused", 1.0)
    first, second = board.current()
    assert (first.reason, second.reason) == ("Discord answers 503", "connection refused")
    assert first.until_at == pytest.approx(time.time() + 10.0, abs=2.0)
    board.end("login")
    assert board.current() == (second,)
    board.end("shard 1")
    assert board.current() == ()


def test_a_wait_that_goes_on_is_renewed_and_keeps_its_place() -> None:
    board = WaitBoard()
    board.begin("shard 0", "connection refused", 1.0)
    board.begin("shard 1", "connection refused", 1.0)
    board.begin("shard 0", "answers 503", 2.0)
    assert [wait.reason for wait in board.current()] == ["answers 503", "connection refused"]


def test_the_end_of_what_never_began_is_nothing() -> None:
    board = WaitBoard()
    board.end("login")
    assert board.current() == ()
