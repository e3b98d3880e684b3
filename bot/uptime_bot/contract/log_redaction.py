"""Keeps tokens out of log records, whatever handler writes them."""

import logging
import traceback
from types import TracebackType
from typing import Any, TypeAlias

from uptime_bot.contract.redaction import Redactor

_PLAIN: logging.LogRecord = logging.makeLogRecord({})
_STANDARD = frozenset(vars(_PLAIN)) | {"message", "asctime"}
_STANDARD_COUNT = len(vars(_PLAIN))
_DEEPEST = 4  # what is further inside is replaced by its text, which shows the same

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


class RedactingFilter(logging.Filter):
    """Takes tokens out of a record's message, arguments, traceback, stack and extra fields; drops no record.

    A handler may write more than the formatted message: the journal's writes the arguments, the exception and every
    extra field. That is why the record itself is changed, and why this belongs on each handler.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._finds = redactor.finds
        self._redact = redactor.redact

    def filter(self, record: logging.LogRecord) -> bool:
        """Cleans the record in place; always True, never raises."""
        try:
            self._clean(record)
        except Exception:  # noqa: BLE001  (neither a leak nor an error in the code that only wanted to log)
            record.msg = "[record withheld: it could not be redacted]"
            record.args = record.exc_info = record.exc_text = record.stack_info = None
            for name in record.__dict__.keys() - _STANDARD:
                del record.__dict__[name]
        return True

    def _clean(self, record: logging.LogRecord) -> None:
        if not self._message_is_clean(record):
            self._clean_message(record)
        if record.exc_info or record.exc_text or record.stack_info:
            self._clean_traces(record)
        if len(record.__dict__) > _STANDARD_COUNT:
            self._clean_extras(record)

    def _message_is_clean(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
            # With the arguments as repr() shows them: more may stand there than the message used.
            return not self._finds(f"{message}\n{record.args}" if record.args else message)
        except Exception:  # noqa: BLE001  (any argument's own __str__ may fail, and logging itself reports it)
            return False

    def _clean_message(self, record: logging.LogRecord) -> None:
        record.args = self._cleaned(record.args)
        record.msg = self._cleaned(record.msg)
        if self._message_is_clean(record):
            return
        # A token put together from several arguments, or arguments that cannot be formatted or shown.
        try:
            record.msg = self._redact(record.getMessage())
        except Exception:  # noqa: BLE001  (as above)
            record.msg = f"{self._redact(str(record.msg))} [arguments withheld: they cannot be formatted]"
        record.args = None

    def _clean_traces(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self._clean_exception(record)
        if record.exc_text:
            record.exc_text = self._redact(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redact(record.stack_info)

    def _clean_exception(self, record: logging.LogRecord) -> None:
        given: Any = record.exc_info  # whatever a caller put there
        text = _formatted(given)
        shown = repr(given) if text else ""
        if text and not self._finds(text) and not self._finds(shown):
            return
        # The exception is somebody else's and cannot be changed: its text goes on without it.
        record.exc_text = self._redact(text or "[traceback withheld: it cannot be formatted]").rstrip("\n")
        record.exc_info = None

    def _clean_extras(self, record: logging.LogRecord) -> None:
        fields = record.__dict__
        for name in [name for name in fields if name not in _STANDARD]:
            fields[name] = self._cleaned(fields[name])

    def _cleaned(self, value: Any, depth: int = 0) -> Any:
        """The value with tokens replaced; the same object where it shows none."""
        match value:
            case None | bool() | int() | float():
                return value
            case str() if type(value) is str:
                return self._redact(value)
            case _ if self._shows_nothing(value):
                return value
            case bytes() | bytearray():
                return self._redact(value.decode("latin-1")).encode("latin-1", "replace")
            case dict() if depth < _DEEPEST:
                return {self._cleaned(key, depth + 1): self._cleaned(item, depth + 1) for key, item in value.items()}
            case list() | tuple() | set() | frozenset() if depth < _DEEPEST:
                # Plain ones, as a subclass may be made in other ways.
                plain = next(kind for kind in (list, tuple, set, frozenset) if isinstance(value, kind))
                return plain(self._cleaned(item, depth + 1) for item in value)
            case _:
                return Shown(self._redact(_text_of(str, value)), self._redact(_text_of(repr, value)))

    def _shows_nothing(self, value: Any) -> bool:
        try:
            texts = (str(value), repr(value))
        except Exception:  # noqa: BLE001  (its own __str__ or __repr__)
            return False
        return not any(self._finds(text) for text in texts)


class Shown:
    """Stands for an object whose text held a token: shows that text, redacted."""

    __slots__ = ("_repr", "_str")

    def __init__(self, as_str: str, as_repr: str) -> None:
        self._str = as_str
        self._repr = as_repr

    def __str__(self) -> str:
        return self._str

    def __repr__(self) -> str:
        return self._repr


def _text_of(show: type[str] | Any, value: object) -> str:
    try:
        return str(show(value))
    except Exception:  # noqa: BLE001  (its own __str__ or __repr__)
        return f"[{type(value).__name__} that cannot be shown]"


def _formatted(exc_info: Any) -> str:
    """The traceback as text; empty where it cannot be formatted."""
    try:
        if isinstance(exc_info, BaseException):
            return "".join(traceback.format_exception(exc_info))
        return "".join(traceback.format_exception(*exc_info))
    except Exception:  # noqa: BLE001  (an exception's own __str__, or no exc_info at all)
        return ""
