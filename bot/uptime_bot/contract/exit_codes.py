"""The exit codes of `uptime-bot run` and what systemd does with each (see units/uptime-bot.service)."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How the bot's process ends; the numbers above 64 are those of sysexits.h."""

    OK = 0
    """Asked to stop; stays stopped."""

    CRASH = 1
    """Unhandled exception; restarted with backoff."""

    TEMPFAIL = 75
    """Gave up on something that may pass, such as another process holding the instance lock; restarted with backoff."""

    NOPERM = 77
    """Every token source was rejected (401, close code 4004) or none holds a token; not restarted."""

    CONFIG = 78
    """Unreadable configuration, a bot that cannot be imported, close codes 4010 to 4014; not restarted."""
