"""Where a bot keeps its state and its control socket when nobody says: pure functions of the environment."""

import os.path
import re
from collections.abc import Mapping
from pathlib import Path

BUILT_IN = "built-in"
_LONGEST_STEM = 32  # a Unix socket's path ends at 107 bytes


def instance_name(target: str, *, working_directory: Path) -> str:
    """A folder name of the target's own: its stem and a hash of its absolute path, or "built-in" for no target."""
    if not target:
        return BUILT_IN
    from hashlib import sha256  # late: OpenSSL is slow to load, and in the service nobody asks

    absolute = os.path.normpath(working_directory / target)
    stem = re.sub(r"[^A-Za-z0-9_.-]", "_", Path(absolute).stem).strip(".")[:_LONGEST_STEM] or "bot"
    return f"{stem}-{sha256(os.fsencode(absolute)).hexdigest()[:8]}"


def default_state_dir(environ: Mapping[str, str], *, name: str) -> Path:
    """systemd's StateDirectory=, else the XDG place of the user; without a home, a folder in the working directory."""
    if own := _first(environ.get("STATE_DIRECTORY", "")):
        return own
    if base := _absolute(environ.get("XDG_STATE_HOME", "")):
        return base / "uptime-bot" / name
    home = _absolute(environ.get("HOME", "")) or Path()
    return home / ".local" / "state" / "uptime-bot" / name


def default_runtime_dir(environ: Mapping[str, str], *, name: str, state_dir: Path) -> Path:
    """systemd's RuntimeDirectory=, else the XDG place of the user, else a folder below the state directory."""
    if own := _first(environ.get("RUNTIME_DIRECTORY", "")):
        return own
    if base := _absolute(environ.get("XDG_RUNTIME_DIR", "")):
        return base / "uptime-bot" / name
    return state_dir / "run"


def _first(listed: str) -> Path | None:
    # systemd joins several directories of one unit with colons.
    return _absolute(listed.partition(":")[0])


def _absolute(given: str) -> Path | None:
    # The XDG specification: a relative path is to be ignored.
    return Path(given) if given.startswith("/") else None
