"""TARGET: a file is a script, module:attr an attribute, nothing the built-in bot."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.target import Target, TargetKind, TargetRefused, run_attribute, run_script

SCRIPT, ATTRIBUTE, BUILT_IN = TargetKind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", BUILT_IN),
        ("bot.py", SCRIPT),
        ("bot", SCRIPT),
        ("/srv/uptime-bot/bot.py", SCRIPT),
        ("./my bot/main.py", SCRIPT),
        ("package/__main__.py", SCRIPT),
        ("bot:client", ATTRIBUTE),
        ("package.bot:make.client", ATTRIBUTE),
        ("módulo:cliente", ATTRIBUTE),
        ("bot:", SCRIPT),
        (":client", SCRIPT),
        ("a b:client", SCRIPT),
        ("dir/bot:client", SCRIPT),
        ("bot:client()", SCRIPT),
        ("a:b:c", SCRIPT),
    ],
)
def test_parse(text: str, kind: TargetKind) -> None:
    assert Target.parse(text).kind is kind


def test_a_file_that_has_a_colon_in_its_name_is_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Target.parse("bot:v2").kind is ATTRIBUTE
    (tmp_path / "bot:v2").touch()
    assert Target.parse("bot:v2").kind is SCRIPT


@given(text=st.text(max_size=60).filter(lambda text: "\0" not in text), arguments=st.tuples(st.text(), st.text()))
def test_every_text_is_some_target_and_keeps_its_name_and_arguments(text: str, arguments: tuple[str, str]) -> None:
    target = Target.parse(text, arguments)
    if text:
        assert (target.name, target.arguments) == (text, arguments)
    else:
        assert target.kind is BUILT_IN


def test_a_name_that_no_file_can_have_is_no_crash() -> None:
    assert Target.parse("bot\0:x").kind is SCRIPT


def test_a_script_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TargetRefused, match=r"missing\.py does not exist; mend \[bot\] target"):
        run_script(Target.parse(str(tmp_path / "missing.py")))


def test_a_module_that_is_not_there_is_refused_with_where_was_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    monkeypatch.setattr("sys.argv", ["x"])
    with pytest.raises(TargetRefused, match=r"cannot import no_such_module: .*; the working directory is /"):
        run_attribute(Target.parse("no_such_module:client"))


@pytest.mark.parametrize(
    ("attribute", "words"),
    [("pi", "math:pi is a float, not a discord.Client"), ("nothing", "math has no attribute nothing")],
)
def test_an_attribute_that_is_no_client_is_refused(attribute: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    monkeypatch.setattr("sys.argv", ["x"])
    with pytest.raises(TargetRefused, match=words):
        run_attribute(Target.parse(f"math:{attribute}"))


LONG = "x" * 5000


@pytest.mark.parametrize("name", [LONG, f"{LONG}:client", f"{LONG}.py"])
def test_an_overlong_name_is_refused_like_any_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    monkeypatch.setattr("sys.argv", ["x"])
    target = Target.parse(name)
    with pytest.raises(TargetRefused, match=r"cannot be read: File name too long|cannot import xxx"):
        (run_attribute if target.kind is ATTRIBUTE else run_script)(target)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bot.py:client", "bot:client"),
        ("./bot.py:client", "bot:client"),
        ("cogs/my.py:make.client", "cogs.my:make.client"),
    ],
)
def test_a_file_with_an_attribute_is_told_how_it_is_written(
    name: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    monkeypatch.setattr("sys.argv", ["x"])
    (tmp_path / "cogs").mkdir()
    for file in ("bot.py", "cogs/my.py"):
        (tmp_path / file).write_text("raise RuntimeError('not to be run')\n" if "my" in file else "")
    target = Target.parse(name)
    with pytest.raises(TargetRefused, match=f"did you mean {meant}"):
        (run_attribute if target.kind is ATTRIBUTE else run_script)(target)
