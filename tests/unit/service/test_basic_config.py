"""logging.basicConfig() of a bot does what it does without us, and leaves our handler in its place."""

import io
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from uptime_bot.contract.redaction import Redactor
from uptime_bot.contract.settings import LogSettings
from uptime_bot.service.basic_config import keep_beside_basic_config
from uptime_bot.service.logs import set_up_logging

ROOT = logging.getLogger()


@pytest.fixture(autouse=True)
def process_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Puts back all that set_up_logging and basicConfig change, and closes what they opened."""
    handlers, level, factory = ROOT.handlers[:], ROOT.level, logging.getLogRecordFactory()
    ours_level = logging.getLogger("uptime_bot").level
    monkeypatch.setattr(logging, "basicConfig", logging.basicConfig)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    ROOT.handlers[:] = []
    yield
    for handler in ROOT.handlers:
        handler.close()
    ROOT.handlers[:] = handlers
    ROOT.setLevel(level)
    logging.getLogger("uptime_bot").setLevel(ours_level)
    logging.setLogRecordFactory(factory)


def kept() -> logging.Handler:
    """Our handler, alone on the root logger. No fixture: pytest puts its own handlers there after those."""
    handler = logging.StreamHandler(io.StringIO())
    ROOT.handlers[:] = [handler]
    ROOT.setLevel(logging.INFO)
    keep_beside_basic_config(handler)
    return handler


def test_a_file_is_written_beside_ours_in_its_own_format(tmp_path: Path) -> None:
    ours = kept()
    file = tmp_path / "mybot.log"
    logging.basicConfig(filename=file, level=logging.DEBUG, format="%(levelname)s|%(message)s")
    logging.getLogger("mybot").debug("hello")
    assert file.read_text() == "DEBUG|hello\n"
    assert ROOT.handlers[0] is ours
    assert len(ROOT.handlers) == 2


@pytest.mark.parametrize("stream", [None, "stdout", "stderr"])
def test_the_console_gets_no_second_handler_but_the_level_holds(stream: str | None) -> None:
    ours = kept()
    options = {} if stream is None else {"stream": getattr(sys, stream)}
    logging.basicConfig(level="DEBUG", format="%(message)s", datefmt="%H", **options)
    assert ROOT.handlers == [ours]
    assert ROOT.level == logging.DEBUG


def test_a_stream_that_is_no_console_is_written() -> None:
    kept()
    stream = io.StringIO()
    logging.basicConfig(stream=stream, format="%(message)s")
    logging.getLogger("mybot").info("hello")
    assert stream.getvalue() == "hello\n"


def test_of_several_handlers_only_the_plain_console_is_left_out(tmp_path: Path) -> None:
    ours = kept()

    class Coloured(logging.StreamHandler[io.StringIO]):
        pass

    file, coloured = logging.FileHandler(tmp_path / "mybot.log"), Coloured(io.StringIO())
    logging.basicConfig(handlers=[file, logging.StreamHandler(), coloured])
    assert ROOT.handlers == [ours, file, coloured]


def test_no_level_leaves_the_level() -> None:
    kept()
    logging.basicConfig()
    assert ROOT.level == logging.INFO


def test_only_the_first_call_counts_unless_forced(tmp_path: Path) -> None:
    ours = kept()
    logging.basicConfig(level=logging.WARNING)
    logging.basicConfig(level=logging.DEBUG, filename=tmp_path / "second.log")
    assert (ROOT.level, ROOT.handlers) == (logging.WARNING, [ours])
    logging.basicConfig(level=logging.ERROR, filename=tmp_path / "third.log", force=True)
    assert ROOT.level == logging.ERROR
    assert not (tmp_path / "second.log").exists()
    assert (tmp_path / "third.log").exists()


def test_a_handler_that_the_bot_added_before_makes_it_do_nothing(tmp_path: Path) -> None:
    ours = kept()
    own = logging.NullHandler()
    ROOT.addHandler(own)
    logging.basicConfig(level=logging.DEBUG, filename=tmp_path / "mybot.log")
    assert (ROOT.level, ROOT.handlers) == (logging.INFO, [ours, own])


def test_force_removes_all_but_ours(tmp_path: Path) -> None:
    ours = kept()
    own = logging.FileHandler(tmp_path / "own.log")
    ROOT.addHandler(own)
    logging.basicConfig(force=True)
    assert ROOT.handlers == [ours]
    assert own.stream is None  # closed


@pytest.mark.parametrize(
    "options",
    [
        {"nonsense": 1},
        {"level": "LOUD"},
        {"style": "?"},
        {"filename": "x", "stream": sys.stderr},
        {"handlers": (), "stream": 1},
    ],
)
def test_what_is_refused_without_us_is_refused_and_ours_stays(options: dict[str, Any]) -> None:
    ours = kept()
    with pytest.raises(ValueError, match=r"."):
        logging.basicConfig(**options)
    assert ours in ROOT.handlers


def test_after_the_bot_took_ours_away_it_is_on_its_own() -> None:
    ours = kept()
    ROOT.handlers.clear()
    logging.basicConfig()
    assert len(ROOT.handlers) == 1
    assert ROOT.handlers[0] is not ours


def test_a_file_of_the_bots_own_gets_no_token(tmp_path: Path) -> None:
    ROOT.handlers[:] = []
    redactor = Redactor()
    redactor.register("an-odd-token-of-another-server")
    set_up_logging(LogSettings(format="console"), {}, redactor)
    set_up_logging(LogSettings(format="console"), {}, redactor)  # wraps the original once more, not our wrapper
    logging.basicConfig(filename=tmp_path / "mybot.log")
    logging.getLogger("mybot").warning("login with %s", "an-odd-token-of-another-server")
    written = (tmp_path / "mybot.log").read_text()
    assert "login with [token tok-" in written
    assert "an-odd-token" not in written
    assert len(ROOT.handlers) == 2
