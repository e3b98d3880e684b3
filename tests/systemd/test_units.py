"""The units as systemd itself judges them, on each release."""

import pytest

from rig.machine import CHECKOUT, Machine

SECURITY_CEILING = 15
"""Tenths of systemd-analyze's exposure level."""

UNITS = (
    "/etc/systemd/system/uptime-bot.service",
    f"{CHECKOUT}/units/demo/uptime-bot-demo-discord.service",
)


@pytest.mark.parametrize("unit", UNITS)
def test_verify_finds_nothing_to_complain_of(machine: Machine, unit: str) -> None:
    done = machine.run("systemd-analyze", "verify", "--recursive-errors=no", unit, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_exposure_stays_below_the_ceiling(machine: Machine, unit: str) -> None:
    machine.run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={SECURITY_CEILING}", unit)


def test_a_program_that_is_missing_is_not_tried_ten_times_a_second(machine: Machine) -> None:
    machine.run("mv", "/opt/uptime-bot/venv", "/opt/uptime-bot/venv.away")
    try:
        machine.systemctl("start", "uptime-bot", check=False)
        machine.wait_for_state("failed")
        state = machine.show()
        assert (state["ExecMainStatus"], state["NRestarts"]) == ("203", "0")
    finally:
        machine.run("mv", "/opt/uptime-bot/venv.away", "/opt/uptime-bot/venv")
        machine.forget_bot()


def test_a_missing_folder_of_the_bot_is_not_tried_ten_times_a_second(machine: Machine) -> None:
    machine.run("mv", "/srv/uptime-bot", "/srv/uptime-bot.away")
    try:
        machine.systemctl("start", "uptime-bot", check=False)
        machine.wait_for_state("failed")
        state = machine.show()
        assert (state["ExecMainStatus"], state["NRestarts"]) == ("200", "0")
    finally:
        machine.run("mv", "/srv/uptime-bot.away", "/srv/uptime-bot")
        machine.forget_bot()


def test_a_sandbox_that_cannot_be_made_is_not_tried_ten_times_a_second(machine: Machine) -> None:
    machine.drop_in("[Service]\nReadWritePaths=/nowhere\n")
    machine.systemctl("start", "uptime-bot", check=False)
    machine.wait_for_state("failed")
    state = machine.show()
    assert (state["ExecMainStatus"], state["NRestarts"]) == ("226", "0")
    machine.forget_bot()


def test_a_missing_token_file_does_not_keep_the_bot_from_looking_elsewhere(machine: Machine) -> None:
    machine.drop_in(
        "[Service]\nExecStart=\nExecStart=/bin/sh -c 'od -An -c $CREDENTIALS_DIRECTORY/discord-token; exit 78'\n"
    )
    machine.systemctl("start", "uptime-bot", check=False)
    machine.wait_for_state("failed")
    assert machine.show()["ExecMainStatus"] == "78"
    assert any(message.strip() == "\\n" for message in machine.messages()), machine.messages()
    machine.forget_bot()
