"""muted() concerns the thread that is in it, and nobody else."""

from contextlib import ExitStack
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, cast

from discord.state import ConnectionState

from uptime_bot.discordpy.muting import make_mutable, muted


def mutable() -> tuple["ConnectionState[Any]", list[str]]:
    """As much of a client's state as dispatches, and what it dispatched."""
    heard: list[str] = []
    state = cast("ConnectionState[Any]", SimpleNamespace(dispatch=heard.append))
    make_mutable(state)
    return state, heard


def test_nothing_is_dispatched_but_what_is_named() -> None:
    state, heard = mutable()
    with muted(but=frozenset({"connect"})):
        state.dispatch("connect")
        state.dispatch("message")
        with muted():
            state.dispatch("connect")
        state.dispatch("connect")
    state.dispatch("message")
    assert heard == ["connect", "connect", "message"]


def test_a_client_is_made_mutable_once() -> None:
    state, _ = mutable()
    dispatch = state.dispatch
    make_mutable(state)
    assert state.dispatch is dispatch


def test_a_thread_that_is_muted_mutes_no_other() -> None:
    """Also where they overlap: whoever leaves last does not leave the client mute."""
    state, heard = mutable()
    entered, leave = Event(), Event()

    def fill() -> None:
        with muted():
            entered.set()
            assert leave.wait(10.0)
            state.dispatch("the thread's")

    thread = Thread(target=fill)
    with ExitStack() as here:
        here.enter_context(muted())
        thread.start()
        assert entered.wait(10.0)
        here.close()
        state.dispatch("the loop's")
        leave.set()
        thread.join()
    state.dispatch("later")
    assert heard == ["the loop's", "later"]
