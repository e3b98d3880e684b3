"""on_socket_event_type: discord.py looks at each event whether somebody hears of it, which takes it 2 us.

A message takes it 80 in all, a member's update 30, and few bots have such a handler.
"""

from collections.abc import Callable
from typing import Any

from uptime_bot.discordpy.insides import is_as_known

EVENT = "socket_event_type"
_HANDLER = f"on_{EVENT}"


def telling_types(dispatch: Callable[..., Any]) -> Callable[[str], Any]:
    """What tells a client of an event's type, and does nothing where the client does not hear of it.

    It always dispatches where dispatch() is not discord.py's own: somebody's may count events.
    """
    if not _is_discordpys(dispatch):
        return lambda event: dispatch(EVENT, event)
    client: Any = dispatch.__self__  # type: ignore[attr-defined] # of a bound method
    listeners, more_handlers = client._listeners, getattr(client, "extra_events", {})

    def tell(event: str) -> None:
        if EVENT in listeners or _HANDLER in more_handlers or hasattr(client, _HANDLER):
            dispatch(EVENT, event)

    return tell


def _is_discordpys(dispatch: Callable[..., Any]) -> bool:
    """Whether nobody has replaced a client's dispatch() nor any that it calls in turn, and all are as we know them."""
    kinds = type(getattr(dispatch, "__self__", None)).__mro__
    each = [vars(kind)["dispatch"] for kind in kinds if "dispatch" in vars(kind)]
    return getattr(dispatch, "__func__", None) in each[:1] and all(map(is_as_known, each))
