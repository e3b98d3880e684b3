"""The installed discord.py has all that is needed of its insides, and what it lacks is named."""

import ast
import re
from pathlib import Path

import discord
import pytest

from uptime_bot.discordpy import connecting
from uptime_bot.discordpy.insides import CONNECTION, LOGIN, missing


@pytest.mark.parametrize("needs", [LOGIN, CONNECTION], ids=["login", "connection"])
def test_the_installed_version_has_everything(needs: tuple[str, ...]) -> None:
    assert missing(needs) == [], discord.__version__


@pytest.mark.parametrize(
    "need",
    [
        pytest.param("discord.gone:Client", id="a module"),
        pytest.param("discord.client:Gone", id="a class"),
        pytest.param("discord.client:Client.gone", id="a method"),
        pytest.param("discord.gateway:KeepAliveHandler.__init__ _gone", id="an attribute that is never set"),
        pytest.param("discord.http:Route.BASE _gone", id="an attribute of what is no function"),
    ],
)
def test_what_is_missing_is_named(need: str) -> None:
    assert missing((*LOGIN, need)) == [need]


def test_every_private_name_that_the_connection_loops_touch_is_checked() -> None:
    """Of Shard; those of the client are discord.py's interface between its own modules."""
    tree = ast.parse(Path(connecting.__file__).read_text())
    touched = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "shard"
        and node.attr.startswith("_")
    }
    checked = {word for need in CONNECTION for word in re.findall(r"\w+", need)}
    assert sorted(touched - checked) == []
