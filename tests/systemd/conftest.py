"""Machines for the tests of the systemd layer.

`machine`: uptime-bot installed (install.sh --no-start), neither token nor bot; one for each module and release.
`fresh_machine`: the same, but one for each test.
`bare_machine`: a machine with the checkout at CHECKOUT and nothing installed; one for each test.
`discord`: a stand-in of its own for each test, beside the machine.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rig import needs
from rig.machine import CHECKOUT, REPOSITORY, Machine, remove_stale_machines
from rig.releases import RELEASES
from rig.stand_in import StandInProcess

HERE = Path(__file__).parent
TIMEOUT_S = 300
"""For one test, together with the boot, the installation and on the first run the bootstrap of a release."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.systemd)
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))
            item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    """One release's tests follow each other and share its machines; the demo's stand-in has one port for all."""
    if item.path.stem == "test_demo":
        return "demo"
    parameters: dict[str, object] = item.callspec.params if hasattr(item, "callspec") else {}
    return f"systemd{parameters.get('release', '')}"


@pytest.fixture(scope="session")
def rig_host() -> None:
    needs.require("systemd-nspawn", "dbus-daemon", "nsenter")
    remove_stale_machines()


@pytest.fixture(scope="session", params=sorted(RELEASES), ids=lambda version: f"systemd{version}")
def release(request: pytest.FixtureRequest, rig_host: None) -> str:
    """Each test runs on each of these systemd versions."""
    return str(request.param)


@pytest.fixture(scope="session")
def installed_layer(rig_host: None) -> Iterator[Callable[[str], Path]]:
    """Installs once for each release; what that wrote is a layer for the machines that are to have it."""
    made: dict[str, Machine] = {}
    layers: dict[str, Path] = {}

    def layer_of(release: str) -> Path:
        if release not in layers:
            machine = Machine.boot(f"{release}-installed", root=RELEASES[release].root())
            made[release] = machine
            machine.put(REPOSITORY, CHECKOUT)
            machine.install("--no-start")
            layers[release] = machine.stop()
        return layers[release]

    yield layer_of
    for machine in made.values():
        machine.down()


@pytest.fixture(scope="module")
def machine(request: pytest.FixtureRequest, release: str, installed_layer: Callable[[str], Path]) -> Iterator[Machine]:
    """A booted machine with uptime-bot installed and not started, without a token."""
    layer = installed_layer(release)
    booted = Machine.boot(_name(request, release), root=RELEASES[release].root(), layers=(layer,))
    yield booted
    booted.down()


@pytest.fixture
def fresh_machine(
    request: pytest.FixtureRequest, release: str, installed_layer: Callable[[str], Path]
) -> Iterator[Machine]:
    """Like `machine`, for one test alone."""
    layer = installed_layer(release)
    booted = Machine.boot(_name(request, release) + "-fresh", root=RELEASES[release].root(), layers=(layer,))
    yield booted
    booted.down()


@pytest.fixture
def bare_machine(request: pytest.FixtureRequest, release: str) -> Iterator[Machine]:
    """A booted machine with nothing but the checkout, for one test alone."""
    booted = Machine.boot(_name(request, release) + "-bare", root=RELEASES[release].root())
    booted.put(REPOSITORY, CHECKOUT)
    yield booted
    booted.down()


@pytest.fixture
def discord(tmp_path: Path) -> Iterator[StandInProcess]:
    """A stand-in on free ports of 127.0.0.1, which the machines share; ended with the test."""
    with StandInProcess.started(log=tmp_path / "discord.jsonl") as stand_in:
        yield stand_in


def _name(request: pytest.FixtureRequest, release: str) -> str:
    module = request.path.stem.removeprefix("test_").replace("_", "-")
    return f"{release}-{module}"
