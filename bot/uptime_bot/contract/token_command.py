"""Runs the command whose output is a token: no shell, no input, bounded in time and size."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, NamedTuple

from uptime_bot.contract.redaction import Redactor

_LONGEST_COMPLAINT = 200
_LARGEST_STDERR = 4096


class Output(NamedTuple):
    """What the command wrote, or why it gave nothing; the problem never holds the token."""

    stdout: bytes = b""
    problem: str = ""


def run_token_command(argv: Sequence[str], *, environ: Mapping[str, str], timeout_s: float, largest: int) -> Output:
    """The command's standard output; it and its children are killed when the time or the size is used up."""
    try:
        process = subprocess.Popen(
            argv,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # its children die with it
        )
    except (OSError, ValueError) as error:
        return Output(problem=f"cannot be started: {getattr(error, 'strerror', None) or 'its arguments are not valid'}")
    with process:
        try:
            stdout, stderr, problem = _collect(process, time.monotonic() + timeout_s, largest)
        finally:
            _kill_group(process)
    if problem:
        return Output(problem=problem)
    if process.returncode:
        return Output(problem=_failure(process.returncode, stdout, stderr))
    return Output(stdout)


def _collect(process: subprocess.Popen[bytes], deadline_mono: float, largest: int) -> tuple[bytes, bytes, str]:
    """Both outputs and the problem, if any; ends when both are closed and the process has ended."""
    stdout, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(_stream(process.stdout), selectors.EVENT_READ, stdout)
        selector.register(_stream(process.stderr), selectors.EVENT_READ, stderr)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline_mono - time.monotonic()))
            if not ready:
                return b"", b"", "took too long and was ended"
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                key.data.extend(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
            del stderr[_LARGEST_STDERR:]
            if len(stdout) > largest:
                return b"", b"", f"wrote more than {largest // 1024} KiB: that is no token"
    try:
        process.wait(max(0.0, deadline_mono - time.monotonic()))
    except subprocess.TimeoutExpired:
        return b"", b"", "took too long and was ended"
    return bytes(stdout), bytes(stderr), ""


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("the process was started without pipes")
    return pipe


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # Also after a good end: a child that keeps running in the background has no business here.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _failure(returncode: int, stdout: bytes, stderr: bytes) -> str:
    how = f"ended with exit code {returncode}" if returncode > 0 else f"was killed by signal {-returncode}"
    redactor = Redactor()
    for word in stdout.decode(errors="replace").split():
        redactor.register(word)
    complaint = redactor.redact(" ".join(stderr.decode(errors="replace").split()))
    readable = "".join(character for character in complaint if character.isprintable())
    return f"{how}: {readable[:_LONGEST_COMPLAINT]}" if readable else how
