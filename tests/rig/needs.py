"""What a test needs from the machine it runs on: skipped where it is missing, failed in CI."""

import os
import shutil

import pytest

PACKAGE_OF = {
    "systemd-nspawn": "systemd-container",
    "dbus-daemon": "dbus",
    "mmdebstrap": "mmdebstrap",
    "systemd-analyze": "systemd",
}


def missing(*commands: str, root: bool = True) -> list[str]:
    """What stands in the way, in words; empty when nothing does."""
    problems = [f"{name} (package {PACKAGE_OF.get(name, name)})" for name in commands if shutil.which(name) is None]
    if root and os.geteuid() != 0:
        problems.append("root")
    return problems


def require(*commands: str, root: bool = True) -> None:
    """Skip the test and say what is missing; with CI=true that is a failure, so that CI never skips."""
    problems = missing(*commands, root=root)
    if not problems:
        return
    message = "needs " + ", ".join(problems)
    if os.environ.get("CI") == "true":
        pytest.fail(message + ", and with CI=true nothing is skipped", pytrace=False)
    pytest.skip(message)
