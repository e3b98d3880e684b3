"""Where tokens come from, in order: systemd credential, files, environment, command, the script's own argument."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from uptime_bot.contract.settings import TokenSettings
from uptime_bot.contract.tokens import Token, TokenRefused, clean

LARGEST_BYTES = 64 * 1024


class Candidate(NamedTuple):
    """A token to try, the source in words, what was cleaned, and what is unusual."""

    label: str
    token: Token
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class SourceProblem(NamedTuple):
    """A source that is there and gives no token, and why, with what to do; never any of its content."""

    label: str
    reason: str

    def __str__(self) -> str:
        return f"{self.label} {self.reason}"


class _Raw(NamedTuple):
    label: str
    content: str | bytes
    warnings: tuple[str, ...] = ()


def candidates(
    settings: TokenSettings, *, environ: Mapping[str, str], own: str | None
) -> Iterator[Candidate | SourceProblem]:
    """The tokens there are, the best source first, each token once; asks a source only when the next one is wanted.

    A source that is not there, or whose name is empty, is passed over in silence. `own` is what the script passed to
    run() or login().
    """
    seen: set[str] = set()
    for found in _every_source(settings, environ, own):
        result = found if isinstance(found, SourceProblem) else _cleaned(found)
        if isinstance(result, Candidate):
            if result.token.fingerprint in seen:
                continue
            seen.add(result.token.fingerprint)
        yield result


def _every_source(
    settings: TokenSettings, environ: Mapping[str, str], own: str | None
) -> Iterator[_Raw | SourceProblem]:
    if settings.credential and (folder := environ.get("CREDENTIALS_DIRECTORY")):
        label = f"systemd credential {settings.credential}"
        # Its permissions are systemd's business: 0400 of the service's user on 252, root's 0440 with an ACL on 257.
        yield from _from_file(Path(folder, settings.credential), label, warn_if_open=False)
    for path in settings.files:
        yield from _from_file(path, f"file {path}", warn_if_open=True)
    if settings.environment and (text := environ.get(settings.environment)) is not None:
        yield _Raw(f"environment variable {settings.environment}", text)
    if settings.command:
        yield _from_command(settings, environ)
    if own is not None:
        yield _Raw("the script's own argument", own)


def _from_file(path: Path, label: str, *, warn_if_open: bool) -> Iterator[_Raw | SourceProblem]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # never waits for a FIFO's writer
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            content = file.read(LARGEST_BYTES + 1) or b""
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError:
        yield SourceProblem(label, "cannot be read: Permission denied; systemd can pass it on as a credential")
        return
    except OSError as error:
        yield SourceProblem(label, f"cannot be read: {error.strerror or type(error).__name__}")
        return
    open_to_others = warn_if_open and stat.S_ISREG(mode) and mode & (stat.S_IROTH | stat.S_IWOTH)
    warnings = (f"other users can read or change it: chmod 600 {path}",) if open_to_others else ()
    yield _Raw(label, content, warnings)


def _from_command(settings: TokenSettings, environ: Mapping[str, str]) -> _Raw | SourceProblem:
    from uptime_bot.contract.token_command import run_token_command  # late: most bots use no command

    argv = settings.command
    label = f"command `{argv[0]}{' …' if len(argv) > 1 else ''}`"  # an argument could be a secret
    output = run_token_command(argv, environ=environ, timeout_s=settings.command_timeout_s, largest=LARGEST_BYTES)
    return SourceProblem(label, output.problem) if output.problem else _Raw(label, output.stdout)


def _cleaned(raw: _Raw) -> Candidate | SourceProblem:
    try:
        cleaned = clean(raw.content)
    except TokenRefused as refused:
        return SourceProblem(raw.label, refused.reason)
    return Candidate(raw.label, cleaned.token, cleaned.notes, (*raw.warnings, *cleaned.warnings))
