"""What reaches systemd: whole, in UTF-8, one field a line; and what could not be sent in time."""

import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.systemd_notifier import FakeSystemdNotifier
from uptime_bot.service.notify import LONGEST_STATUS, Notifier, connect, status_line, watchdog_s

ANY_TEXT = st.text(max_size=2 * LONGEST_STATUS) | st.text(st.characters(categories=["Cc", "Cs", "Zl", "Zp", "So"]))


@given(words=ANY_TEXT)
def test_a_status_is_one_printable_bounded_line(words: str) -> None:
    line = status_line(words)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert len(line) <= LONGEST_STATUS
    assert status_line(line) == line


@given(words=st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=LONGEST_STATUS))
def test_ordinary_words_are_left_as_they_are(words: str) -> None:
    assert status_line(words) == words


def test_a_long_status_says_that_it_was_cut() -> None:
    assert status_line("x" * 301) == "x" * 299 + "…"


@pytest.mark.parametrize(
    "guild", ["✓ naïve 日本", "\U0001f984", "e\u0301", "\udcff half a surrogate", "two\nlines\x00"]
)
def test_no_guilds_name_costs_a_ready(guild: str) -> None:
    systemd = FakeSystemdNotifier()
    assert Notifier(systemd).send(READY=1, STATUS=f"ready: {guild}")
    assert systemd.last == {"READY": "1", "STATUS": f"ready: {status_line(guild)}"}


@given(words=ANY_TEXT)
def test_every_status_arrives_whole_beside_the_other_fields(words: str) -> None:
    systemd = FakeSystemdNotifier()
    Notifier(systemd).send(STATUS=words, WATCHDOG=1)
    assert systemd.last == {"STATUS": status_line(words), "WATCHDOG": "1"}


def test_what_failed_to_send_goes_with_the_next_datagram_but_for_a_stale_ping() -> None:
    systemd = FakeSystemdNotifier()
    notifier = Notifier(systemd)
    systemd.full = True
    assert not notifier.send(READY=1, STATUS="ready: 1 guild", WATCHDOG=1)
    assert not notifier.send(STATUS="ready: 2 guilds", WATCHDOG=1)
    systemd.full = False
    assert notifier.send(EXTEND_TIMEOUT_USEC=5)
    assert systemd.last == {"READY": "1", "STATUS": "ready: 2 guilds", "EXTEND_TIMEOUT_USEC": "5"}
    assert notifier.send(WATCHDOG=1)
    assert systemd.last == {"WATCHDOG": "1"}


def test_a_trigger_that_could_not_be_sent_stays_due() -> None:
    """Unlike a ping it does not go stale, and nothing sends it a second time."""
    systemd = FakeSystemdNotifier()
    notifier = Notifier(systemd)
    systemd.full = True
    notifier.send(STATUS="deaf: shard 0", WATCHDOG="trigger")
    systemd.full = False
    notifier.send(STATUS="deaf: shard 0")
    assert systemd.last.get("WATCHDOG") == "trigger"


def test_a_ping_does_not_take_the_place_of_a_trigger_that_is_due() -> None:
    systemd = FakeSystemdNotifier()
    notifier = Notifier(systemd)
    systemd.full = True
    notifier.send(WATCHDOG="trigger")
    notifier.send(WATCHDOG=1)
    systemd.full = False
    notifier.send(WATCHDOG=1)
    assert systemd.last == {"WATCHDOG": "trigger"}


class InterruptedNotifier(FakeSystemdNotifier):
    """A signal handler runs in the middle of the first datagram, and finds the socket full."""

    def __init__(self, handler: Callable[[], object]) -> None:
        super().__init__()
        self._handler: Callable[[], object] | None = handler

    def notify(self, state: str) -> None:
        """Interrupt once, then send."""
        handler, self._handler = self._handler, None
        if handler is not None:
            self.full = True
            handler()
            self.full = False
        super().notify(state)


def test_what_a_signal_handler_could_not_send_in_the_middle_of_a_send_stays_due() -> None:
    systemd = InterruptedNotifier(lambda: notifier.send(STOPPING=1, STATUS="stopping"))
    notifier = Notifier(systemd)
    assert notifier.send(READY=1, STATUS="ready")
    assert systemd.last == {"READY": "1", "STATUS": "ready"}
    notifier.send(WATCHDOG=1)
    assert systemd.last == {"STOPPING": "1", "STATUS": "stopping", "WATCHDOG": "1"}


def test_the_socket_never_blocks() -> None:
    systemd = FakeSystemdNotifier()
    assert Notifier(systemd).listening
    assert not systemd.socket.blocking


def test_where_nobody_listens_everything_is_sent() -> None:
    notifier = Notifier(None)
    assert notifier.send(READY=1)
    assert not notifier.listening


def test_without_a_notify_socket_there_is_nobody() -> None:
    assert not connect({}).listening
    assert not connect({"NOTIFY_SOCKET": ""}).listening


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # sdnotify drops the socket that it cannot connect
@pytest.mark.parametrize("address", ["/nowhere/notify", "@nobody-listens-there", "x" * 300])
def test_a_socket_that_cannot_be_reached_is_done_without_and_taken_from_the_environment(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not connect(os.environ).listening
    assert "NOTIFY_SOCKET" not in os.environ


OWN_PID = str(os.getpid())


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        pytest.param({}, None, id="a plain terminal"),
        pytest.param({"WATCHDOG_USEC": "20000000"}, 20.0, id="WatchdogSec=20s"),
        pytest.param({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": OWN_PID}, 20.0, id="for this process"),
        pytest.param({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": ""}, 20.0, id="for nobody in particular"),
        pytest.param({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, None, id="for the wrapper around it"),
        pytest.param({"WATCHDOG_USEC": "0"}, None, id="WatchdogSec=0"),
        pytest.param({"WATCHDOG_USEC": "-5"}, None, id="negative"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="no number"),
    ],
)
def test_the_watchdogs_time(environ: dict[str, str], seconds: float | None) -> None:
    assert watchdog_s(environ) == seconds
