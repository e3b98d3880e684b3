"""What has to hold between settings, beyond the limits of each."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from uptime_bot.contract.config_error import Mistake
from uptime_bot.contract.settings import Settings

_LONGEST_SOCKET_FOLDER = 94  # 107 bytes of a Unix socket's path, less "/control.sock"


class AtMost(NamedTuple):
    """One duration must not exceed another of the same or another section."""

    lesser: str
    greater: str
    why: str


RELATIONS = (
    AtMost("health.tick_s", "health.ack_grace_s", "graces are measured in ticks"),
    AtMost("health.tick_s", "health.answer_grace_s", "graces are measured in ticks"),
    AtMost("health.tick_s", "health.silence_answer_s", "graces are measured in ticks"),
    AtMost("health.silence_answer_s", "health.silence_s", "one question is answered before the next is asked"),
    AtMost("health.loop_lag_degraded_s", "health.stall_after_s", "a loop is late before it is stuck"),
    AtMost("health.stall_after_s", "health.stall_repeat_s", "a stall is first written, then repeated"),
    AtMost("reconnect.first_delay_s", "reconnect.max_delay_s", "a backoff grows"),
    AtMost("reconnect.max_delay_s", "reconnect.identify_max_delay_s", "an IDENTIFY costs more than a RESUME"),
    AtMost("restart.first_delay_s", "restart.max_delay_s", "a backoff grows"),
)


def relation_mistakes(settings: Settings, places: Mapping[str, str]) -> Iterator[Mistake]:
    """A mistake for each relation that does not hold, at the place where one of its keys was set."""
    for lesser, greater, why in RELATIONS:
        low, high = _value(settings, lesser), _value(settings, greater)
        if low > high:
            where = places.get(lesser) or places.get(greater) or "defaults"
            yield Mistake(where, f"{lesser} ({low:g}) is above {greater} ({high:g})", f"{lesser} at most that: {why}")
    if configured := places.get("paths.runtime_dir"):
        length = len(bytes(settings.paths.runtime_dir))
        if length > _LONGEST_SOCKET_FOLDER:
            yield Mistake(
                configured,
                f"paths.runtime_dir is {length} bytes long, too long for a Unix socket in it",
                f"at most {_LONGEST_SOCKET_FOLDER} bytes",
            )


def _value(settings: Settings, name: str) -> float:
    section, _, key = name.partition(".")
    value: float = getattr(getattr(settings, section), key)
    return value
