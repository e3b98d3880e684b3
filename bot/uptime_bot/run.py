"""The composition root of `uptime-bot run`: puts the parts together, runs the target, ends with the right code."""

import gc
import logging
import sys
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from uptime_bot import __version__
from uptime_bot.continuity.store import RecordStore
from uptime_bot.contract.config_error import ConfigError
from uptime_bot.contract.exit_codes import ExitCode
from uptime_bot.contract.messages import Event, log_event
from uptime_bot.contract.redaction import Redactor
from uptime_bot.contract.rejected_tokens import RejectedTokens
from uptime_bot.contract.settings import LogSettings, Settings
from uptime_bot.service.early_tls import EarlyContext
from uptime_bot.service.exits import ExitNote, GiveUp
from uptime_bot.service.instance_lock import InstanceLock, InstanceLocked
from uptime_bot.service.lingering import lingering_threads, wait_for_bots_in_threads
from uptime_bot.service.logs import set_up_logging
from uptime_bot.service.notify import Notifier, connect, watchdog_s
from uptime_bot.service.pacing import is_main_process_of_a_unit, wait_for_turn
from uptime_bot.service.pulse import Pulse
from uptime_bot.service.reloading import Reloader
from uptime_bot.service.restart_pace import CrashRecord
from uptime_bot.service.stopping import Stopper, ignore_interrupts
from uptime_bot.service.token_purse import TokenPurse
from uptime_bot.target import Target, TargetKind, TargetRefused, run_attribute, run_script

if TYPE_CHECKING:
    from uptime_bot.attachment import Attachment
    from uptime_bot.contract.status import Status

_log = logging.getLogger(__name__)


def run(
    load: Callable[[], Settings],
    arguments: tuple[str, ...],
    environ: MutableMapping[str, str],
    early_tls: EarlyContext,
) -> int:
    """Run the bot until it ends; returns the exit code.

    `load` reads the configuration: once now, and again at each reload.
    """
    ping_s = watchdog_s(environ)
    supervised = is_main_process_of_a_unit(environ)
    notifier = connect(environ)
    redactor = Redactor()
    try:
        settings = load()
    except ConfigError as exc:
        set_up_logging(LogSettings(), environ, redactor)
        log_event(_log, Event.CONFIG_REFUSED, "%s", exc)
        notifier.send(STATUS=f"not started: {exc}")
        return ExitCode.CONFIG
    set_up_logging(settings.log, environ, redactor)
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        environ.pop(name, None)  # as with NOTIFY_SOCKET: no child, and no ping of the bot's own, stands in for ours
    host = Host(
        settings=settings,
        load=load,
        target=Target.parse(settings.bot.target, arguments),
        notifier=notifier,
        redactor=redactor,
        ping_s=ping_s,
        environ=environ,
        early_tls=early_tls,
    )
    return host.run(supervised=supervised)


class Host:
    """The process around the user's bot."""

    def __init__(
        self,
        *,
        settings: Settings,
        load: Callable[[], Settings],
        target: Target,
        notifier: Notifier,
        redactor: Redactor,
        ping_s: float | None,
        environ: MutableMapping[str, str],
        early_tls: EarlyContext,
    ) -> None:
        self._settings = settings
        self._load = load
        self._target = target
        self._notifier = notifier
        self._redactor = redactor
        self._ping_s = ping_s
        self._environ = environ
        self._early_tls = early_tls
        self._exits = ExitNote()
        self._pulse = Pulse()
        self._crashes = CrashRecord(settings.paths.state_dir / "crashes.json")
        self._attachment: Attachment | None = None
        self._reloader = Reloader(
            notifier=notifier, load_settings=self._reload_settings, is_ready=lambda: self._ready_at is not None
        )
        self._stopper = Stopper(
            exits=self._exits,
            notifier=notifier,
            pulse=self._pulse,
            grace_s=lambda: self._settings.stop.grace_s,
            on_stop=self._stop_attachment,
            at_end=self._count_end_at_the_deadline,
        )

    def _stop_attachment(self) -> None:
        if self._attachment is not None:
            self._attachment.stopping()

    def _latest_status(self) -> "Status | None":
        return None if self._attachment is None else self._attachment.board.latest

    @property
    def _ready_at(self) -> float | None:
        status = self._latest_status()
        return None if status is None else status.ready_at

    def run(self, *, supervised: bool) -> int:
        """Run to the end; returns the exit code."""
        self._stopper.install()
        if supervised or not sys.stdin or not sys.stdin.isatty():
            self._reloader.install()  # in a terminal SIGHUP means that the terminal is gone, and the bot goes with it
        code = self._outcome(lambda: self._run(supervised=supervised))
        if not self._exits.final_code(code) and not self._exits.stop_asked:
            code = self._outcome(lambda: wait_for_bots_in_threads(self._pulse, lambda: self._exits.stop_asked))
        return self._end(code)

    def _outcome(self, action: Callable[[], None]) -> int:
        try:
            action()
        except KeyboardInterrupt:
            self._exits.stop_asked = True
            return ExitCode.OK
        except SystemExit as exc:
            return _code_of(exc)
        except (TargetRefused, InstanceLocked) as exc:
            refused = isinstance(exc, TargetRefused)
            event = Event.CONFIG_REFUSED if refused else Event.INSTANCE_LOCKED
            code = ExitCode.CONFIG if refused else ExitCode.TEMPFAIL
            return int(self._exits.give_up(code, str(exc), event).exit_code)
        except BaseException as exc:  # noqa: BLE001 - whatever ends the user's script is told once, here
            return self._crashed(exc)
        return ExitCode.OK

    def _run(self, *, supervised: bool) -> None:
        self._make_folders()
        if supervised:
            wait_for_turn(
                self._crashes, self._settings.restart, self._notifier, resumable_for_s=self._resumable_for_s()
            )
        InstanceLock(self._settings.paths.state_dir / "instance.lock").acquire(self._target.name)
        self._notifier.send(STATUS=f"starting: {self._target.name}")
        self._attach()
        gc.freeze()  # all of it stays as long as the process: no collection has to look through it
        gc.enable()
        match self._target.kind:
            case TargetKind.SCRIPT:
                run_script(self._target)
            case TargetKind.ATTRIBUTE:
                run_attribute(self._target)
            case TargetKind.BUILT_IN:
                self._run_built_in()

    def _resumable_for_s(self) -> float | None:
        session, paths = self._settings.session, self._settings.paths
        if session.across_restarts != "resume":
            return None
        store = RecordStore(paths.state_dir, paths.runtime_dir)
        return store.resumable_for_s(now=datetime.now(UTC), window_s=session.window_s)

    def _make_folders(self) -> None:
        for folder in (self._settings.paths.state_dir, self._settings.paths.runtime_dir):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as exc:
                raise TargetRefused(
                    f"the folder {folder} cannot be made: {exc.strerror}; mend [paths] in the configuration"
                ) from exc

    def _attach(self) -> None:
        with self._early_tls.given_to_the_first():
            # Late: it imports discord.py, which the pace may put off.
            from uptime_bot.attachment import attach_to_discordpy

        self._attachment = attach_to_discordpy(
            settings=lambda: self._settings,
            target=self._target.name,
            notifier=self._notifier,
            watchdog_s=self._ping_s,
            crashes=self._crashes,
            exits=self._exits,
            pulse=self._pulse,
            purse=self._make_purse(),
        )
        log_event(_log, Event.STARTED, "uptime-bot %s runs %s", __version__, self._target.name)

    def _make_purse(self) -> TokenPurse:
        rejected = RejectedTokens(self._settings.paths.state_dir / "rejected-tokens.json")
        if rejected.problem:
            _log.warning("%s", rejected.problem)
        return TokenPurse(
            lambda: self._settings.token,
            environ=self._environ,
            rejected=rejected,
            redactor=self._redactor,
        )

    def _run_built_in(self) -> None:
        from uptime_bot.builtin.bot import BuiltInBot  # late: it imports discord.ext.commands

        bot = BuiltInBot(
            cogs_dir=self._settings.bot.cogs_dir,
            state_dir=self._settings.paths.state_dir,
            status=self._latest_status,
        )
        self._reloader.bot = bot
        bot.run("", log_handler=None)

    def _reload_settings(self) -> None:
        fresh = self._load()
        for section in ("bot", "discord", "paths", "log"):
            if getattr(fresh, section) != getattr(self._settings, section):
                _log.warning("changes to [%s] take effect at the next restart", section)
        self._settings = fresh

    def _crashed(self, exc: BaseException) -> int:
        cannot_import = isinstance(exc, SyntaxError | ImportError) and self._latest_status() is None
        code = ExitCode.CONFIG if cannot_import else ExitCode.CRASH
        self._stopper.arm(code)  # before the log, which may block
        log_event(_log, Event.CRASHED, "the bot crashed: %s: %s", type(exc).__name__, exc, exc_info=exc)
        return code

    def _end(self, code: int) -> int:
        final = self._exits.final_code(code)
        if code == 0 and final == ExitCode.CRASH:
            swallowed = self._exits.swallowed
            log_event(
                _log,
                Event.CRASHED,
                "the script ended as if all was well after %s: %s",
                type(swallowed).__name__,
                swallowed,
            )
        if self._exits.stop_asked or final or lingering_threads():
            self._stopper.arm(final)
        if self._attachment is not None:
            self._attachment.keep_sessions()
        self._count_end(final)
        if isinstance(self._exits.given_up, GiveUp):
            self._notifier.send(STATUS=f"gave up: {self._exits.given_up.reason}")
        elif final:
            self._notifier.send(STATUS=f"crashed with exit code {final}")
        ignore_interrupts()
        if self._attachment is not None:
            self._attachment.end()
        self._stopper.wait_until_told()
        return final

    def _count_end_at_the_deadline(self, code: int) -> None:
        """Something did not end in time; an event whose handler that is may be poison, so the record is not closed."""
        if self._attachment is not None:
            self._attachment.write_sessions_down()
        self._count_end(code)

    def _count_end(self, code: int) -> None:
        """Take this start back where it was no crash; nothing else decides that.

        An unasked end with 0 counts: who has it restarted (RestartForceExitStatus=0) has it paced, too.
        """
        if self._exits.stop_asked or code in (ExitCode.NOPERM, ExitCode.CONFIG):
            self._crashes.ended_cleanly()


def _code_of(exc: SystemExit) -> int:
    if exc.code is None:
        return 0
    if isinstance(exc.code, int):
        return exc.code
    _log.error("%s", exc.code)
    return 1
