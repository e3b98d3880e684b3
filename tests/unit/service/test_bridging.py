"""What the side thread sends where no heartbeat can, and for how long."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.systemd_notifier import FakeSystemdNotifier
from uptime_bot.service.bridging import Bridge
from uptime_bot.service.notify import Notifier
from uptime_bot.service.pulse import Pulse


class FakeLoop(asyncio.AbstractEventLoop):
    """A loop that runs or does not."""

    running = True

    def is_running(self) -> bool:
        return self.running


@dataclass(slots=True, kw_only=True)
class Scene:
    """A bot as the bridge sees it."""

    ready: bool = False
    stopping: bool = False
    told: int = 0
    systemd: FakeSystemdNotifier = field(default_factory=FakeSystemdNotifier)
    pulse: Pulse = field(default_factory=Pulse)
    loop: FakeLoop = field(default_factory=FakeLoop)

    def bridge(self, longest_s: float = 300.0, watchdog_s: float | None = 20.0) -> Bridge:
        def on_told() -> None:
            self.told += 1

        return Bridge(
            notifier=Notifier(self.systemd),
            pulse=self.pulse,
            target="bot.py",
            is_ready=lambda: self.ready,
            is_stopping=lambda: self.stopping,
            longest_s=lambda: longest_s,
            watchdog_s=watchdog_s,
            replays=lambda: False,
            on_told=on_told,
        )

    def logged_in(self, late_s: float = 0.0) -> None:
        self.pulse.beat(self.loop, -late_s)

    def sent(self, bridge: Bridge, *at_mono: float) -> dict[str, str] | None:
        """What the last of these looks sends."""
        before = 0
        for now in at_mono:
            before = len(self.systemd.datagrams)
            bridge.look(now)
        return self.systemd.last if len(self.systemd.datagrams) > before else None


def test_a_slow_script_is_extended_until_the_deadline() -> None:
    scene = Scene()
    bridge = scene.bridge(longest_s=30)
    assert scene.sent(bridge, 100) is None
    words = "starting: running bot.py, no client has logged in yet (5 s)"
    assert scene.sent(bridge, 105) == {"EXTEND_TIMEOUT_USEC": "60000000", "STATUS": words}
    assert scene.told == 1
    assert scene.sent(bridge, 129.9) is not None
    assert scene.sent(bridge, 130) is None


def test_where_the_heartbeat_runs_nothing_is_sent() -> None:
    scene = Scene()
    bridge = scene.bridge()
    scene.logged_in()
    assert scene.sent(bridge, 100, 105) is None


def test_a_busy_start_is_extended_but_many_of_them_share_one_deadline() -> None:
    scene = Scene()
    bridge = scene.bridge(longest_s=30)
    for start in (0, 100):
        scene.logged_in(late_s=6)
        fields = scene.sent(bridge, start, start + 14)
        assert fields == {"EXTEND_TIMEOUT_USEC": "60000000", "STATUS": "starting: the event loop is busy (19 s)"}
        scene.logged_in()
        assert scene.sent(bridge, start + 15) is None
    scene.logged_in(late_s=6)
    assert scene.sent(bridge, 200, 203) is None


def test_a_stuck_loop_is_the_watchdogs_once_the_bot_was_ready() -> None:
    scene = Scene(ready=True)
    bridge = scene.bridge()
    scene.logged_in(late_s=15)
    assert scene.sent(bridge, 100, 105) is None


def test_between_two_runs_the_watchdog_is_fed_for_a_while_and_each_time_anew() -> None:
    scene = Scene(ready=True)
    bridge = scene.bridge(longest_s=30)
    for start in (100, 200):
        scene.logged_in()
        bridge.look(start - 10)
        scene.loop.running = False
        assert scene.sent(bridge, start, start + 5) == {
            "WATCHDOG": "1",
            "STATUS": "offline: the bot's run is over, no other has begun (5 s)",
        }
        assert scene.sent(bridge, start + 29) is not None
        assert scene.sent(bridge, start + 30, start + 60) is None
        scene.loop.running = True


@pytest.mark.parametrize("logged_in", [False, True])
def test_a_bot_that_stops_is_not_bridged(logged_in: bool) -> None:
    scene = Scene(stopping=True)
    bridge = scene.bridge()
    if logged_in:
        scene.logged_in()
        scene.loop.running = False
    assert scene.sent(bridge, 100, 105) is None


@given(watchdog_s=st.floats(0.1, 3600))
def test_two_looks_fit_into_half_a_watchdogs_time(watchdog_s: float) -> None:
    assert 2 * Scene().bridge(watchdog_s=watchdog_s).every_s <= watchdog_s / 2


@given(
    steps=st.lists(st.tuples(st.floats(0.1, 20), st.sampled_from(["none", "late", "over", "fine"])), max_size=60),
    longest_s=st.floats(1, 60),
)
def test_a_start_is_never_extended_for_more_than_its_deadline_in_each_kind_of_gap(
    steps: list[tuple[float, str]], longest_s: float
) -> None:
    scene, now = Scene(), 0.0
    bridge = scene.bridge(longest_s=longest_s)
    bridged: dict[str, float] = {}
    seen = ""
    for step_s, state in steps:
        now += step_s
        scene.pulse.loop = None if state == "none" else scene.loop
        scene.loop.running = state != "over"
        if state in ("late", "fine"):
            scene.logged_in(late_s=6 if state == "late" else 0)
        sent = scene.sent(bridge, now)
        if state == seen:
            bridged[state] = bridged.get(state, 0.0) + step_s
        assert sent is None or bridged.get(state, 0.0) < longest_s + 1e-6
        assert state != "fine" or sent is None
        seen = state


async def test_a_bridge_looks_at_once_and_then_again() -> None:
    scene = Scene()
    bridge = scene.bridge(watchdog_s=0.04)

    keeping = asyncio.create_task(bridge.keep())
    async with asyncio.timeout(5):
        while len(scene.systemd.datagrams) < 2:
            await asyncio.sleep(0.01)
    keeping.cancel()
    assert scene.systemd.last["STATUS"].startswith("starting: running bot.py")
