"""The events that matter, each with its journal MESSAGE_ID and priority.

`journalctl -x` explains them from units/catalog/uptime-bot.catalog; `journalctl MESSAGE_ID=...` finds them.
"""

import logging
from enum import Enum
from types import TracebackType
from typing import NamedTuple, TypeAlias

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


class _Kind(NamedTuple):
    message_id: str
    level: int


class Event(Enum):
    """A kind of journal entry."""

    STARTED = _Kind("39ced6862df948ada51adf3dca842bf6", logging.INFO)
    READY = _Kind("4d882e66f8b442ba9fb97e11e55235fc", logging.INFO)
    WAITING = _Kind("77a577385c59430f84fbf29475457764", logging.WARNING)
    VERDICT = _Kind("9712573cb03648628705843ad0c6b5c9", logging.INFO)
    DEAF = _Kind("e435099a191a48a4909c6bf561526369", logging.WARNING)
    WATCHDOG_TRIGGER = _Kind("b86dfd80655941cca423b987429c599e", logging.ERROR)
    STALLED = _Kind("0291bdb1d9ec4a4d897b062162d01da6", logging.ERROR)
    STALL_OVER = _Kind("2146552335644095a00b3e6780926675", logging.WARNING)
    TOKEN_REJECTED = _Kind("0bc86975ee60408c913ace1e465b0556", logging.ERROR)
    TOKEN_NOTE = _Kind("eefddd149f6646f59143738dedada0f6", logging.WARNING)
    NO_TOKEN = _Kind("e0d32213815e4f7790cac6a6989e6118", logging.CRITICAL)
    CONFIG_REFUSED = _Kind("b76c4d25063740b9951b19a3b17e4906", logging.CRITICAL)
    INTENTS_REFUSED = _Kind("d1a03d1bd13a4d8c8cd551ff1bd99d00", logging.CRITICAL)
    INSTANCE_LOCKED = _Kind("587204d7834a40619618ec589bdfea79", logging.ERROR)
    CRASHED = _Kind("31a5c2164705430d8579aa3b8e87d155", logging.CRITICAL)
    PACED = _Kind("02b8f62ddaea4dac865290d8527097ca", logging.WARNING)
    STOPPING = _Kind("5c516be9d64a4922a18f4ce37029e50c", logging.INFO)
    RELOADED = _Kind("9b9252b9e08f4a23bc576e50c3eab391", logging.INFO)
    IDENTIFY_HELD = _Kind("2c9bbcdc3b6049308e865c4da599a79c", logging.WARNING)
    REST_HELD = _Kind("9cff4386afe44481b10e3019113ad206", logging.WARNING)
    RESUMING = _Kind("078597478d5d4e538a69915d90072430", logging.INFO)
    EVENTS_LOST = _Kind("dd4eedd93c304c15918efa86068f420e", logging.WARNING)
    EVENT_SET_ASIDE = _Kind("b8b8a166e53c4ca5b9576d94f9982a0e", logging.ERROR)
    INTERACTION_DROPPED = _Kind("84c9cba5b1884a66b853e723f585ae2b", logging.INFO)
    NOT_RECORDED = _Kind("2e976fa598d346cb94591870c23d4263", logging.ERROR)
    FEATURE_OFF = _Kind("e2177c418df34c508d33ff15c3f78ceb", logging.WARNING)

    @property
    def message_id(self) -> str:
        """The journal's MESSAGE_ID, 128 bits as hex."""
        return self.value.message_id

    @property
    def level(self) -> int:
        """The logging level, which the journal handler maps to a priority."""
        return self.value.level


def log_event(
    log: logging.Logger,
    event: Event,
    message: str,
    *args: object,
    exc_info: BaseException | ExcInfo | None = None,
    level: int | None = None,
    **fields: object,
) -> None:
    """Log an event; fields become journal fields UPTIME_BOT_NAME=value beside MESSAGE_ID.

    The level is the event's own, unless one is given.
    """
    extra: dict[str, object] = {
        "MESSAGE_ID": event.message_id,
        "UPTIME_BOT_EVENT": event.name.lower().replace("_", "-"),
    }
    extra |= {f"UPTIME_BOT_{name.upper()}": str(value) for name, value in fields.items()}
    log.log(level or event.level, message, *args, exc_info=exc_info, extra=extra, stacklevel=2)
