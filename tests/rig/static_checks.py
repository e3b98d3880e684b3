"""A pytest plugin of tests/run: names what failed before this run above the closing line, and fails the run."""

import os

import pytest

FAILED = [name for name in os.environ.get("FAILED_CHECKS", "").split(",") if name]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each, where people look."""
    if FAILED:
        terminalreporter.section("failed before this", red=True)
        terminalreporter.write_line(", ".join(FAILED))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Passing tests do not make up for a failed check."""
    if FAILED and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
