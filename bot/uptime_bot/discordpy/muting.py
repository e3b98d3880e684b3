"""Keeps parsers from dispatching to the user's code while the cache alone is to change."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from discord.state import ConnectionState

AUDIBLE = frozenset({"connect", "shard_connect"})
"""What a client hears while its cache is refilled: it has connected, and nothing else has happened yet."""

NOTHING: frozenset[str] = frozenset()


class _Mute(threading.local):
    """Of a thread, not of a task: a parser runs in one go, and what it starts is not to be mute for ever."""

    audible: frozenset[str] | None = None


mute = _Mute()


def make_mutable(state: "ConnectionState[Any]") -> None:
    """Let a client's dispatch obey muted(); once for each client that takes up a session."""
    dispatch = state.dispatch
    if getattr(dispatch, "obeys_muted", False):
        return

    def dispatch_unless_muted(event: str, *args: Any, **kwargs: Any) -> None:
        audible = mute.audible
        if audible is None or event in audible:
            dispatch(event, *args, **kwargs)

    dispatch_unless_muted.obeys_muted = True  # type: ignore[attr-defined]
    state.dispatch = dispatch_unless_muted


@contextmanager
def muted(*, but: frozenset[str] = NOTHING) -> Iterator[None]:
    """Dispatch nothing in this thread, but for the events named."""
    before, mute.audible = mute.audible, but
    try:
        yield
    finally:
        mute.audible = before
