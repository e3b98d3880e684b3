"""Ending the process with a code that systemd and people can act on."""

import logging

from uptime_bot.contract.exit_codes import ExitCode
from uptime_bot.contract.messages import Event, log_event

_log = logging.getLogger(__name__)


class GiveUp(SystemExit):
    """Raised where the process cannot go on; a SystemExit, so that a bot's `except Exception` does not swallow it."""

    def __init__(self, code: ExitCode, reason: str) -> None:
        super().__init__(int(code))
        self.exit_code = code
        self.reason = reason


class ExitNote:
    """Remembers why the process ends, so that the exit code is right even when the script swallows the exception."""

    def __init__(self) -> None:
        self.given_up: GiveUp | None = None
        self.stop_asked = False
        self.swallowed: BaseException | None = None
        """The last exception that left the client; a script that then ends with 0 has swallowed a crash."""

    def give_up(self, code: ExitCode, reason: str, event: Event) -> GiveUp:
        """Log the reason once and return the exception to raise."""
        if self.given_up is None:
            self.given_up = GiveUp(code, reason)
            log_event(_log, event, "%s", reason)
        return self.given_up

    def final_code(self, code: int) -> int:
        """The exit code of the process, given the one that the script ended with."""
        if self.given_up is not None:
            return int(self.given_up.exit_code)
        if self.stop_asked:
            return int(ExitCode.OK)
        if code == 0 and self.swallowed is not None:
            return int(ExitCode.CRASH)
        return code
