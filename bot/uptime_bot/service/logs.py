"""Where log records go: the journal under systemd, a readable console elsewhere, JSON lines for containers."""

import json
import logging
import os
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from uptime_bot.contract.log_redaction import RedactingFilter
from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.redaction import Redactor
from uptime_bot.contract.settings import LogSettings
from uptime_bot.service.basic_config import keep_beside_basic_config

_log = logging.getLogger(__name__)

IDENTIFIER = "uptime-bot"


def set_up_logging(settings: LogSettings, environ: Mapping[str, str], redactor: Redactor) -> None:
    """Give the root logger our handler, which the bot's basicConfig() keeps, and uncaught exceptions a way into it.

    Tokens are taken out at two places: on our handler, which sees every field of a record, and where records are made,
    so that a handler of the bot's own (a log file, basicConfig(force=True)) gets none either.
    """
    redaction = RedactingFilter(redactor)
    handler = make_handler(settings.format, environ, sys.stderr)
    handler.addFilter(redaction)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    keep_beside_basic_config(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("uptime_bot").setLevel(settings.level)
    logging.setLogRecordFactory(_redacting_factory(redaction))
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda failure: _log_uncaught(
        failure.exc_type, failure.exc_value or failure.exc_type(), failure.exc_traceback
    )


def _redacting_factory(redaction: RedactingFilter) -> Any:
    make = logging.getLogRecordFactory()

    def make_redacted(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        redaction.filter(record)
        return record

    return make_redacted


def _log_uncaught(kind: type[BaseException], exc: BaseException, trace: Any) -> None:
    log_event(_log, Event.CRASHED, "unhandled %s: %s", kind.__name__, exc, exc_info=(kind, exc, trace))


def make_handler(form: str, environ: Mapping[str, str], stream: TextIO) -> logging.Handler:
    """The handler for a format; "auto" is the journal where stderr is connected to it."""
    to_journal = is_journal(stream, environ)
    if form == "journal" or (form == "auto" and to_journal):
        return _journal_handler() or _console(stream, PriorityFormatter("%(speaker)s%(message)s"))
    if form == "json":
        return _console(stream, JsonFormatter())
    pattern = "%(asctime)s %(levelname)-8s %(speaker)s%(message)s"
    return _console(stream, ColourFormatter(pattern) if stream.isatty() else SpeakerFormatter(pattern))


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether the stream goes to the journal (systemd.exec(5), $JOURNAL_STREAM)."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _journal_handler() -> logging.Handler | None:
    try:
        from systemd.journal import JournalHandler  # an optional package, and only of use here
    except ImportError:
        return None
    handler: logging.Handler = JournalHandler(SYSLOG_IDENTIFIER=IDENTIFIER)
    handler.setFormatter(SpeakerFormatter("%(speaker)s%(message)s"))
    return handler


def _console(stream: TextIO, formatter: logging.Formatter) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    return handler


class SpeakerFormatter(logging.Formatter):
    """Names who speaks where it is the bot or discord.py; a line without a name is ours, as SYSLOG_IDENTIFIER says."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        record.speaker = "" if record.name.startswith("uptime_bot.") else f"{record.name}: "
        return super().format(record)


PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


class PriorityFormatter(SpeakerFormatter):
    """For the journal without python-systemd: `<N>` before each line carries the priority (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as lines that the journal files under its priority."""
        priority = next((priority for level, priority in PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, and the event's own fields in lower case."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = {
            key.removeprefix("UPTIME_BOT_").lower(): value for key, value in vars(record).items() if key.isupper()
        }
        line = fields | line  # a field never takes the place of what every line has
        if record.exc_info or record.exc_text:
            line["exception"] = record.exc_text or self.formatException(record.exc_info)  # type: ignore[arg-type]
        return json.dumps(line, default=str, ensure_ascii=False)


class ColourFormatter(SpeakerFormatter):
    """For a terminal: the level in colour."""

    COLOURS = {"DEBUG": "2", "INFO": "34", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}  # noqa: RUF012 - a constant

    def format(self, record: logging.LogRecord) -> str:
        """The record as text with one coloured word."""
        text = super().format(record)
        word = f"{record.levelname:<8}"
        return text.replace(word, f"\x1b[{self.COLOURS.get(record.levelname, '0')}m{word}\x1b[0m", 1)
