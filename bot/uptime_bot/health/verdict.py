"""What judge() finds and what can be done about it."""

from enum import StrEnum
from typing import NamedTuple

from uptime_bot.contract.health import Health


class SymptomKind(StrEnum):
    """How a shard looks deaf while its socket is open."""

    ACK_MISSING = "ack-missing"
    IDENTIFY_UNANSWERED = "identify-unanswered"
    RESUME_UNANSWERED = "resume-unanswered"
    QUESTION_UNANSWERED = "question-unanswered"

    NOBODY_CONNECTED = "nobody-connected"
    """Of the process: it lives on, and no client of its is connected any more."""


class Symptom(NamedTuple):
    """One shard that looks deaf."""

    shard: str
    """Its name; "" where it is the whole process."""

    kind: SymptomKind
    since_mono: float
    words: str
    remedies: int


class Verdict(NamedTuple):
    """The bot's health at one tick."""

    health: Health
    reason: str
    """In words that a person understands; empty when healthy."""

    symptoms: tuple[Symptom, ...] = ()


class RemedyKind(StrEnum):
    """What the heartbeat can do by itself."""

    ASK_REST = "ask-rest"
    """Find out whether Discord's REST answers."""

    ASK_SHARD = "ask-shard"
    """Put a question to a silent shard that the gateway must answer (op 8 for the bot's own member)."""

    RESUME = "resume"
    """Close with 4000; the connection loop resumes."""

    REIDENTIFY = "reidentify"
    """Close with 4000 and forget the session; the connection loop identifies."""

    TRIGGER = "trigger"
    """WATCHDOG=trigger: systemd kills and restarts the process."""


class Remedy(NamedTuple):
    """One thing to do now, and why."""

    kind: RemedyKind
    reason: str
    shard: str | None = None
