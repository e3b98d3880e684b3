"""A TLS context that is made before it is asked for: it goes to who asks first, and to nobody else."""

import ssl
import subprocess
import sys
import threading

import pytest

from uptime_bot.service.early_tls import EarlyContext

MAKE = ssl.create_default_context


def cannot_read_them() -> ssl.SSLContext:
    raise OSError("no certificates")


def test_who_asks_first_is_given_it_and_the_next_one_of_its_own() -> None:
    with EarlyContext().given_to_the_first():
        first, second = ssl.create_default_context(), ssl.create_default_context()
    assert first is not second
    assert first.verify_mode is second.verify_mode is ssl.CERT_REQUIRED
    assert first.check_hostname
    assert ssl.create_default_context is MAKE


def test_it_is_made_beside_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    made_by: list[str] = []

    def make() -> ssl.SSLContext:
        made_by.append(threading.current_thread().name)
        return MAKE()

    monkeypatch.setattr(ssl, "create_default_context", make)
    with EarlyContext().given_to_the_first():
        ssl.create_default_context()
    assert made_by == ["uptime-bot TLS context"]


def test_who_asks_for_something_particular_is_given_that() -> None:
    with EarlyContext().given_to_the_first():
        assert ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).verify_mode is ssl.CERT_NONE


def test_nobody_asks_and_all_is_as_before() -> None:
    with EarlyContext().given_to_the_first():
        pass
    assert ssl.create_default_context is MAKE


def test_certificates_that_cannot_be_read_are_told_to_who_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "create_default_context", cannot_read_them)
    with EarlyContext().given_to_the_first(), pytest.raises(OSError, match="no certificates"):
        ssl.create_default_context()


def test_without_a_thread_it_is_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    early = EarlyContext()
    with early.given_to_the_first():
        assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED


def test_aiohttp_takes_it() -> None:
    """Else it would only cost: a newer aiohttp may make its context otherwise."""
    code = (
        "import ssl; from uptime_bot.service.early_tls import EarlyContext; early = EarlyContext()\n"
        "early._thread.join(); made = early._made\n"
        "with early.given_to_the_first():\n import aiohttp.connector\n"
        "print(aiohttp.connector._SSL_CONTEXT_VERIFIED is made)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "True"


def test_a_process_that_ends_at_once_ends_as_it_means_to() -> None:
    """OpenSSL frees what its thread works with at the exit, if that is still at work."""
    refused = [sys.executable, "-m", "uptime_bot.cli", "run", "--set", "health.tick_s=never"]
    assert [subprocess.run(refused, check=False, capture_output=True).returncode for _ in range(12)] == [78] * 12
