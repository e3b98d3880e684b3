"""The session outlives the process, under a real systemd: whatever ends it, nothing is lost, no IDENTIFY is spent."""

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.bot_process import BOTS
from harness.records import Line, Verdict, in_flight, judge, lines_of
from rig.machine import UNIT, Machine
from rig.stand_in import StandInProcess

TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"
RECORD_FILE = "/srv/uptime-bot/handled.txt"
TICK_MS = 50
WATCHDOG_S = 2.0
ADDRESS_SPACE_MB = 900
DEATHS_OF_ALL_KINDS = {
    "SIGKILL": 22,
    "memory bomb in a task": 7,
    "exit in a task": 3,
    "SIGTERM": 6,
    "systemctl restart": 7,
    "block in a task": 5,
}
A_FEW_OF_EACH = dict.fromkeys(DEATHS_OF_ALL_KINDS, 2)
ALL_DEATHS_FOR = {("252", "client"), ("257", "sharded")}


class Service:
    """uptime-bot.service with the bot that writes down every message."""

    def __init__(self, machine: Machine, discord: StandInProcess) -> None:
        self.machine = machine
        self.discord = discord
        self._dying = ""  # the pid of the process that was ended last

    def start(self, *, kind: str = "client", script: str = "records_ids.py") -> None:
        """Start it for the first time and wait until it is READY, then let the messages flow."""
        self.machine.put(BOTS, "/srv/uptime-bot")
        self.machine.use_discord(api_url=self.discord.api_url, gateway_url=self.discord.gateway_url, token=TOKEN)
        settings = {
            "UPTIME_BOT_BOT_TARGET": f"/srv/uptime-bot/{script}",
            "UPTIME_BOT_HEALTH_TICK_S": 0.2,
            # Dozens of crashes in a row are the point here; their pace is another test's.
            "UPTIME_BOT_RESTART_FIRST_DELAY_S": 0.1,
            "UPTIME_BOT_RESTART_MAX_DELAY_S": 0.1,
            "RECORD_FILE": RECORD_FILE,
            "ADDRESS_SPACE_MB": ADDRESS_SPACE_MB,
            "BOT_KIND": kind,
        }
        lines = [f"Environment={name}={value}" for name, value in settings.items()]
        self.machine.drop_in("[Service]\n" + "\n".join([*lines, f"WatchdogSec={WATCHDOG_S}"]) + "\n")
        self.machine.run("chown", "-R", "uptime-bot:", "/srv/uptime-bot")
        self.machine.systemctl("start", UNIT)
        self.machine.wait_until(lambda: bool(self.lines("ready")), deadline_s=30, what="on_ready")

    def lines(self, what: str) -> list[Line]:
        """What the bot wrote so far."""
        return [line for line in lines_of(self.machine.root / RECORD_FILE.lstrip("/")) if line.what == what]

    def tick(self, spread: int = 0) -> None:
        """A message every 50 ms on each shard."""
        self.discord.ask("POST", "/tick", {"interval_ms": TICK_MS, "spread": spread})

    def say(self, content: str) -> str:
        """A message in the first channel; its id."""
        return str(self.discord.ask("POST", "/message", {"content": content})["id"])

    def is_alive_again(self) -> None:
        """Wait until the main process handles messages and has said READY.

        Another one than that which was ended: systemd may not have noticed its death yet.
        """

        def is_alive() -> bool:
            shown = self.machine.show()
            last = self.lines("message")[-1:]
            lives = shown["ActiveState"] == "active" and shown["MainPID"] != self._dying
            return lives and [str(line.pid) for line in last] == [shown["MainPID"]]

        self.machine.wait_until(is_alive, deadline_s=30, what="a message")

    def die(self, how: str) -> None:
        """End the process in one of the ways that a process ends, and start it where systemd would not."""
        shown = self.machine.show()
        restarts, self._dying = shown["NRestarts"], shown["MainPID"]
        match how:
            case "SIGKILL":
                # Also while it starts, where there may be nothing to kill for a moment.
                self.machine.systemctl("kill", "--signal=KILL", "--kill-who=main", UNIT, check=False)
                return
            case "SIGTERM":
                self.machine.systemctl("kill", "--signal=TERM", "--kill-who=main", UNIT)
                self.machine.wait_for_state("inactive")
                self.machine.systemctl("start", "--no-block", UNIT)
            case "systemctl restart":
                self.machine.systemctl("restart", "--no-block", UNIT)
            case _:
                self.say(how)
                self.machine.wait_until(lambda: self.machine.show()["NRestarts"] != restarts, deadline_s=20, what=how)

    def verdict(self) -> Verdict:
        """Stop the messages, wait for the last one, and judge."""
        self.discord.ask("POST", "/tick/stop", {})
        last = self.say("the last one")
        self.machine.wait_until(
            lambda: any(line.ident == last for line in self.lines("message")), deadline_s=30, what="the last message"
        )
        time.sleep(1)  # a message on another shard may still be on its way
        return judge(self.discord.events(), self.lines("message"))


@pytest.fixture
def discord(tmp_path: Path) -> Iterator[StandInProcess]:
    options = (
        "--identify-interval-s",
        "0.2",
        "--max-concurrency",
        "4",
        "--guilds",
        "8",
        "--members",
        "20",
        "--furnished",
    )
    with StandInProcess.started(log=tmp_path / "discord.jsonl", options=options) as stand_in:
        yield stand_in


@pytest.fixture
def service(machine: Machine, discord: StandInProcess, tmp_path: Path) -> Iterator[Service]:
    machine.forget_bot()
    yield Service(machine, discord)
    # For whoever has to find out why a test failed.
    (tmp_path / "journal.txt").write_text(
        machine.run("journalctl", "--no-pager", "-q", "-o", "short-monotonic", "-u", UNIT).stdout
    )
    machine.forget_bot()


def in_random_order(deaths: dict[str, int], seed: str) -> Sequence[str]:
    every = [how for how, count in deaths.items() for _ in range(count)]
    random.Random(seed).shuffle(every)  # noqa: S311
    return every


def assert_nothing_lost(service: Service, shards: int = 1) -> Verdict:
    verdict = service.verdict()
    assert not verdict.lost, f"lost {len(verdict.lost)} of {verdict.sent}: {verdict.lost[:10]}"
    # Only what a death cut short may come again: the handler ran and the process was gone before that was noted.
    assert set(verdict.twice) <= in_flight(service.lines("message"))
    assert len(verdict.twice) <= 3
    assert len(service.discord.events("identify")) == shards
    return verdict


@pytest.mark.parametrize("kind", ["client", "sharded"])
def test_killed_in_every_way_it_loses_nothing_and_spends_no_identify(kind: str, service: Service, release: str) -> None:
    shards = 4 if kind == "sharded" else 1
    deaths = DEATHS_OF_ALL_KINDS if (release, kind) in ALL_DEATHS_FOR else A_FEW_OF_EACH
    dice = random.Random(f"{release} {kind}")  # noqa: S311
    service.start(kind=kind)
    service.tick(spread=shards)
    for how in in_random_order(deaths, release):
        if how != "SIGKILL":
            service.is_alive_again()
        time.sleep(dice.uniform(0.0, 0.8))
        service.die(how)
    service.is_alive_again()
    verdict = assert_nothing_lost(service, shards)
    print(f"{release} {kind}: {sum(deaths.values())} deaths, {verdict.sent} sent, {len(verdict.twice)} twice")


def test_stop_and_start_within_the_window_lose_nothing(service: Service) -> None:
    service.start()
    service.tick()
    service.is_alive_again()
    service.machine.systemctl("stop", UNIT)
    time.sleep(4)
    service.machine.systemctl("start", UNIT)
    assert_nothing_lost(service)


def test_an_event_that_blocks_for_ever_is_set_aside_after_the_second_watchdog(service: Service) -> None:
    service.start()
    service.tick()
    poison = service.say("block")
    seen_twice = lambda: sum(line.ident == poison for line in service.lines("message")) == 2  # noqa: E731
    service.machine.wait_until(seen_twice, deadline_s=30, what="the second time")
    second = service.machine.show()["NRestarts"]
    service.machine.wait_until(lambda: service.machine.show()["NRestarts"] > second, deadline_s=15, what="its death")
    service.is_alive_again()
    verdict = service.verdict()
    assert not verdict.lost
    assert sum(line.ident == poison for line in service.lines("message")) == 2
    assert len(service.discord.events("identify")) == 1
    said = "\n".join(service.machine.messages())
    assert "(MESSAGE_CREATE) was being handled when the process died" in said


def test_killed_while_rest_answers_503_it_resumes_as_fast_as_otherwise(service: Service) -> None:
    service.start()
    service.tick()
    service.is_alive_again()
    service.die("SIGKILL")
    service.is_alive_again()
    service.discord.fault("http_status", status=503, path="/api/")
    time.sleep(0.5)
    service.die("SIGKILL")
    service.is_alive_again()
    ordinary, with_503 = judge([], service.lines("message")).outages_s
    assert with_503 < ordinary + 5.0  # whoever asked REST would wait for its end; the rest is benchmarks.restart's
    service.discord.clear_faults()
    assert_nothing_lost(service)
