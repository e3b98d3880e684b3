"""What to run: a script, `module:attr`, or the built-in bot."""

import asyncio
import builtins
import importlib
import inspect
import io
import os
import runpy
import sys
import zipfile
from enum import StrEnum
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple


class TargetRefused(Exception):  # noqa: N818 - the state is the name
    """The target cannot be run, whatever Discord says; str() tells why and what to do."""


class TargetKind(StrEnum):
    """The three ways a bot comes in."""

    SCRIPT = "script"
    ATTRIBUTE = "attribute"
    BUILT_IN = "built-in"


class Target(NamedTuple):
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
        if colon and is_dotted and not _exists(text):
            return cls(kind=TargetKind.ATTRIBUTE, name=text, arguments=arguments)
        return cls(kind=TargetKind.SCRIPT, name=text, arguments=arguments)


def run_script(target: Target) -> None:
    """Run a script as __main__, as `python SCRIPT ARGUMENTS` would."""
    path = Path(os.path.abspath(target.name))  # noqa: PTH100 - absolute() keeps the dots, and Python does not
    _check_readable(path, target.name)
    sys.argv = [target.name, *target.arguments]
    # Python itself puts the folder of the script first.
    sys.path[0] = str(path.resolve() if path.is_dir() else path.resolve().parent)
    if path.is_dir() or path.suffix == ".pyc" or zipfile.is_zipfile(path):
        runpy.run_path(target.name, run_name="__main__")
    else:
        _run_source(path)


def _check_readable(path: Path, name: str) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError) as exc:
        advice = _attribute_of_a_file(name) or "mend [bot] target, or put the bot there"
        raise TargetRefused(f"the script {path} does not exist; {advice}") from exc
    except OSError as exc:
        raise TargetRefused(f"the script {path} cannot be read: {exc.strerror}; mend [bot] target") from exc
    if not os.access(path, os.R_OK):
        raise TargetRefused(f"the script {path} cannot be read by this user; chown or chmod it")


def _run_source(path: Path) -> None:
    """Run a file of source code.

    Not by runpy, which gives sys.argv[0] and __file__ one and the same name: Python gives the first as it was typed and
    the second absolute (since 3.9), so that a script finds its files after a chdir. And __main__ stays, as a thread of
    the script may outlive it.
    """
    with io.open_code(str(path)) as file:
        code = compile(file.read(), str(path), "exec", dont_inherit=True)
    main = ModuleType("__main__")
    main.__dict__.update(
        __builtins__=builtins, __cached__=None, __file__=str(path), __loader__=SourceFileLoader("__main__", str(path))
    )
    sys.modules["__main__"] = main
    exec(code, main.__dict__)  # noqa: S102 - running the user's script is what we are for


def _attribute_of_a_file(name: str) -> str:
    """What to say about `bot.py:client`, which is written `bot:client`; "" about anything else."""
    file, colon, attribute = name.partition(":")
    if not (colon and attribute and file.endswith(".py") and _exists(file)):
        return ""
    module = file.removesuffix(".py").removeprefix("./").replace("/", ".")
    return f"did you mean {module}:{attribute}?"


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def run_attribute(target: Target) -> None:
    """Import a module and run its attribute: a Client, or a function that makes or runs one."""
    module_name, _, attribute = target.name.partition(":")
    sys.argv = [target.name, *target.arguments]
    sys.path[0] = str(Path.cwd())
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as exc:
        advice = _attribute_of_a_file(target.name) or f"the working directory is {Path.cwd()}"
        raise TargetRefused(f"cannot import {module_name}: {exc}; {advice}") from exc
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
