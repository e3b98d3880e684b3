"""A throwaway machine with a real systemd as PID 1, as the tests see it; drill/machine.sh does the work."""

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from rig.ports import free_port_pair

REPOSITORY = Path(__file__).resolve().parents[2]
MACHINE_SH = REPOSITORY / "drill" / "machine.sh"
STATE = Path("/run/uptime-bot-machines")
CHECKOUT = "/usr/local/src/uptime-bot"
"""Where the checkout lies inside."""

UNIT = "uptime-bot.service"
DEMO_UNIT = "uptime-bot-demo-discord.service"
PREFIX = "test"
POLL_S = 0.05

# Where pip and TLS of the host are configured; a tree of another release knows none of it.
_HOST_SETTINGS = (
    Path("/etc/pip.conf"),
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/usr/local/share/ca-certificates"),
    Path.home() / ".config" / "pip" / "pip.conf",
    Path.home() / ".pip" / "pip.conf",
)

Run = subprocess.CompletedProcess[str]


class Machine:
    """One booted machine. Commands inside run as root; the network is the host's, so 127.0.0.1 is shared."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._demo_port = 0
        self.root = STATE / name / "root"
        """The machine's root directory as the host sees it, without what is mounted inside (/run, /tmp)."""

    @classmethod
    def boot(cls, name: str, *, root: Path, layers: tuple[Path, ...] = ()) -> "Machine":
        """Boot over `root` and the layers of stopped machines; 1 to 3 s."""
        full_name = f"{PREFIX}{os.getpid()}-{name}"
        arguments = ["up", full_name, "--root", str(root)]
        for layer in layers:
            arguments += ["--layer", str(layer)]
        cache = Path(os.environ.get("PIP_CACHE_DIR") or Path.home() / ".cache" / "pip")
        cache.mkdir(parents=True, exist_ok=True)
        arguments += ["--bind", f"{cache}:/root/.cache/pip"]
        _machine_sh(*arguments)
        machine = cls(full_name)
        if root != Path("/"):
            machine._bring_host_settings()
        return machine

    def _bring_host_settings(self) -> None:
        for setting in _HOST_SETTINGS:
            inside = (
                Path("/root") / setting.relative_to(Path.home()) if setting.is_relative_to(Path.home()) else setting
            )
            if setting.is_dir():
                self.put(setting, str(inside))
            elif setting.exists():
                self.write_file(str(inside), setting.read_text())

    # Commands

    def run(
        self,
        *argv: str,
        check: bool = True,
        stdin: str = "",
        timeout_s: float = 60,
        env: Mapping[str, str] | None = None,
    ) -> Run:
        """Run a command inside as root and wait for it; raises AssertionError with its output when it fails."""
        inside = ["env", *(f"{name}={value}" for name, value in env.items()), *argv] if env else argv
        done = subprocess.run(
            [str(MACHINE_SH), "run", self.name, *inside],
            input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False, errors="replace",
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{shlex.join(argv)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def systemctl(self, *arguments: str, check: bool = True, timeout_s: float = 60) -> Run:
        """`systemctl ARGUMENTS` inside."""
        return self.run("systemctl", "--no-pager", *arguments, check=check, timeout_s=timeout_s)

    def show(self, unit: str = UNIT) -> dict[str, str]:
        """All properties of a unit, as `systemctl show` spells them."""
        lines = self.systemctl("show", unit).stdout.splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def journal(self, unit: str = UNIT, *matches: str) -> list[dict[str, str]]:
        """Entries from and about a unit, oldest first, with all their fields as text."""
        output = self.run("journalctl", "--no-pager", "-q", "-o", "json", "-u", unit, *matches).stdout
        return [_as_text(json.loads(line)) for line in output.splitlines()]

    def messages(self, unit: str = UNIT) -> list[str]:
        """The MESSAGE of each journal entry from and about a unit."""
        return [entry.get("MESSAGE", "") for entry in self.journal(unit)]

    # Files

    def write_file(self, path: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file inside and make its directories; not for /run or /tmp."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def read_file(self, path: str) -> str:
        """The text of a file inside."""
        return (self.root / path.lstrip("/")).read_text(errors="replace")

    def exists(self, path: str) -> bool:
        """Whether a path is there inside (links are not followed, they would lead out)."""
        return os.path.lexists(self.root / path.lstrip("/"))

    def put(self, directory: Path, to: str) -> None:
        """Copy the contents of a directory of the host."""
        _machine_sh("put", self.name, str(directory), to)

    def drop_in(self, text: str, *, unit: str = UNIT, name: str = "90-test") -> None:
        """Add to a unit, [Section] lines included, and let systemd read it."""
        self.write_file(f"/etc/systemd/system/{unit}.d/{name}.conf", text)
        self.systemctl("daemon-reload")

    # Waiting

    def wait_until(self, condition: Callable[[], bool], *, deadline_s: float, what: str = "") -> float:
        """Poll until it holds; seconds waited. Raises AssertionError with the journal's end when it does not."""
        began = time.monotonic()
        while time.monotonic() - began < deadline_s:
            if condition():
                return time.monotonic() - began
            time.sleep(POLL_S)
        tail = "\n".join(self.messages()[-30:])
        raise AssertionError(f"not within {deadline_s} s: {what or condition}\n{tail}")

    def wait_for_state(self, *states: str, unit: str = UNIT, deadline_s: float = 30) -> float:
        """Wait until ActiveState is one of `states`."""
        return self.wait_until(
            lambda: self.show(unit)["ActiveState"] in states,
            deadline_s=deadline_s,
            what=f"{unit} {' or '.join(states)}",
        )

    # uptime-bot

    def install(self, *arguments: str, check: bool = True, stdin: str = "", timeout_s: float = 240) -> Run:
        """`install.sh ARGUMENTS` from the checkout inside."""
        return self.run(f"{CHECKOUT}/install.sh", *arguments, check=check, stdin=stdin, timeout_s=timeout_s)

    def install_demo(self, *, check: bool = True) -> Run:
        """`install.sh --demo` on ports that nobody uses: the usual ones are shared with the host."""
        if not self._demo_port:
            self._demo_port = free_port_pair()
        return self.install("--demo", "--demo-port", str(self._demo_port), check=check)

    def use_discord(self, *, api_url: str, gateway_url: str, token: str) -> None:
        """Let the bot talk to a stand-in with this token."""
        self.write_file("/etc/uptime-bot/token", token + "\n", mode=0o600)
        self.drop_in(
            "[Service]\n"
            f"Environment=UPTIME_BOT_DISCORD_API_URL={api_url}\n"
            f"Environment=UPTIME_BOT_DISCORD_GATEWAY_URL={gateway_url}\n",
            name="80-discord",
        )

    def forget_bot(self) -> None:
        """Between tests: the bot stopped, and its state, token, files and test drop-ins gone; the journal stays."""
        self.systemctl("stop", UNIT, check=False)
        self.run("sh", "-c", "rm -rf /etc/systemd/system/uptime-bot.service.d /etc/uptime-bot/token"
                             " /var/lib/uptime-bot/* /srv/uptime-bot/* /var/log/uptime-bot/*")  # fmt: skip
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", check=False)

    # The end

    def stop(self) -> Path:
        """Power off and keep what it changed: a layer for other machines."""
        _machine_sh("stop", self.name)
        return STATE / self.name / "up"

    def down(self) -> None:
        """Power off and remove every trace."""
        _machine_sh("down", self.name)


def remove_stale_machines() -> None:
    """End what earlier test runs left behind that were killed before they could."""
    for state in STATE.glob(f"{PREFIX}*-*"):
        owner = state.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            with suppress(AssertionError):
                _machine_sh("down", state.name)


def _machine_sh(*arguments: str) -> None:
    done = subprocess.run(
        [str(MACHINE_SH), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=90
    )
    if done.returncode != 0:
        raise AssertionError(f"machine.sh {shlex.join(arguments)}: {done.stdout}{done.stderr}")


def _as_text(entry: Mapping[str, object]) -> dict[str, str]:
    """Journal fields are text, a list where a field came twice, or a list of numbers where it is not UTF-8."""
    return {name: _field_text(value) for name, value in entry.items()}


def _field_text(value: object) -> str:
    if isinstance(value, list):
        if value and all(isinstance(item, int) for item in value):
            return bytes(value).decode(errors="replace")
        return "\n".join(str(item) for item in value)
    return str(value)
