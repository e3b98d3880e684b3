"""units/catalog/uptime-bot.catalog explains each Event, and names only journal fields that the event always has."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from rig import needs
from uptime_bot.contract.messages import Event

ROOT = Path(__file__).parents[3]
CATALOG = ROOT / "units" / "catalog" / "uptime-bot.catalog"
LINE_WIDTH = 80
"""journalctl does not wrap what it quotes from a catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the catalog."""

    message_id: str
    headers: dict[str, str]
    text: str

    @property
    def fields(self) -> set[str]:
        """The journal fields that it quotes."""
        return set(re.findall(r"@([A-Z0-9_]+)@", self.headers["Subject"] + self.text))


def read_entries() -> list[Entry]:
    """The catalog as systemd reads it (https://systemd.io/CATALOG/): `-- ID` after an empty line begins an entry."""
    lines = [line for line in CATALOG.read_text(encoding="utf-8").splitlines() if not line.startswith(("#", ";"))]
    parts = re.split(r"(?m)^\n-- (\S+)\n", "\n".join(lines) + "\n")
    assert not parts[0].strip(), "text before the first entry"
    return [_entry(message_id, body) for message_id, body in zip(parts[1::2], parts[2::2], strict=True)]


def _entry(message_id: str, body: str) -> Entry:
    head, _, text = body.partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    return Entry(message_id=message_id, headers=headers, text=text.strip())


ENTRIES = read_entries()
BY_ID = {entry.message_id: entry for entry in ENTRIES}


def test_ids_are_128_bits_of_hex_and_unique() -> None:
    for ids in ([event.message_id for event in Event], [entry.message_id for entry in ENTRIES]):
        assert len(set(ids)) == len(ids)
        assert [found for found in ids if not re.fullmatch(r"[0-9a-f]{32}", found)] == []


def test_each_event_has_one_entry_and_no_entry_is_left_over() -> None:
    assert sorted(BY_ID) == sorted(event.message_id for event in Event)


@pytest.mark.parametrize("event", Event, ids=lambda event: event.name)
def test_an_entry_says_what_happened_and_what_to_do(event: Event) -> None:
    entry = BY_ID[event.message_id]
    assert set(entry.headers) == {"Subject", "Defined-By"}
    assert entry.headers["Defined-By"] == "uptime-bot"
    assert entry.headers["Subject"]
    assert len(entry.text.split("\n\n")) >= 2, "a paragraph on what and why, and one on what to do"
    assert [line for line in entry.text.splitlines() if len(line) > LINE_WIDTH] == []
    assert re.sub(r"@[A-Z0-9_]+@", "", entry.text).count("@") == 0


@cache
def logged_fields() -> dict[str, set[str]]:
    """For each event the fields that it has wherever it is logged; an event that is only passed on has none."""
    always: dict[str, set[str]] = {}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        for name, fields in _mentions(ast.parse(path.read_text(encoding="utf-8"))):
            always[name] = always.get(name, fields) & fields
    return always


def _mentions(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Each `Event.NAME` of a module with the fields of the log_event() that it stands in, if it stands in one."""
    within: dict[ast.AST, set[str]] = {}
    for node in ast.walk(tree):
        fields = within.get(node, set())
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log_event":
            names = {word.arg for word in node.keywords if word.arg is not None} - {"exc_info", "level"}
            fields = {f"UPTIME_BOT_{name.upper()}" for name in names}
        within |= dict.fromkeys(ast.iter_child_nodes(node), fields)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Event":
            yield node.attr, fields


def test_fields_of_an_event_are_found_in_the_code() -> None:
    found = logged_fields()
    assert found["STALLED"] >= {"UPTIME_BOT_FILE", "UPTIME_BOT_LINE", "UPTIME_BOT_FUNCTION"}
    assert found["TOKEN_REJECTED"] == {"UPTIME_BOT_TOKEN"}
    assert found["NO_TOKEN"] == set(), "give_up() logs it without fields"


@pytest.mark.parametrize("event", Event, ids=lambda event: event.name)
def test_an_entry_quotes_only_fields_that_its_event_always_has(event: Event) -> None:
    fields = logged_fields()
    assert event.name in fields, "no code logs it"
    assert BY_ID[event.message_id].fields <= fields[event.name]


def test_systemd_takes_the_catalog(tmp_path: Path) -> None:
    needs.require("journalctl", root=False)
    for folder in ("usr/lib/systemd/catalog", "var/lib/systemd/catalog"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/catalog" / CATALOG.name).write_bytes(CATALOG.read_bytes())
    journalctl = ["journalctl", f"--root={tmp_path}"]
    made = subprocess.run([*journalctl, "--update-catalog"], check=False, capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    listed = subprocess.run([*journalctl, "--list-catalog"], check=True, capture_output=True, text=True).stdout
    subjects = {entry.message_id: f"uptime-bot: {entry.headers['Subject']}" for entry in ENTRIES}
    assert dict(line.split(" ", 1) for line in listed.splitlines()) == subjects
