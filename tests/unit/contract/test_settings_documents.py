"""docs/configuration.md and the example that is installed say what the code does."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from uptime_bot.contract.load_settings import load_settings
from uptime_bot.contract.setting_relations import RELATIONS
from uptime_bot.contract.settings import SECTIONS, Setting, every_setting

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "configuration.md").read_text()
EXAMPLE = (ROOT / "units" / "config.toml").read_text()
EVERY = tuple(every_setting())


def document_row(setting: Setting) -> str:
    """The setting's row of its section's table."""
    cells = (f"`{setting.key}`", f"`{setting.default}`", setting.kind.expected, setting.meaning, setting.why)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def example_lines(setting: Setting) -> str:
    """The setting's lines in the example, commented out with its default."""
    unit = " (seconds)" if setting.unit else ""
    return f"# {setting.meaning}{unit}\n#{setting.key} = {setting.default}\n"


@pytest.mark.parametrize("setting", EVERY, ids=lambda setting: setting.name)
def test_each_setting_is_documented(setting: Setting) -> None:
    assert document_row(setting) in DOCUMENT
    assert example_lines(setting) in EXAMPLE


def test_nothing_else_is_documented() -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| `") and line.count(" | ") == 4]
    assert sorted(rows) == sorted(document_row(setting) for setting in EVERY)


def test_each_relation_is_documented() -> None:
    for lesser, greater, why in RELATIONS:
        assert f"- `{lesser}` is at most `{greater}`: {why}." in DOCUMENT


def test_the_sections_of_the_example_are_those_of_the_settings() -> None:
    assert list(tomllib.loads(EXAMPLE)) == list(SECTIONS)


def test_the_example_changes_nothing_as_it_is_and_with_each_line_taken_in(tmp_path: Path) -> None:
    defaults = load_settings(config_path=Path("/dev/null"), environ={}, overrides=())
    taken_in = "\n".join(
        line[1:] if line.startswith("#") and line[1:2].islower() else line for line in EXAMPLE.splitlines()
    )
    assert taken_in.count(" = ") >= len(EVERY)
    for text in (EXAMPLE, taken_in):
        path = tmp_path / "config.toml"
        path.write_text(text)
        assert load_settings(config_path=path, environ={}, overrides=()) == defaults


def test_the_sections_stand_in_the_same_order() -> None:
    places = [DOCUMENT.index(f"## [{section}]") for section in SECTIONS]
    assert all(before < after for before, after in pairwise(places))


@pytest.mark.parametrize("setting", EVERY, ids=lambda setting: setting.name)
def test_each_setting_has_a_meaning_and_a_reason(setting: Setting) -> None:
    assert setting.meaning
    assert setting.why
    assert setting.unit == ("seconds" if setting.key.endswith("_s") else "")
