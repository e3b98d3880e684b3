"""The bot as a service, and what systemd makes of each fault: hangs, crashes, outages, tokens, stops."""

import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.bot_process import BOTS
from rig.machine import UNIT, Machine
from rig.stand_in import StandInProcess

TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"
BAD_TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.R29uZQ.a-token-that-discord-does-not-know-at-all"
WATCHDOG_S = 20.0
SCRIPT = "run_at_module_end.py"


@pytest.fixture
def discord(tmp_path: Path) -> Iterator[StandInProcess]:
    """A stand-in without the 5 s between IDENTIFYs, which would otherwise be most of an outage after a crash."""
    with StandInProcess.started(log=tmp_path / "discord.jsonl", options=("--identify-interval-s", "0")) as stand_in:
        yield stand_in


ASK_STATUS = """
import socket
with socket.socket(socket.AF_UNIX) as control:
    control.connect("/run/uptime-bot/control.sock")
    control.sendall(b"GET /status HTTP/1.0\\r\\n\\r\\n")
    print(control.makefile().read())
"""


class Service:
    """uptime-bot.service in a machine, as one test sees it: only what came after the test began."""

    def __init__(self, machine: Machine, discord: StandInProcess) -> None:
        self.machine = machine
        self._discord = discord
        self._began_at = time.time()

    def start(
        self,
        script: str = SCRIPT,
        *,
        token: str = TOKEN,
        wait: bool = True,
        watchdog_s: float = WATCHDOG_S,
        **settings: object,
    ) -> None:
        """Run a script as the service, with settings by environment; waits for READY."""
        self.machine.put(BOTS, "/srv/uptime-bot")
        self.machine.use_discord(api_url=self._discord.api_url, gateway_url=self._discord.gateway_url, token=token)
        lines = [f"Environment=UPTIME_BOT_BOT_TARGET=/srv/uptime-bot/{script}"]
        lines += [f"Environment=UPTIME_BOT_{name}={value}" for name, value in settings.items()]
        if watchdog_s != WATCHDOG_S:
            lines.append(f"WatchdogSec={watchdog_s}")
        self.machine.drop_in("[Service]\n" + "\n".join(lines) + "\n")
        self.machine.run("chown", "-R", "uptime-bot:", "/srv/uptime-bot")
        self.machine.systemctl("start", "--no-block", UNIT)
        if wait:
            self.machine.wait_for_state("active")

    def kill(self, signal: str) -> None:
        """Send the main process a signal."""
        self.machine.systemctl("kill", f"--signal={signal}", "--kill-who=main", UNIT)

    @property
    def status(self) -> str:
        """The last STATUS=; systemd omits it while there is none."""
        return self.machine.show().get("StatusText", "")

    def entries(self) -> list[dict[str, str]]:
        """The journal's entries from and about the unit."""
        return self.machine.journal(UNIT, f"--since=@{self._began_at:.3f}")

    def log(self) -> str:
        """The messages of the journal, a line each."""
        return "\n".join(entry.get("MESSAGE", "") for entry in self.entries())

    def says(self, text: str, deadline_s: float = 15) -> None:
        """Wait until the journal holds a text."""
        self.machine.wait_until(lambda: text in self.log(), deadline_s=deadline_s, what=text)


@pytest.fixture
def service(machine: Machine, discord: StandInProcess) -> Iterator[Service]:
    machine.forget_bot()
    yield Service(machine, discord)
    machine.forget_bot()


def identifies(discord: StandInProcess) -> int:
    return len(discord.events("ready"))


def say(discord: StandInProcess, content: str) -> None:
    """A direct message: its content needs no privileged intent."""
    discord.ask("POST", "/message", {"content": content, "author_id": "4242", "direct": True})


def sessions(discord: StandInProcess) -> list[dict[str, Any]]:
    """Each time that the bot was online again, by a new session or by going on with the one before."""
    return sorted((*discord.events("ready"), *discord.events("resumed")), key=lambda entry: float(entry["at"]))


def wait_for_sessions(discord: StandInProcess, count: int, deadline_s: float) -> None:
    end = time.monotonic() + deadline_s
    while len(sessions(discord)) < count:
        assert time.monotonic() < end, f"not {count} times online within {deadline_s} s"
        time.sleep(0.05)


def wait_for_log(discord: StandInProcess, event: str, count: int, deadline_s: float) -> None:
    end = time.monotonic() + deadline_s
    while len(discord.events(event)) < count:
        assert time.monotonic() < end, f"{event} not {count} times within {deadline_s} s"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "script",
    [SCRIPT, "async_main.py", "with_cogs/main.py", "four_shards.py", "blocks_at_times.py"],
)
def test_scripts_that_know_nothing_of_us_run_unchanged(script: str, service: Service, discord: StandInProcess) -> None:
    service.start(script)
    assert identifies(discord) == (4 if script == "four_shards.py" else 1)
    service.machine.wait_until(lambda: service.status.startswith("ready: "), deadline_s=15)
    if script == "four_shards.py":
        assert "4 shards" in service.status


def test_a_hang_is_killed_by_the_watchdog_and_the_journal_names_the_line(
    service: Service, discord: StandInProcess
) -> None:
    service.start()
    began = time.monotonic()
    say(discord, "block")
    service.says("Watchdog timeout", deadline_s=WATCHDOG_S + 1.5)
    assert time.monotonic() - began <= WATCHDOG_S + 1.5  # half a second for looking
    wait_for_sessions(discord, 2, deadline_s=15)
    journal = service.log()
    assert "Failed with result 'watchdog'" in journal
    assert re.search(
        r"the event loop has been stuck for \d\.\d s at /srv/uptime-bot/run_at_module_end.py line 18 in on_message: "
        r"time.sleep\(3600\) \(coroutine on_message\)",
        journal,
    )
    # faulthandler's own words at SIGABRT
    assert 'File "/srv/uptime-bot/run_at_module_end.py", line 18 in on_message' in journal


def test_a_frozen_process_is_killed_by_the_watchdog(service: Service, discord: StandInProcess) -> None:
    service.start(watchdog_s=5)
    service.kill("STOP")
    wait_for_sessions(discord, 2, deadline_s=5 + 15)
    assert "Failed with result 'watchdog'" in service.log()


def test_after_sigkill_it_is_back_at_once(service: Service, discord: StandInProcess) -> None:
    service.start()
    service.kill("KILL")
    wait_for_sessions(discord, 2, deadline_s=15)
    dropped = max(entry["at"] for entry in discord.events("ws_ended"))
    back = max(entry["at"] for entry in sessions(discord))
    assert back - dropped < 5.0  # no pause, no turn to wait for; how long it takes is benchmarks.restart's to say
    assert service.machine.show()["NRestarts"] == "1"


def test_a_crash_loop_is_paced_and_forgotten_after_a_healthy_while(service: Service, discord: StandInProcess) -> None:
    service.start(RESTART_FIRST_DELAY_S=0.4, RESTART_MAX_DELAY_S=3, RESTART_FORGET_AFTER_S=4)
    for crash in range(6):
        service.kill("KILL")
        wait_for_sessions(discord, crash + 2, deadline_s=20)
    drops = [entry["at"] for entry in discord.events("ws_ended")]
    backs = [entry["at"] for entry in sessions(discord)][1:]
    outages = [back - drop for drop, back in zip(drops, backs, strict=True)]
    assert outages[0] < 2.0
    assert outages[5] > 2.6
    assert outages[3] > outages[2] > outages[1]
    assert "crashes in a row, next start at" in service.log()
    service.machine.wait_until(
        lambda: '"unclean_starts": 1' in service.machine.read_file("/var/lib/uptime-bot/crashes.json"), deadline_s=15
    )
    service.kill("KILL")
    wait_for_sessions(discord, 8, deadline_s=10)
    assert sessions(discord)[-1]["at"] - discord.events("ws_ended")[-1]["at"] < 2.0


def test_an_outage_at_the_start_is_waited_out_without_a_restart(service: Service, discord: StandInProcess) -> None:
    discord.fault("http_status", status=503)
    service.start(wait=False)
    service.machine.wait_until(
        lambda: service.status.startswith("waiting: Discord answers 503, next try "), deadline_s=15
    )
    time.sleep(5)
    back = time.time()
    discord.clear_faults()
    service.machine.wait_for_state("active", deadline_s=10)
    assert discord.events("ready")[0]["at"] - back < 2.0
    assert service.machine.show()["NRestarts"] == "0"


def test_an_outage_while_running_is_waited_out_without_a_restart(service: Service, discord: StandInProcess) -> None:
    service.start(watchdog_s=4)
    discord.fault("refuse")
    service.machine.wait_until(lambda: service.status.startswith("waiting: "), deadline_s=15)
    time.sleep(10)  # longer than the watchdog: waiting must not look like a hang
    back = time.time()
    discord.clear_faults()
    wait_for_log(discord, "resumed", 1, deadline_s=10)
    assert discord.events("resumed")[0]["at"] - back < 2.0
    assert service.machine.show()["NRestarts"] == "0"
    assert identifies(discord) == 1


def test_a_swallowed_resume_ends_in_a_watchdog_trigger_and_a_new_process(
    service: Service, discord: StandInProcess
) -> None:
    service.start(
        HEALTH_TICK_S=0.2,
        HEALTH_SILENCE_S=3,
        HEALTH_SILENCE_ANSWER_S=1,
        HEALTH_ANSWER_GRACE_S=2,
        HEALTH_ACK_GRACE_S=2,
    )
    discord.fault("swallow_resume", for_s=120)
    discord.fault("swallow_events", only_open=True, for_s=120)
    wait_for_log(discord, "ready", 2, deadline_s=60)
    journal = service.log()
    assert "deaf and not cured: shard 0: RESUME unanswered" in journal
    assert "Failed with result 'watchdog'" in journal
    assert "Watchdog request (last status: deaf: shard 0: RESUME unanswered" in journal


def test_a_401_ends_with_77_is_not_restarted_and_asks_once(service: Service, discord: StandInProcess) -> None:
    service.start(token=BAD_TOKEN, wait=False, script="async_main.py")
    service.machine.wait_for_state("failed")
    shown = service.machine.show()
    assert (shown["Result"], shown["ExecMainStatus"], shown["NRestarts"]) == ("exit-code", "77", "0")
    assert "no token that Discord accepts" in shown["StatusText"]
    for _ in range(2):
        service.machine.systemctl("start", UNIT, check=False)
        service.machine.wait_for_state("failed")
    asked = [entry for entry in discord.events("rest") if entry["path"].endswith("/users/@me")]
    assert len(asked) == len({entry["token"] for entry in asked})


def test_a_4004_later_ends_with_77(service: Service, discord: StandInProcess) -> None:
    service.start()
    discord.ask("POST", "/tokens", {"revoke": TOKEN})
    service.machine.wait_for_state("failed")
    assert service.machine.show()["ExecMainStatus"] == "77"
    assert "4004" in service.status


def test_stop_returns_within_5_s_stays_stopped_and_keeps_the_session(service: Service, discord: StandInProcess) -> None:
    service.start("four_shards.py")
    began = time.monotonic()
    service.machine.systemctl("stop", UNIT)
    assert time.monotonic() - began < 5
    time.sleep(2)
    shown = service.machine.show()
    assert (shown["ActiveState"], shown["Result"], shown["ExecMainStatus"]) == ("inactive", "success", "0")
    assert not {entry.get("code") for entry in discord.events("client_close")} & {1000, 1001}


def test_stop_of_a_hung_bot_returns_within_5_s(service: Service, discord: StandInProcess) -> None:
    service.start()
    say(discord, "block")
    service.says("has been stuck")
    began = time.monotonic()
    service.machine.systemctl("stop", UNIT)
    assert time.monotonic() - began < 5
    assert service.machine.show()["ActiveState"] == "inactive"


def test_a_second_instance_exits_75(service: Service) -> None:
    service.start()
    second = service.machine.run(
        "runuser", "-u", "uptime-bot", "--", "/opt/uptime-bot/venv/bin/uptime-bot", "run", "/srv/uptime-bot/" + SCRIPT,
        check=False, env={"STATE_DIRECTORY": "/var/lib/uptime-bot", "RUNTIME_DIRECTORY": "/var/lib/uptime-bot"},
    )  # fmt: skip
    assert second.returncode == 75
    assert f"pid {service.machine.show()['MainPID']} " in second.stderr
    assert service.machine.show()["ActiveState"] == "active"


def test_reload_of_a_script_says_that_it_cannot_and_changes_nothing(service: Service) -> None:
    service.start()
    pid = service.machine.show()["MainPID"]
    service.machine.systemctl("reload", UNIT)
    service.says("a script cannot be reloaded")
    shown = service.machine.show()
    assert (shown["ActiveState"], shown["MainPID"]) == ("active", pid)


def test_the_token_is_in_no_journal_argv_environ_state_or_status(service: Service, discord: StandInProcess) -> None:
    service.start("async_main.py", DISCORD_API_URL=discord.api_url)
    # Nothing inside /run is seen from the host; the socket comes up just after READY.
    there = ("test", "-S", "/run/uptime-bot/control.sock")
    service.machine.wait_until(lambda: service.machine.run(*there, check=False).returncode == 0, deadline_s=10)
    pid = service.machine.show()["MainPID"]
    secret = TOKEN.rsplit(".", 1)[1]
    entries = json.dumps(service.entries())
    looks = (
        f"cat /proc/{pid}/cmdline /proc/{pid}/environ",
        f"systemctl show {UNIT}",
        "grep -ra . /var/lib/uptime-bot /var/log/uptime-bot",
        f"python3 -c {shlex.quote(ASK_STATUS)}",
    )
    seen = service.machine.run("sh", "-c", "; ".join(looks), check=False)
    assert '"health": "healthy"' in seen.stdout
    assert secret not in entries + seen.stdout + seen.stderr


def test_the_journal_has_message_ids_priorities_and_an_explanation(service: Service, discord: StandInProcess) -> None:
    service.start()
    say(discord, "block for 2.5")
    service.says("runs again after")
    stalled = [entry for entry in service.entries() if entry.get("UPTIME_BOT_EVENT") == "stalled"]
    assert len(stalled) == 1
    assert stalled[0]["PRIORITY"] == "3"
    assert stalled[0]["UPTIME_BOT_LINE"] == "20"
    assert stalled[0]["UPTIME_BOT_COROUTINE"] == "on_message"
    assert "Traceback" in stalled[0]["MESSAGE"] or "File " in stalled[0]["MESSAGE"]
    explained = service.machine.run("journalctl", "--no-pager", "-x", f"MESSAGE_ID={stalled[0]['MESSAGE_ID']}").stdout
    assert "Subject:" in explained
