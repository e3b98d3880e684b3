"""For handlers that want to know whether an event happened while the bot was away."""

from contextvars import ContextVar

replaying: ContextVar[bool] = ContextVar("uptime_bot_replaying", default=False)
"""Set while a replayed event is dispatched, and so in the tasks of its handlers."""


def is_replayed() -> bool:
    """Whether the event that the caller handles was replayed by a RESUME: it is older than it looks.

    To be called in an event's handler or a task that it started; False anywhere else.
    """
    return replaying.get()
