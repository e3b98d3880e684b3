"""The installed discord.py has all that is needed of its insides, and what it lacks or does otherwise is named."""

import ast
import inspect
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from textwrap import dedent

import discord
import pytest
from discord.shard import Shard

from uptime_bot.discordpy import connecting, gateway_socket, insides
from uptime_bot.discordpy.insides import (
    CONNECTION,
    CONTINUITY,
    LOGIN,
    SHAPES,
    STOOD_IN_FOR,
    is_as_known,
    missing,
    shape,
)

WORKER = "discord.shard:Shard.worker"


@pytest.mark.parametrize("needs", [LOGIN, CONNECTION, CONTINUITY], ids=["login", "connection", "continuity"])
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
        pytest.param("discord.gateway:DiscordWebSocket.close(code, gone)", id="a parameter"),
        pytest.param("discord.http:Route.BASE(code)", id="a parameter of what is no function"),
    ],
)
def test_what_is_missing_is_named(need: str) -> None:
    assert missing((*LOGIN, need)) == [need]


def test_a_need_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="not a need"):
        missing(("discord.client Client",))


def test_what_takes_any_keyword_takes_ours() -> None:
    assert missing(("discord.http:HTTPClient.request(route, anything)",)) == []


def test_each_function_with_a_known_shape_is_needed() -> None:
    needed = {need.partition(" ")[0].partition("(")[0] for need in (*LOGIN, *CONNECTION, *CONTINUITY)}
    assert set(SHAPES) <= needed


@pytest.mark.parametrize("path", STOOD_IN_FOR)
def test_what_ours_does_quicker_is_as_it_is_known(path: str) -> None:
    """Else everything works, and only costs more: read what has changed, and name the shape."""
    assert is_as_known(insides._find(*path.split(":")))


async def otherwise(self: Shard) -> None:
    """Does what Shard.worker does by other means."""
    await self.ws.something_new()  # type: ignore[attr-defined]


def test_a_function_that_does_something_else_is_named_with_the_versions_that_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Shard, "worker", otherwise)
    assert missing((WORKER,)) == [f"{WORKER} as it is in 2.4.0 to 2.7.1 (its shape is {shape(otherwise)})"]


def test_a_function_without_bytecode_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shard, "worker", print)
    assert missing((WORKER,)) == [f"{WORKER} as it is in 2.4.0 to 2.7.1 (its shape is None)"]


def test_what_has_been_replaced_by_ours_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """attach() asks more than once."""
    monkeypatch.setattr(Shard, "worker", connecting.Connector.work)
    assert missing((WORKER,)) == []


def before(ws: object, tries: int) -> object:
    return [getattr(each, "name") for each in range(tries)] and ws.send(4000)  # type: ignore[attr-defined] # noqa: B009


def same_with_other_figures(ws: object, tries: int) -> object:
    """Another constant, another order, a comment."""
    return ws.send(1000) or [getattr(one, "name") for one in range(tries)]  # type: ignore[attr-defined] # noqa: B009


def with_another_call(ws: object, tries: int) -> object:
    return [getattr(each, "name") for each in sorted(range(tries))] and ws.send(4000)  # type: ignore[attr-defined] # noqa: B009


def with_another_name_in_a_nested_function(ws: object, tries: int) -> object:
    return [hasattr(each, "name") for each in range(tries)] and ws.send(4000)  # type: ignore[attr-defined]


def with_another_parameter(ws: object, times: int) -> object:
    return [getattr(each, "name") for each in range(times)] and ws.send(4000)  # type: ignore[attr-defined] # noqa: B009


async def asynchronous(ws: object, tries: int) -> object:
    return [getattr(each, "name") for each in range(tries)] and ws.send(4000)  # type: ignore[attr-defined] # noqa: B009


def test_the_same_names_are_the_same_shape() -> None:
    assert shape(before) == shape(same_with_other_figures)


@pytest.mark.parametrize(
    "after", [with_another_call, with_another_name_in_a_nested_function, with_another_parameter, asynchronous]
)
def test_another_name_parameter_or_kind_is_another_shape(after: Callable[..., object | Awaitable[object]]) -> None:
    assert shape(before) != shape(after)


ADAPTER = sorted(Path(insides.__file__).parent.glob("*.py"))
NOT_OF_DISCORD_PY = {"_timeout"}  # aiohttp's, of a websocket
CHECKED = {word for need in (*LOGIN, *CONNECTION, *CONTINUITY) for word in re.findall(r"\w+", need)}


@pytest.mark.parametrize("module", ADAPTER, ids=lambda path: path.stem)
def test_every_private_name_that_the_adapter_touches_is_checked(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    touched = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and re.match("_[^_]", node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    }
    assert sorted(touched - CHECKED - NOT_OF_DISCORD_PY) == []


def test_every_private_name_that_our_websocket_inherits_and_uses_is_checked() -> None:
    tree = ast.parse(inspect.getsource(gateway_socket.GatewaySocket))
    used = private_attributes(tree)
    made = private_attributes(ast.parse(dedent(inspect.getsource(gateway_socket.GatewaySocket.__init__))))
    of_its_own = {*vars(gateway_socket.GatewaySocket), *made}
    assert sorted(used - of_its_own - CHECKED - NOT_OF_DISCORD_PY) == []


def private_attributes(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and re.match("_[^_]", node.attr)}
