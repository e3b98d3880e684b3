"""`uptime-drill`: the Discord stand-in, and its faults by hand."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from uptime_drill.discord.options import DEMO_APPLICATION_ID, DEMO_TOKEN, GatewayRules, Options, RestRules

EX_USAGE = 64
EX_UNAVAILABLE = 69
DEFAULT_PORT = 8123
DEFAULT_CONTROL_PORT = 8124


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    return int(args.run(args))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="uptime-drill", description="A stand-in for Discord, with faults on command.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_discord(commands.add_parser("discord", help="run the stand-in until SIGTERM or SIGINT"))
    _add_fault(commands.add_parser("discord-fault", help="set a fault at a running stand-in, or end all with `reset`"))
    return parser


def _add_discord(parser: argparse.ArgumentParser) -> None:
    rules = GatewayRules()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="REST and gateway; 0 picks one (%(default)s)")
    parser.add_argument("--control-port", type=int, default=DEFAULT_CONTROL_PORT, help="0 picks one (%(default)s)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append what is seen as JSON lines")
    parser.add_argument("--token", action="append", default=[], help="a token to let in; more than once for several")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="tokens to let in, one a line")
    parser.add_argument("--application-id", type=int, default=DEMO_APPLICATION_ID, metavar="N")
    parser.add_argument("--guilds", type=int, default=2, metavar="N", help="guilds of the world (%(default)s)")
    parser.add_argument("--members", type=int, default=5, metavar="N", help="members of each guild (%(default)s)")
    parser.add_argument("--channels", type=int, default=3, metavar="N", help="channels of each guild (%(default)s)")
    parser.add_argument("--shards", type=int, default=rules.shards, metavar="N", help="what /gateway/bot recommends")
    parser.add_argument("--heartbeat-interval-ms", type=int, default=rules.heartbeat_interval_ms, metavar="N")
    parser.add_argument("--resume-window-s", type=float, default=rules.resume_window_s, metavar="S")
    parser.add_argument("--identify-interval-s", type=float, default=rules.identify_interval_s, metavar="S")
    parser.add_argument("--max-concurrency", type=int, default=rules.max_concurrency, metavar="N")
    parser.add_argument("--session-starts", type=int, default=rules.session_starts, metavar="N", help="IDENTIFYs a day")
    parser.add_argument("--invalid-requests", type=int, default=10_000, metavar="N", help="in 10 min, before a ban")
    parser.add_argument("--privileged-intents", default="all", metavar="all|none|NAMES")
    parser.add_argument("--tick-ms", type=int, metavar="N", help="a message every N ms")
    parser.add_argument("--tick-spread", type=int, default=0, metavar="N", help="N messages a tick, over the guilds")
    parser.add_argument("--furnished", action="store_true", help="roles, voice, threads, emojis in each guild")
    parser.set_defaults(run=_run_discord)


def _add_fault(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND", help="refuse, cut, http_status, …; `reset` ends all")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="for_s=20 count=3 path=users/@me code=4000 …")
    parser.add_argument("--control", default=f"http://127.0.0.1:{DEFAULT_CONTROL_PORT}", metavar="URL")
    parser.set_defaults(run=_run_fault)


def _run_discord(args: argparse.Namespace) -> int:
    # Late: `discord-fault` and --help need no server.
    import asyncio

    from uptime_drill.discord.service import serve

    try:
        options = _options(args)
        asyncio.run(serve(options))
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"uptime-drill: {problem}\n")
        return EX_USAGE if isinstance(problem, ValueError) else EX_UNAVAILABLE
    return 0


def _options(args: argparse.Namespace) -> Options:
    from uptime_drill.discord.intents import privileged_from_words

    return Options(
        host=args.host,
        port=args.port,
        control_port=args.control_port,
        log_file=args.log,
        tokens=_tokens(args),
        application_id=args.application_id,
        privileged_intents=privileged_from_words(args.privileged_intents),
        guilds=args.guilds,
        members=args.members,
        channels=args.channels,
        furnished=args.furnished,
        tick_ms=args.tick_ms,
        tick_spread=args.tick_spread,
        gateway=GatewayRules(
            heartbeat_interval_ms=args.heartbeat_interval_ms,
            resume_window_s=args.resume_window_s,
            identify_interval_s=args.identify_interval_s,
            max_concurrency=args.max_concurrency,
            session_starts=args.session_starts,
            shards=args.shards,
        ),
        rest=RestRules(invalid_requests=args.invalid_requests),
    )


def _tokens(args: argparse.Namespace) -> tuple[str, ...]:
    named = list(args.token)
    if args.token_file is not None:
        named += args.token_file.read_text(encoding="utf-8").split()
    return tuple(named) or (DEMO_TOKEN,)


def _run_fault(args: argparse.Namespace) -> int:
    from uptime_drill.discord.control.client import Control, ControlError
    from uptime_drill.discord.faults import FaultRefused, fault_from_words

    control = Control(args.control)
    try:
        if args.kind == "reset":
            control.reset()
            answer: object = {"ended": "all"}
        else:
            answer = control.post("/faults", fault_from_words(args.kind, args.settings))
    except (ControlError, FaultRefused) as problem:
        sys.stderr.write(f"uptime-drill: {problem}\n")
        return EX_UNAVAILABLE if isinstance(problem, ControlError) else EX_USAGE
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0
