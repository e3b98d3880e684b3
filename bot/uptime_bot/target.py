"""What to run: a script, `module:attr`, or the built-in bot."""

import asyncio
import importlib
import inspect
import os
import runpy
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class TargetRefused(Exception):  # noqa: N818 - the state is the name
    """The target cannot be run, whatever Discord says; str() tells why and what to do."""


class TargetKind(StrEnum):
    """The three ways a bot comes in."""

    SCRIPT = "script"
    ATTRIBUTE = "attribute"
    BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parsed TARGET."""

    kind: TargetKind
    name: str
    arguments: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, arguments: tuple[str, ...] = ()) -> "Target":
        """A file's name is a script, `module:attr` is an attribute, nothing is the built-in bot."""
        if not text:
            return cls(kind=TargetKind.BUILT_IN, name="built-in bot")
        module, colon, attribute = text.partition(":")
        is_dotted = all(part.isidentifier() for part in (*module.split("."), *attribute.split(".")))
        if colon and is_dotted and not Path(text).exists():
            return cls(kind=TargetKind.ATTRIBUTE, name=text, arguments=arguments)
        return cls(kind=TargetKind.SCRIPT, name=text, arguments=arguments)


def run_script(target: Target) -> None:
    """Run a script as __main__, as `python SCRIPT ARGUMENTS` would."""
    path = Path(target.name)
    if not path.exists():
        raise TargetRefused(f"the script {path.absolute()} does not exist; mend [bot] target, or put the bot there")
    if not os.access(path, os.R_OK):
        raise TargetRefused(f"the script {path.absolute()} cannot be read by this user; chown or chmod it")
    sys.argv = [target.name, *target.arguments]
    # Python itself puts the folder of the script first.
    sys.path[0] = str(path.resolve() if path.is_dir() else path.resolve().parent)
    runpy.run_path(target.name, run_name="__main__")


def run_attribute(target: Target) -> None:
    """Import a module and run its attribute: a Client, or a function that makes or runs one."""
    module_name, _, attribute = target.name.partition(":")
    sys.argv = [target.name, *target.arguments]
    sys.path[0] = str(Path.cwd())
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as exc:
        raise TargetRefused(f"cannot import {module_name}: {exc}; the working directory is {Path.cwd()}") from exc
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise TargetRefused(f"{module_name} has no attribute {attribute}")
        found = getattr(found, name)
    _run_found(found, target.name)


def _run_found(found: Any, name: str) -> None:
    import discord  # here, because the adapter must be attached before any of it is used

    if not isinstance(found, discord.Client) and callable(found) and not inspect.isclass(found):
        found = found()
        if inspect.iscoroutine(found):
            found = asyncio.run(found)
        if found is None:
            return  # a main() that ran the bot by itself
    if not isinstance(found, discord.Client):
        raise TargetRefused(f"{name} is a {type(found).__name__}, not a discord.Client nor a function that makes one")
    found.run("", log_handler=None)
