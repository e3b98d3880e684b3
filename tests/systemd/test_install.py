"""install.sh as a person uses it, from the first run to the last, on each release."""

from pathlib import Path

import pytest

from rig.machine import CHECKOUT, UNIT, Machine
from rig.snapshots import snapshot
from rig.stand_in import StandInProcess
from rig.terminals import at_a_terminal

TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"
"""The stand-in's public token, given as if it were a real one."""


def invocation(machine: Machine, unit: str = UNIT) -> str:
    return machine.show(unit)["InvocationID"]


def point_at(machine: Machine, discord: StandInProcess) -> None:
    machine.use_discord(api_url=discord.api_url, gateway_url=discord.gateway_url, token="")
    machine.run("rm", "/etc/uptime-bot/token")


def test_dry_run_changes_nothing(bare_machine: Machine) -> None:
    before = snapshot(bare_machine)
    done = bare_machine.install("--dry-run", "--token-stdin", stdin=TOKEN)
    assert "would put /etc/systemd/system/uptime-bot.service in place" in done.stdout
    assert TOKEN not in done.stdout + done.stderr
    assert snapshot(bare_machine) == before


def test_without_token_and_terminal_it_installs_and_says_how_to_go_on(fresh_machine: Machine) -> None:
    done = fresh_machine.install(check=False)
    assert done.returncode == 3
    assert "install.sh --token-file FILE" in done.stdout
    assert fresh_machine.show()["ActiveState"] == "inactive"
    assert fresh_machine.show()["UnitFileState"] == "disabled"


def test_a_token_starts_it_and_is_readable_by_root_alone(fresh_machine: Machine, discord: StandInProcess) -> None:
    point_at(fresh_machine, discord)
    done = fresh_machine.install("--token-stdin", stdin=TOKEN + "\n")
    assert "READY" in done.stdout
    assert TOKEN not in done.stdout + done.stderr
    assert fresh_machine.run("stat", "-c", "%a %U", "/etc/uptime-bot/token").stdout.strip() == "600 root"
    assert not any(TOKEN in value for entry in fresh_machine.journal() for value in entry.values())


def test_the_second_run_changes_and_restarts_nothing(fresh_machine: Machine, discord: StandInProcess) -> None:
    point_at(fresh_machine, discord)
    fresh_machine.install("--token-stdin", stdin=TOKEN)
    before = snapshot(fresh_machine), invocation(fresh_machine)
    done = fresh_machine.install()
    assert "Nothing changed, so nothing was restarted." in done.stdout
    assert (snapshot(fresh_machine), invocation(fresh_machine)) == before


def test_a_token_that_discord_rejects_ends_with_77_and_what_to_do(
    fresh_machine: Machine, discord: StandInProcess
) -> None:
    point_at(fresh_machine, discord)
    done = fresh_machine.install("--token-stdin", stdin="MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.revoked-token", check=False)
    assert done.returncode == 77, done.stdout + done.stderr
    assert "A new one:" in done.stdout
    assert "revoked-token" not in done.stdout + done.stderr


def test_an_empty_token_is_refused(fresh_machine: Machine) -> None:
    done = fresh_machine.install("--token-stdin", stdin=" \n", check=False)
    assert done.returncode == 1
    assert "empty" in done.stderr
    assert not fresh_machine.exists("/etc/uptime-bot/token")


def test_the_configuration_is_never_overwritten(fresh_machine: Machine) -> None:
    fresh_machine.write_file("/etc/uptime-bot/config.toml", "# mine\n")
    fresh_machine.install("--no-start")
    assert fresh_machine.read_file("/etc/uptime-bot/config.toml") == "# mine\n"


def test_an_interrupted_run_is_finished_by_the_next(fresh_machine: Machine) -> None:
    release = fresh_machine.run("readlink", "-f", "/opt/uptime-bot/venv").stdout.strip()
    fresh_machine.run("sh", "-c", f"rm -r {release}/complete {release}/bin /etc/systemd/system/uptime-bot.service")
    fresh_machine.install("--no-start")
    fresh_machine.run("/opt/uptime-bot/venv/bin/uptime-bot", "--help")
    assert fresh_machine.show()["LoadState"] == "loaded"


def test_changed_sources_make_a_new_release_and_a_restart(fresh_machine: Machine, discord: StandInProcess) -> None:
    point_at(fresh_machine, discord)
    fresh_machine.install("--token-stdin", stdin=TOKEN)
    before = invocation(fresh_machine), fresh_machine.run("readlink", "/opt/uptime-bot/venv").stdout
    fresh_machine.run("sh", "-c", f"echo '# changed' >>{CHECKOUT}/bot/uptime_bot/__init__.py")
    fresh_machine.install()
    after = invocation(fresh_machine), fresh_machine.run("readlink", "/opt/uptime-bot/venv").stdout
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert len(fresh_machine.run("ls", "/opt/uptime-bot/releases").stdout.split()) == 2


def test_what_no_start_put_off_is_made_good_by_the_next_run(fresh_machine: Machine, discord: StandInProcess) -> None:
    point_at(fresh_machine, discord)
    fresh_machine.install("--token-stdin", stdin=TOKEN)
    before = invocation(fresh_machine)
    fresh_machine.write_file("/root/bot.py", "import time\nwhile True:\n    time.sleep(60)\n")
    done = fresh_machine.install("--bot", "/root/bot.py", "--no-start")
    assert "still is the old one" in done.stdout
    assert invocation(fresh_machine) == before
    fresh_machine.run(
        "sh", "-c", "rm -r /etc/systemd/system/uptime-bot.service.d/20-target.conf /srv/uptime-bot/bot.py"
    )
    fresh_machine.install()
    assert invocation(fresh_machine) != before
    assert not fresh_machine.exists("/opt/uptime-bot/restart-pending")


def test_at_a_terminal_it_asks_and_does_not_show_what_is_pasted(
    fresh_machine: Machine, discord: StandInProcess
) -> None:
    point_at(fresh_machine, discord)
    shown = at_a_terminal(fresh_machine, f"{CHECKOUT}/install.sh", answer=TOKEN)
    assert "Discord bot token" in shown
    assert "READY" in shown
    assert TOKEN not in shown
    assert fresh_machine.read_file("/etc/uptime-bot/token").strip() == TOKEN


def test_a_directory_becomes_the_bot_and_its_own_files_survive(fresh_machine: Machine) -> None:
    for name, text in {"bot.py": "print('mine')\n", "cogs/a b.py": "", "data.json": "{}", ".git/config": "x"}.items():
        fresh_machine.write_file(f"/root/mybot/{name}", text)
    fresh_machine.install("--no-start", "--bot", "/root/mybot")
    fresh_machine.run("runuser", "-u", "uptime-bot", "--", "sh", "-c", "echo '{1}' >/srv/uptime-bot/data.json")
    fresh_machine.write_file("/root/mybot/bot.py", "print('newer')\n")
    fresh_machine.install("--no-start", "--bot", "/root/mybot")
    assert fresh_machine.read_file("/srv/uptime-bot/bot.py") == "print('newer')\n"
    assert fresh_machine.read_file("/srv/uptime-bot/data.json") == "{1}\n"
    assert fresh_machine.exists("/srv/uptime-bot/cogs/a b.py")
    assert not fresh_machine.exists("/srv/uptime-bot/.git")
    assert "UPTIME_BOT_BOT_TARGET=/srv/uptime-bot/bot.py" in fresh_machine.show()["Environment"]
    before = snapshot(fresh_machine)
    fresh_machine.install("--no-start", "--bot", "/root/mybot")
    fresh_machine.install("--no-start")
    assert snapshot(fresh_machine) == before


def test_a_script_with_an_odd_name_and_requirements(fresh_machine: Machine) -> None:
    name = '100% "my" bot.py'
    fresh_machine.write_file(f"/root/{name}", "print('mine')\n")
    fresh_machine.write_file("/root/needs.txt", "sdnotify\ncolorama\n")
    fresh_machine.install("--no-start", "--bot", f"/root/{name}", "--requirements", "/root/needs.txt")
    fresh_machine.run("/opt/uptime-bot/venv/bin/python", "-c", "import colorama")
    drop_in = fresh_machine.run("systemctl", "show", UNIT, "--property=Environment").stdout
    assert "100%" in drop_in
    fresh_machine.install("--no-start")
    fresh_machine.run("/opt/uptime-bot/venv/bin/python", "-c", "import colorama")


def test_a_directory_that_does_not_say_what_starts_it_is_refused_first(fresh_machine: Machine) -> None:
    for name in ("a.py", "b.py"):
        fresh_machine.write_file(f"/root/two/{name}", "")
    done = fresh_machine.install("--bot", "/root/two", check=False)
    assert done.returncode == 1
    assert "which file in '/root/two' starts the bot?" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--nonsense",), ("--purge",), ("--demo", "--token-stdin"), ("--bot",)],
    ids=["unknown", "purge-alone", "demo-with-token", "no-value"],
)
def test_wrong_usage_ends_with_2(machine: Machine, arguments: tuple[str, ...]) -> None:
    assert machine.install(*arguments, check=False).returncode == 2


def test_uninstall_keeps_what_is_the_users_and_purge_does_not(fresh_machine: Machine) -> None:
    fresh_machine.install("--token-stdin", "--no-start", stdin=TOKEN)
    fresh_machine.run("mkdir", "-p", "/var/lib/uptime-bot")
    fresh_machine.install("--uninstall")
    assert not fresh_machine.exists("/opt/uptime-bot")
    assert not fresh_machine.exists("/etc/systemd/system/uptime-bot.service")
    assert fresh_machine.show()["LoadState"] == "not-found"
    for kept in ("/etc/uptime-bot/token", "/srv/uptime-bot", "/var/lib/uptime-bot"):
        assert fresh_machine.exists(kept), kept
    fresh_machine.install("--uninstall", "--purge")
    left = fresh_machine.run(
        "find", "/etc", "/srv", "/opt", "/var/lib", "/usr/local/lib", "-name", "*uptime-bot*"
    ).stdout
    assert set(left.split()) <= {"/etc/uptime-bot-machine"}
    assert fresh_machine.run("id", "uptime-bot", check=False).returncode != 0


def test_without_systemd_a_plain_install_says_why_and_what_next(bare_machine: Machine) -> None:
    hidden = f"mount -t tmpfs none /run/systemd && {CHECKOUT}/install.sh"
    done = bare_machine.run("unshare", "--mount", "sh", "-c", hidden, check=False)
    assert done.returncode == 1
    assert "not systemd" in done.stderr
    assert "--demo" in done.stderr
    assert not Path(bare_machine.root, "opt/uptime-bot").exists()
