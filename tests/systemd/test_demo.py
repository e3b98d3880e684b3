"""The demo: a fresh machine, one command, a bot that is READY; and how it becomes the real one."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.machine import DEMO_UNIT, REPOSITORY, UNIT, Machine
from rig.ports import free_port_pair
from rig.snapshots import snapshot

TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"
READY_WITHIN_S = 180


def test_a_fresh_machine_has_a_bot_that_is_ready_within_three_minutes(bare_machine: Machine) -> None:
    began = time.monotonic()
    done = bare_machine.install_demo()
    assert time.monotonic() - began < READY_WITHIN_S
    assert "READY: 2 guilds" in done.stdout
    for command in ("systemctl status uptime-bot", "journalctl -u uptime-bot -f", "systemctl stop uptime-bot"):
        assert command in done.stdout
    status = bare_machine.systemctl("status", UNIT).stdout
    assert "Active: active (running)" in status
    assert 'Status: "ready' in status


def test_the_second_demo_run_changes_and_restarts_nothing(fresh_machine: Machine) -> None:
    fresh_machine.install_demo()
    before = snapshot(fresh_machine), [fresh_machine.show(unit)["InvocationID"] for unit in (UNIT, DEMO_UNIT)]
    fresh_machine.install_demo()
    after = snapshot(fresh_machine), [fresh_machine.show(unit)["InvocationID"] for unit in (UNIT, DEMO_UNIT)]
    assert after == before


def test_a_token_later_makes_it_the_real_bot(fresh_machine: Machine) -> None:
    fresh_machine.install_demo()
    fresh_machine.write_file("/root/token", TOKEN)
    done = fresh_machine.install("--token-file", "/root/token", "--no-start")
    assert "remove /etc/systemd/system/uptime-bot.service.d/50-demo.conf" in done.stdout
    assert fresh_machine.show(DEMO_UNIT)["ActiveState"] == "inactive"
    assert not fresh_machine.exists(f"/etc/systemd/system/{DEMO_UNIT}")
    assert not fresh_machine.exists(f"/etc/systemd/system/{UNIT}.d/50-demo.conf")
    assert fresh_machine.read_file("/etc/uptime-bot/token") == TOKEN


def test_without_a_token_a_demo_stays_a_demo(fresh_machine: Machine) -> None:
    fresh_machine.install_demo()
    before = fresh_machine.show()["InvocationID"]
    done = fresh_machine.install()
    assert "it stays the demo" in done.stdout
    assert fresh_machine.show()["InvocationID"] == before


def test_the_demo_never_pushes_a_real_token_aside(fresh_machine: Machine) -> None:
    fresh_machine.install("--token-stdin", "--no-start", stdin=TOKEN)
    done = fresh_machine.install_demo(check=False)
    assert done.returncode == 1
    assert "would take that bot offline" in done.stderr


class HostDemo:
    """install.sh on the host as if its PID 1 were not systemd, with a demo machine of its own name."""

    def __init__(self, directory: Path) -> None:
        # A copy, so that work on the checkout meanwhile is not taken for an upgrade.
        shutil.copytree(
            REPOSITORY, directory, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache")
        )
        self.directory = directory
        self.environ = {**os.environ, "UPTIME_BOT_DEMO_MACHINE": f"test{os.getpid()}-demo"}

    def install(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # On a host that does run systemd its marker is hidden, for this command alone.
        hide = '[ ! -d /run/systemd ] || mount -t tmpfs none /run/systemd; exec "$@"'
        command = ["unshare", "--mount", "--propagation", "unchanged"] if Path("/run/systemd/system").exists() else []
        if command:
            command += ["sh", "-c", hide, "sh"]
        return subprocess.run(
            [*command, str(self.directory / "install.sh"), *arguments],
            env=self.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=READY_WITHIN_S,
        )  # fmt: skip


@pytest.fixture
def host_demo(rig_host: None, tmp_path: Path) -> Iterator[HostDemo]:
    demo = HostDemo(tmp_path / "checkout")
    yield demo
    demo.install("--demo-end")


def test_without_systemd_the_demo_runs_in_a_throwaway_machine(host_demo: HostDemo) -> None:
    port = str(free_port_pair())
    done = host_demo.install("--demo", "--demo-port", port)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "READY: 2 guilds" in done.stdout
    assert "throwaway machine" in done.stdout
    assert "install.sh --demo-end" in done.stdout
    status = host_demo.install("--demo-enter", "systemctl", "is-active", "uptime-bot")
    assert status.stdout.strip() == "active"
    again = host_demo.install("--demo", "--demo-port", port)
    assert "Nothing changed, so nothing was restarted." in again.stdout
    ended = host_demo.install("--demo-end")
    assert ended.returncode == 0, ended.stderr
    assert host_demo.install("--demo-enter", "true").returncode != 0


def test_a_port_that_is_taken_is_said_before_anything_is_changed(fresh_machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = fresh_machine.install("--demo", "--demo-port", str(port), check=False)
    assert done.returncode == 1
    assert f"something listens on 127.0.0.1:{port} already" in done.stderr
    assert not fresh_machine.exists(f"/etc/systemd/system/{DEMO_UNIT}")
