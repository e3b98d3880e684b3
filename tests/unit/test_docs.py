"""The documents name what exists: files, commands, options, verdicts, exit codes."""

import re
import shlex
from pathlib import Path

import pytest

from uptime_bot import cli as bot_cli
from uptime_bot.contract.exit_codes import ExitCode
from uptime_bot.contract.health import Health
from uptime_bot.discordpy import insides
from uptime_bot.health.sample import ShardState
from uptime_bot.health.verdict import RemedyKind, SymptomKind
from uptime_drill import cli as drill_cli

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
LAYERS = {"static", "unit", "contract", "integration", "systemd"}
OF_THE_SYSTEM = {"systemctl", "journalctl", "python3"}


def name_of(path: Path) -> str:
    """The path as the documents write it."""
    return path.relative_to(ROOT).as_posix()


def paths_in(text: str) -> list[str]:
    """What stands in backticks and is a path of this repository: one of its first folders, or a file at its root."""
    roots = {path.name for path in ROOT.iterdir()}
    quoted = re.findall(r"`([^`\s]+)`", text)
    return [word for word in quoted if "/" in word or word in roots if not word.startswith("/")]


def table_words(text: str, heading: str) -> list[str]:
    """The first column of the table below a heading; a cell may name several words."""
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")][2:]
    return [word.strip() for cell in cells for word in cell.split(",")]


def commands_in(text: str) -> list[list[str]]:
    """The commands of the indented blocks, without what is said about them after two spaces."""
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    parts = [part for line in lines for part in line.split("   ")[0].split(" && ")]
    return [shlex.split(part) for part in parts]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_options_of_the_installer_exist(document: Path) -> None:
    known = set(re.findall(r"--[a-z-]+", (ROOT / "install.sh").read_text(encoding="utf-8")))
    lines = [line for line in document.read_text(encoding="utf-8").splitlines() if "install.sh" in line]
    named = {option for line in lines for call in line.split("install.sh")[1:] for option in leading_options(call)}
    assert named - known == set()


def leading_options(call: str) -> list[str]:
    """The options right behind a command, up to what is said about it."""
    return re.findall(r"--[a-z-]+", re.split(r"   |`", call, maxsplit=1)[0])


@pytest.mark.parametrize("document", [ROOT / "docs" / "architecture.md", *(ROOT / "docs" / "decisions").glob("*.md")])
def test_files_and_folders_exist(document: Path) -> None:
    named = paths_in(document.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_each_room_stands_in_the_architecture() -> None:
    rooms = {path.parent for path in (ROOT / "bot" / "uptime_bot").glob("*/*.py")}
    rooms |= {path.parent for path in (ROOT / "tests").glob("*/*.py")} - {ROOT / "tests" / "integration"}
    named = set(paths_in(ARCHITECTURE))
    assert {name_of(room) for room in rooms} - named == set()


def test_what_is_replaced_in_discordpy_stands_in_the_architecture() -> None:
    section = ARCHITECTURE.split("## What is replaced in discord.py", 1)[1].split("\n## ", 1)[0]
    attach = (ROOT / "bot" / "uptime_bot" / "discordpy" / "attach.py").read_text(encoding="utf-8")
    replaced = set(re.findall(r'\((?:Shard|auto|discord\.Client), "(\w+)"', attach))
    assert replaced
    assert {name for name in replaced if not re.search(rf"\b{name}\b", section)} == set()
    assert insides.missing(insides.LOGIN + insides.CONNECTION) == []


def test_each_dependency_stands_in_the_architecture_with_its_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = project.split("\ndependencies = [", 1)[1].split("[tool", 1)[0]
    packages = set(re.findall(r'^\s+"([\w.-]+?)[>"]', listed, re.MULTILINE)) | {"systemd-python"}
    assert "discord.py" in packages
    section = ARCHITECTURE.split("## Dependencies", 1)[1]
    assert {package for package in packages if package not in section} == set()


def test_verdicts_and_exit_codes_stand_in_the_glossary() -> None:
    assert sorted(table_words(GLOSSARY, "Verdicts")) == sorted(Health)
    assert table_words(GLOSSARY, "Exit codes") == [str(code.value) for code in ExitCode]
    assert [code.name for code in ExitCode if f"| {code.value} | {code.name} |" not in GLOSSARY] == []


def test_states_symptoms_and_remedies_stand_in_the_glossary() -> None:
    words = [*ShardState, *SymptomKind, *RemedyKind]
    assert [word for word in words if not re.search(rf"\b{word}\b", GLOSSARY)] == []


def test_each_word_has_one_meaning() -> None:
    headings = re.findall(r"(?m)^## (.+)$", GLOSSARY)
    words = [word for heading in headings for word in table_words(GLOSSARY, heading)]
    # A shard is ready when it has a session, a bot when all its shards are.
    assert sorted({word for word in words if words.count(word) > 1}) == ["ready"]


def test_each_decision_says_what_why_and_what_else() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. ")
        assert [part for part in ("**What.**", "**Why.**", "**What else was weighed.**") if part not in text] == []


@pytest.mark.parametrize("command", commands_in(README), ids=" ".join)
def test_commands_of_the_readme_exist(command: list[str]) -> None:
    words = command[1:] if command[0] == "sudo" else command
    program = words[0].removeprefix("./").removeprefix(".venv/bin/")
    match program:
        case "uptime-bot":
            bot_cli._parser().parse_args(words[1:])
        case "uptime-drill":
            drill_cli._parser().parse_args(words[1:])
        case "tests/run":
            assert set(words[1:]) <= LAYERS
        case "python" | "pip":
            named = [word for word in words[1:] if "/" in word]
            assert [word for word in named if not (ROOT / word).exists()] == []
        case _:
            assert program in OF_THE_SYSTEM or (ROOT / program).is_file()


@pytest.mark.parametrize("script", ["install.sh", "tests/run", ".ci/run"])
def test_what_people_call_can_be_executed(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_units_that_are_named_exist(document: Path) -> None:
    named = re.findall(r"\b(uptime-bot[a-z-]*\.(?:service|timer|path|socket|slice))\b", document.read_text("utf-8"))
    assert [unit for unit in named if not list((ROOT / "units").rglob(unit))] == []
