"""The exit code says how the process ended, whatever the script makes of the exception."""

import logging

import pytest

from uptime_bot.contract.exit_codes import ExitCode
from uptime_bot.contract.messages import Event
from uptime_bot.service.exits import ExitNote, GiveUp

CRASH = ValueError("a handler's own")


@pytest.mark.parametrize(
    ("given_up", "stop_asked", "swallowed", "scripts_own", "final"),
    [
        pytest.param(None, False, None, 0, 0, id="the script ended by itself"),
        pytest.param(None, False, None, 3, 3, id="sys.exit(3)"),
        pytest.param(None, False, None, 1, 1, id="an unhandled exception"),
        pytest.param(None, True, None, 0, 0, id="SIGTERM"),
        pytest.param(None, True, None, 1, 0, id="SIGTERM, and a finally block that failed"),
        pytest.param(None, True, CRASH, 0, 0, id="SIGTERM during a login that failed"),
        pytest.param(None, False, CRASH, 0, 1, id="except Exception: print(...) around bot.run"),
        pytest.param(None, False, CRASH, 5, 5, id="except Exception: sys.exit(5)"),
        pytest.param(ExitCode.NOPERM, False, None, 77, 77, id="401"),
        pytest.param(ExitCode.NOPERM, False, None, 0, 77, id="401, and the script swallowed SystemExit"),
        pytest.param(ExitCode.CONFIG, False, CRASH, 1, 78, id="4014, and the script failed on top of it"),
        pytest.param(ExitCode.TEMPFAIL, False, None, 0, 75, id="a second instance"),
        pytest.param(ExitCode.NOPERM, True, None, 0, 77, id="SIGTERM after 401: a stop does not hide why"),
    ],
)
def test_the_final_code(
    given_up: ExitCode | None, stop_asked: bool, swallowed: BaseException | None, scripts_own: int, final: int
) -> None:
    note = ExitNote()
    if given_up is not None:
        note.give_up(given_up, "because", Event.NO_TOKEN)
    note.stop_asked = stop_asked
    note.swallowed = swallowed
    assert note.final_code(scripts_own) == final


def test_the_first_reason_is_kept_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    note = ExitNote()
    first = note.give_up(ExitCode.NOPERM, "no token", Event.NO_TOKEN)
    second = note.give_up(ExitCode.CONFIG, "shard 1 says the same otherwise", Event.CONFIG_REFUSED)
    assert first is second
    assert (first.exit_code, first.reason) == (ExitCode.NOPERM, "no token")
    assert [(record.message, record.levelno) for record in caplog.records] == [("no token", logging.CRITICAL)]
    assert vars(caplog.records[0])["MESSAGE_ID"] == Event.NO_TOKEN.message_id


def test_except_exception_does_not_swallow_it() -> None:
    given_up = GiveUp(ExitCode.CONFIG, "because")
    assert isinstance(given_up, SystemExit)
    assert not isinstance(given_up, Exception)
    assert given_up.code == 78
