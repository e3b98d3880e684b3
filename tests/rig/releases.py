"""The systemd releases that the tests run on, and where their root directories come from."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rig import needs

PACKAGES = (
    "ca-certificates",
    "dbus",
    "procps",
    "python3",
    "python3-systemd",
    "python3-venv",
    "systemd",
    "systemd-sysv",
    "util-linux",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One systemd major version and the Debian release that has it."""

    systemd: str
    debian: str

    def root(self) -> Path:
        """A root directory with that systemd: the host's own where it fits, else a tree that is kept between runs."""
        if _host_systemd() == self.systemd:
            return Path("/")
        return _cached_tree(self.debian)


RELEASES = {release.systemd: release for release in (
    Release(systemd="252", debian="bookworm"),
    Release(systemd="257", debian="trixie"),
)}  # fmt: skip


def _host_systemd() -> str:
    found = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True)
    return found.stdout.split()[1]


def cache_directory() -> Path:
    """$UPTIME_BOT_CACHE, else ~/.cache/uptime-bot."""
    return Path(os.environ.get("UPTIME_BOT_CACHE") or Path.home() / ".cache" / "uptime-bot")


def _cached_tree(debian: str) -> Path:
    """Half a minute the first time; the name changes with the packages, so that an old tree is never taken for it."""
    digest = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:8]
    tree = cache_directory() / f"{debian}-{digest}"
    tree.parent.mkdir(parents=True, exist_ok=True)
    with (tree.parent / f"{tree.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            needs.require("mmdebstrap")
            _bootstrap(debian, tree)
    return tree


def _bootstrap(debian: str, tree: Path) -> None:
    half_done = tree.with_name(tree.name + ".new")
    shutil.rmtree(half_done, ignore_errors=True)
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", debian, str(half_done)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    half_done.rename(tree)
