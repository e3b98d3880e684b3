"""The command line: `uptime-bot run` is the service, `uptime-bot check-config` reads the configuration and no more."""

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from uptime_bot import __version__

if TYPE_CHECKING:
    from uptime_bot.contract.settings import Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    options = _parser().parse_args(argv)
    if options.command == "check-config":
        return _check_config(options)
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    from uptime_bot.service.early_tls import EarlyContext  # late, as all below: check-config needs none of it

    gc.disable()  # what is imported stays, and to look through it takes 40 ms; the host enables it for the bot's code
    early_tls = EarlyContext()
    try:
        from uptime_bot.run import run

        return run(lambda: _load(options), tuple(options.arguments), os.environ, early_tls)
    finally:
        early_tls.wait()
        gc.enable()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uptime-bot", description="Runs any discord.py bot, unchanged, as a systemd service that heals itself."
    )
    parser.add_argument("--version", action="version", version=f"uptime-bot {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run a bot", description="Run a bot until it is asked to stop.")
    check = commands.add_parser("check-config", help="check the configuration", description="Check the configuration.")
    for command in (run, check):
        command.add_argument("--config", type=Path, metavar="FILE", help="default: /etc/uptime-bot/config.toml")
        command.add_argument(
            "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="set one key; may be repeated"
        )
    check.add_argument("--json", action="store_true", help="print the mistakes as JSON")
    run.add_argument(
        "target", nargs="?", default="", metavar="TARGET", help="a script or module:attr; default: the built-in bot"
    )
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="the script's own arguments")
    return parser


def _load(options: argparse.Namespace) -> "Settings":
    from uptime_bot.contract.load_settings import load_settings  # late, as in _run

    overrides = list(options.set)
    if getattr(options, "target", ""):
        overrides.append(f"bot.target={json.dumps(options.target, ensure_ascii=False)}")
    return load_settings(config_path=options.config, environ=os.environ, overrides=overrides)


def _check_config(options: argparse.Namespace) -> int:
    from uptime_bot.contract.config_error import ConfigError  # late, as in _run
    from uptime_bot.contract.exit_codes import ExitCode

    mistakes: list[str] = []
    try:
        _load(options)
    except ConfigError as exc:
        mistakes = [str(mistake) for mistake in exc.mistakes]
    if options.json:
        print(json.dumps({"ok": not mistakes, "mistakes": mistakes}))
    elif mistakes:
        print("\n".join(mistakes), file=sys.stderr)
    else:
        print("the configuration is fine")
    return ExitCode.CONFIG if mistakes else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
