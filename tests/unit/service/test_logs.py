"""Log records as the journal, a terminal and a container read them."""

import io
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.contract.messages import Event, log_event
from uptime_bot.service.logs import (
    ColourFormatter,
    JsonFormatter,
    PriorityFormatter,
    SpeakerFormatter,
    is_journal,
    make_handler,
)


def record(message: str = "hello", level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("bot.cogs", level, "bot.py", 1, message, None, None)
    vars(made).update(extra)
    return made


def failed() -> logging.LogRecord:
    made = record("it failed", logging.ERROR)
    try:
        int("in\ntwo lines")
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


@pytest.mark.parametrize(
    ("level", "priority"),
    [(5, 7), (10, 7), (15, 7), (20, 6), (25, 6), (30, 4), (35, 4), (40, 3), (50, 2), (100, 2)],
)
def test_priorities_are_those_of_syslog(level: int, priority: int) -> None:
    assert PriorityFormatter("%(message)s").format(record(level=level)) == f"<{priority}>hello"


@given(level=st.integers(0, 1000), louder=st.integers(0, 1000))
def test_a_higher_level_is_never_less_urgent(level: int, louder: int) -> None:
    def priority(number: int) -> int:
        return int(PriorityFormatter("%(message)s").format(record(level=number))[1])

    assert 2 <= priority(level + louder) <= priority(level) <= 7


def test_every_line_of_a_traceback_carries_the_priority() -> None:
    lines = PriorityFormatter("%(name)s: %(message)s").format(failed()).split("\n")
    assert lines[0] == "<3>bot.cogs: it failed"
    assert lines[-1].startswith("<3>ValueError: ")
    assert all(line.startswith("<3>") for line in lines)


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(made)
    assert "\n" not in line
    parsed = json.loads(line)
    assert isinstance(parsed, dict)
    return parsed


def test_a_json_line_has_time_level_logger_message_and_the_events_own_fields() -> None:
    made = record("deaf: %s", MESSAGE_ID="e435", UPTIME_BOT_EVENT="deaf", UPTIME_BOT_SHARD="3", lower="not ours")
    made.args, made.created = ("shard 3",), 1_795_260_130.5
    assert as_json(made) == {
        "at": "2026-11-21T11:22:10.500+00:00",
        "level": "info",
        "logger": "bot.cogs",
        "message": "deaf: shard 3",
        "message_id": "e435",
        "event": "deaf",
        "shard": "3",
    }


def test_a_traceback_in_json() -> None:
    parsed = as_json(failed())
    assert parsed["message"] == "it failed"
    assert parsed["exception"].startswith("Traceback (most recent call last):")
    assert parsed["exception"].endswith(r"ValueError: invalid literal for int() with base 10: 'in\ntwo lines'")


@given(message=st.text(st.characters()), value=st.none() | st.integers() | st.text() | st.builds(object))
def test_any_message_and_field_is_one_line_of_json(message: str, value: object) -> None:
    made = record("%s", UPTIME_BOT_X=value)
    made.args = (message,)
    assert as_json(made)["message"] == message


def test_a_field_never_takes_the_place_of_the_message() -> None:
    assert as_json(record("hello", MESSAGE="a bot's own journal field", LEVEL="loud"))["message"] == "hello"


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING, logging.CRITICAL, 25])
def test_colour_is_put_around_the_level_alone(level: int) -> None:
    pattern = "%(levelname)-8s %(name)s: %(message)s"
    made = record("INFO     in the text", level)
    coloured = ColourFormatter(pattern).format(made)
    assert coloured.startswith("\x1b[")
    assert coloured.endswith("\x1b[0m bot.cogs: INFO     in the text")


class TtyStream(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("form", "stream", "kind"),
    [
        ("json", io.StringIO(), JsonFormatter),
        ("console", io.StringIO(), SpeakerFormatter),
        ("console", TtyStream(), ColourFormatter),
        ("auto", io.StringIO(), SpeakerFormatter),
        ("auto", TtyStream(), ColourFormatter),
    ],
)
def test_the_format_that_was_asked_for(form: str, stream: io.StringIO, kind: type[logging.Formatter]) -> None:
    assert type(make_handler(form, {}, stream).formatter) is kind


def test_the_journal_is_known_by_the_file_that_systemd_names(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as stream, (tmp_path / "elsewhere").open("w") as other:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert is_journal(stream, environ)
        assert not is_journal(other, environ)
        assert not is_journal(stream, {})
    assert not is_journal(io.StringIO(), environ)


def test_an_event_carries_its_message_id_and_fields(caplog: pytest.LogCaptureFixture) -> None:
    log_event(logging.getLogger("uptime_bot.x"), Event.DEAF, "deaf: %s", "shard 3", shard=3)
    (made,) = caplog.records
    fields = vars(made)
    assert (made.levelno, made.message) == (logging.WARNING, "deaf: shard 3")
    assert fields["MESSAGE_ID"] == Event.DEAF.message_id
    assert (fields["UPTIME_BOT_EVENT"], fields["UPTIME_BOT_SHARD"]) == ("deaf", "3")
    assert made.funcName == "test_an_event_carries_its_message_id_and_fields"
