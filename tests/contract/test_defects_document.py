"""docs/discordpy-defects.md against the tests and the guards, and what a test says of a defect that is gone."""

import re
from pathlib import Path

import discord
import pytest

from contract.defects import SEEN_IN, Defect, shown_by_discord_py
from uptime_bot.discordpy.insides import CONNECTION, LOGIN

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "discordpy-defects.md").read_text(encoding="utf-8")
ROWS = {
    int(cells[1]): [cell.strip() for cell in cells]
    for line in TEXT.splitlines()
    if (cells := line.split("|"))[1:2] and cells[1].strip().isdecimal()
}


def test_every_defect_has_its_row() -> None:
    assert list(ROWS) == [defect.value[0] for defect in Defect] == list(range(1, 11))
    assert all(len(cells) == 8 and all(cells[1:7]) for cells in ROWS.values())


@pytest.mark.parametrize("number", ROWS)
def test_both_halves_are_where_the_row_says(number: int) -> None:
    (path,) = re.findall(r"`([^`]+)`", ROWS[number][6])
    tests = re.findall(rf"def (test_defect_{number}_\w+)", (ROOT / path).read_text(encoding="utf-8"))
    assert {test.split("_")[3] for test in tests} == {"plain", "ours"}


@pytest.mark.parametrize("number", ROWS)
def test_the_guard_of_a_row_is_one_that_is_checked_at_start(number: int) -> None:
    guards = re.findall(r"`([\w.]+)`", ROWS[number][5])
    checked = {re.split(r"[ (]", need.partition(":")[2])[0] for need in (*LOGIN, *CONNECTION)}
    assert guards
    assert set(guards) <= checked


@pytest.mark.parametrize("number", ROWS)
def test_links_are_to_the_version_that_the_defect_was_seen_in(number: int) -> None:
    links = re.findall(r"\((https://[^)]+)\)", ROWS[number][3])
    sources = [link for link in links if f"/blob/v{SEEN_IN}/" in link]
    assert sources
    assert all("/issues/" in link for link in links if link not in sources)


def test_a_defect_that_a_newer_discord_py_has_mended_is_skipped_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord, "__version__", "2.8.0")
    monkeypatch.delenv("CI", raising=False)
    words = "2.8.0 does not show defect 6 of 2.7.1 any more .*its row in docs/discordpy-defects.md may go.*no recursion"
    with pytest.raises(pytest.skip.Exception, match=words), shown_by_discord_py(Defect.LAUNCH_RECURSION):
        raise AssertionError("no recursion")


def test_a_defect_that_a_newer_discord_py_has_mended_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord, "__version__", "2.8.0")
    monkeypatch.setenv("CI", "true")
    words = "2.8.0 does not show defect 6"
    with pytest.raises(pytest.fail.Exception, match=words), shown_by_discord_py(Defect.LAUNCH_RECURSION):
        raise TimeoutError


def test_a_defect_that_is_not_seen_where_it_was_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord, "__version__", SEEN_IN)
    with pytest.raises(TimeoutError), shown_by_discord_py(Defect.LAUNCH_RECURSION):
        raise TimeoutError
