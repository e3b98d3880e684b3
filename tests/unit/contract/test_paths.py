"""Each bot has a place of its own for its state and its control socket."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.contract.paths import default_runtime_dir, default_state_dir, instance_name

HERE = Path("/srv/bots")


def test_the_built_in_bot_has_a_name() -> None:
    assert instance_name("", working_directory=HERE) == "built-in"


def test_a_name_is_the_stem_and_a_hash() -> None:
    name = instance_name("music/bot.py", working_directory=HERE)
    assert name.startswith("bot-")
    assert len(name) == len("bot-") + 8
    assert name == instance_name("/srv/bots/music/../music/bot.py", working_directory=Path("/"))


def test_bots_of_the_same_name_in_other_folders_differ() -> None:
    assert instance_name("a/bot.py", working_directory=HERE) != instance_name("b/bot.py", working_directory=HERE)


@given(target=st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_a_name_is_one_safe_folder(target: str) -> None:
    name = instance_name(target, working_directory=HERE)
    assert name.isascii()
    assert "/" not in name
    assert name not in (".", "..")
    assert len(name) <= 41


@pytest.mark.parametrize(
    ("environ", "state", "runtime"),
    [
        pytest.param(
            {"STATE_DIRECTORY": "/var/lib/uptime-bot", "RUNTIME_DIRECTORY": "/run/uptime-bot", "HOME": "/root"},
            "/var/lib/uptime-bot",
            "/run/uptime-bot",
            id="service",
        ),
        pytest.param({"STATE_DIRECTORY": "/a:/b", "RUNTIME_DIRECTORY": "/c:/d"}, "/a", "/c", id="several directories"),
        pytest.param(
            {"HOME": "/home/x", "XDG_RUNTIME_DIR": "/run/user/1000"},
            "/home/x/.local/state/uptime-bot/NAME",
            "/run/user/1000/uptime-bot/NAME",
            id="terminal",
        ),
        pytest.param(
            {"HOME": "/home/x", "XDG_STATE_HOME": "/s"}, "/s/uptime-bot/NAME", "/s/uptime-bot/NAME/run", id="XDG"
        ),
        pytest.param(
            {"HOME": "/h", "XDG_STATE_HOME": "relative"},
            "/h/.local/state/uptime-bot/NAME",
            "/h/.local/state/uptime-bot/NAME/run",
            id="a relative path is ignored",
        ),
        pytest.param({}, ".local/state/uptime-bot/NAME", ".local/state/uptime-bot/NAME/run", id="no home"),
    ],
)
def test_places(environ: dict[str, str], state: str, runtime: str) -> None:
    state_dir = default_state_dir(environ, name="NAME")
    assert state_dir == Path(state)
    assert default_runtime_dir(environ, name="NAME", state_dir=state_dir) == Path(runtime)
