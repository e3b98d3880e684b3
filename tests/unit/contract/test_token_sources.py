"""Tokens come from their sources in order, each once; what is there and gives none says why."""

import os
import sys
import time
from pathlib import Path

import pytest

from uptime_bot.contract.settings import TokenSettings
from uptime_bot.contract.token_sources import Candidate, SourceProblem, candidates

TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWsABC"
PATH = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}


def numbered(number: int) -> str:
    """One of several different tokens."""
    return f"{TOKEN[:-3]}{number:03}"


def private(path: Path, content: str | bytes) -> Path:
    """A file that only its owner reads."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


def found(
    settings: TokenSettings, environ: dict[str, str] | None = None, own: str | None = None
) -> list[Candidate | SourceProblem]:
    """Everything that the sources give."""
    return list(candidates(settings, environ={**PATH, **(environ or {})}, own=own))


def told(settings: TokenSettings, environ: dict[str, str] | None = None, own: str | None = None) -> list[str]:
    """The same in words, tokens by their last digits."""
    return [
        f"{result.label}: {result.token.reveal()[-3:]}" if isinstance(result, Candidate) else str(result)
        for result in found(settings, environ, own)
    ]


def python(code: str) -> tuple[str, ...]:
    """A command that runs this code."""
    return (sys.executable, "-c", code)


def test_the_order_of_the_sources(tmp_path: Path) -> None:
    private(tmp_path / "discord-token", numbered(1))
    first, second = private(tmp_path / "a", numbered(2)), private(tmp_path / "b", numbered(3))
    settings = TokenSettings(files=(first, second), command=("echo", numbered(5)))
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "DISCORD_TOKEN": numbered(4)}
    assert told(settings, environ, numbered(6)) == [
        "systemd credential discord-token: 001",
        f"file {first}: 002",
        f"file {second}: 003",
        "environment variable DISCORD_TOKEN: 004",
        "command `echo …`: 005",
        "the script's own argument: 006",
    ]


def test_sources_that_are_not_there_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = TokenSettings(files=(tmp_path / "none", tmp_path / "file" / "none"))
    assert told(settings, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == []


def test_sources_without_a_name_are_passed_over(tmp_path: Path) -> None:
    settings = TokenSettings(credential="", files=(), environment="")
    assert told(settings, {"CREDENTIALS_DIRECTORY": str(tmp_path), "": TOKEN}, TOKEN) == [
        "the script's own argument: ABC"
    ]


def test_the_same_token_is_given_once(tmp_path: Path) -> None:
    path = private(tmp_path / "a", f'DISCORD_TOKEN="{TOKEN}"')
    assert told(TokenSettings(files=(path,)), {"DISCORD_TOKEN": TOKEN}, f"Bot {TOKEN}") == [f"file {path}: ABC"]


def test_a_source_is_asked_only_when_it_is_wanted(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    settings = TokenSettings(files=(), command=("touch", str(trace)))
    sources = candidates(settings, environ={**PATH, "DISCORD_TOKEN": TOKEN}, own=None)
    assert isinstance(next(sources), Candidate)
    assert not trace.exists()
    next(sources)
    assert trace.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("", "holds no token: it is empty", id="empty"),
        pytest.param("\ufeff\n", "holds no token: it is empty", id="byte order mark"),
        pytest.param("YOUR_TOKEN_HERE", "is a placeholder", id="placeholder"),
        pytest.param("x" * 70000, "holds more than 64 KiB", id="large"),
        pytest.param(b"\xff\xf0\xfe\xfd", "is not text", id="binary"),
    ],
)
def test_what_is_there_and_holds_no_token_is_a_problem(tmp_path: Path, content: str | bytes, reason: str) -> None:
    private(tmp_path / "discord-token", content)
    path = private(tmp_path / "file", content)
    problems = told(TokenSettings(files=(path,)), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert len(problems) == 2
    assert problems[0].startswith(f"systemd credential discord-token {reason}")
    assert problems[1].startswith(f"file {path} {reason}")


def test_an_empty_variable_and_argument_are_problems() -> None:
    problems = told(TokenSettings(files=()), {"DISCORD_TOKEN": ""}, "")
    assert [problem.partition(" holds ")[0] for problem in problems] == [
        "environment variable DISCORD_TOKEN",
        "the script's own argument",
    ]


def test_what_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    paths = (tmp_path, tmp_path / "loop", tmp_path / "fifo")
    problems = told(TokenSettings(files=paths))
    assert problems[0] == f"file {tmp_path} cannot be read: Is a directory"
    assert problems[1].startswith(f"file {tmp_path}/loop cannot be read: ")
    assert problems[2].startswith(f"file {tmp_path}/fifo holds no token")


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True)])
def test_a_file_open_to_others_is_warned_of_but_never_a_credential(tmp_path: Path, mode: int, warned: bool) -> None:
    path = private(tmp_path / "discord-token", TOKEN)
    path.chmod(mode)
    (from_file,) = found(TokenSettings(files=(path,)))
    assert isinstance(from_file, Candidate)
    assert any("chmod 600" in warning for warning in from_file.warnings) is warned
    (from_systemd,) = found(TokenSettings(files=()), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert isinstance(from_systemd, Candidate)
    assert from_systemd.warnings == ()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        pytest.param(("true",), "command `true` holds no token", id="empty"),
        pytest.param(("none-such-command", "x"), "command `none-such-command …` cannot be started", id="missing"),
        pytest.param(python("raise SystemExit(3)"), "ended with exit code 3", id="exit code"),
        pytest.param(("sh", "-c", "kill -9 $$"), "was killed by signal 9", id="signal"),
        pytest.param(("sh", "-c", "echo no key >&2; exit 1"), "ended with exit code 1: no key", id="stderr"),
        pytest.param(("cat", "/dev/zero"), "wrote more than 64 KiB", id="endless"),
    ],
)
def test_a_command_that_gives_no_token(command: tuple[str, ...], reason: str) -> None:
    (problem,) = told(TokenSettings(files=(), command=command))
    assert reason in problem


def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = ("sh", "-c", f"sleep 60 & echo $! > {pid}; wait")
    began = time.monotonic()
    (problem,) = told(TokenSettings(files=(), command=command, command_timeout_s=0.5))
    assert problem == "command `sh …` took too long and was ended"
    assert time.monotonic() - began < 10
    assert is_gone(int(pid.read_text()))


def is_gone(pid: int) -> bool:
    """Whether the process ends within five seconds; a zombie has ended."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        os.sched_yield()
    return False


def test_the_complaint_of_a_command_shows_no_token() -> None:
    odd = "an-odd-token-of-another-server"
    for secret in (TOKEN, odd):
        code = f"import sys; print('{secret}'); print('denied: {secret}' + 'x' * 9999, file=sys.stderr); sys.exit(1)"
        (problem,) = told(TokenSettings(files=(), command=python(code)))
        assert "denied: [token tok-" in problem
        assert secret not in problem
        assert len(problem) < 400


def test_a_command_gets_no_input_and_no_shell() -> None:
    code = "import sys; print(sys.stdin.read() + sys.argv[1])"
    (result,) = found(TokenSettings(files=(), command=(*python(code), f"$HOME;{numbered(1)}")))
    assert isinstance(result, Candidate)
    assert result.token.reveal() == numbered(1)
