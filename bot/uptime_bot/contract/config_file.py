"""Reads config.toml within bounds, and finds the line on which a key stands."""

import errno
import os
import re
import stat
from pathlib import Path
from typing import Any, NamedTuple

from uptime_bot.contract.config_error import ConfigError, Mistake, may_hold_secret

LARGEST_BYTES = 1024 * 1024

# The parts of valid TOML that matter for finding keys; everything else is one character each.
_PART = r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|\#[^\n]*|[A-Za-z0-9_-]+|[^ \t\r]'


class ConfigFile(NamedTuple):
    """A file's tables, and the line of each key and table by its dotted path."""

    path: Path
    tables: dict[str, Any]
    lines: dict[tuple[str, ...], int]

    def where(self, *keys: str) -> str:
        """file:line of the key, or of the table around it where the key stands in an inline table."""
        for length in range(len(keys), 0, -1):
            if line := self.lines.get(keys[:length]):
                return f"{self.path}:{line}"
        return str(self.path)


def read_config_file(path: Path, *, must_exist: bool) -> ConfigFile:
    """The file's content, or nothing where it may be missing and is; raises ConfigError."""
    import tomllib  # late: most processes find no file, and this costs 10 ms

    try:
        text = _text_of(path)
    except FileNotFoundError:
        if must_exist:
            raise _error(path, "there is no such file", "the path of a configuration file") from None
        return ConfigFile(path, {}, {})
    except OSError as error:
        raise _error(path, f"cannot be read: {_reason(error)}", "a file that this user can read") from None
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError, and so is an impossible date
        raise _syntax_error(path, text, error) from None
    return ConfigFile(path, tables, key_lines(text))


def _text_of(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # never waits for a FIFO's writer
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        raw = file.read(LARGEST_BYTES + 1) or b""
    if len(raw) > LARGEST_BYTES:
        raise _error(path, "larger than 1 MiB", "a configuration file")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _error(path, "written in UTF-16", "UTF-8")
    try:
        return raw.decode("utf-8-sig")  # editors on Windows begin a file with a byte order mark
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _error(path, "not UTF-8", "UTF-8", line=line) from None


def _syntax_error(path: Path, text: str, error: Exception) -> ConfigError:
    if isinstance(error, RecursionError):
        return _error(path, "nested too deeply", "tables and simple values")
    found = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
    line = int(found[1]) if found else text.count("\n") + 1 if "end of document" in str(error) else None
    problem = re.sub(r" \(at [^()]*\)$", "", str(error))
    if may_hold_secret(problem) or len(problem) > 120:  # some messages repeat a key
        problem = "a key is defined twice or wrongly"
    return _error(path, f"not valid TOML: {problem}", 'lines such as key = 1.5 or key = "text"', line=line)


def _error(path: Path, problem: str, expected: str, *, line: int | None = None) -> ConfigError:
    return ConfigError([Mistake(f"{path}:{line}" if line else str(path), problem, expected)])


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of each key and table of a valid TOML text; keys inside an inline table are not told apart."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    statement: list[str] = []
    began = line = 1
    depth = 0
    for match in re.finditer(_PART, text, re.DOTALL):
        part = match[0]
        if part == "\n" and depth == 0:
            table = _record(statement, table, began, lines)
            statement = []
        elif not part.startswith(("#", "\n")):
            began = began if statement else line
            statement.append(part)
        depth += (part in "[{") - (part in "]}") if len(part) == 1 else 0
        line += part.count("\n")
    _record(statement, table, began, lines)
    return lines


def _record(
    statement: list[str], table: tuple[str, ...], began: int, lines: dict[tuple[str, ...], int]
) -> tuple[str, ...]:
    header = statement[:1] == ["["]
    keys = []
    for part in statement:
        if part in ("=", "]"):
            break
        if part not in ("[", "."):
            keys.append(_bare(part))
    path = tuple(keys) if header else (*table, *keys)
    if keys:
        lines.setdefault(path, began)
    return path if header else table


def _bare(part: str) -> str:
    return part[1:-1] if part[0] in "\"'" else part
