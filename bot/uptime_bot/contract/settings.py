"""Every setting: its name, type, default, limits, and why it is so. load_settings() fills them in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from uptime_bot.contract import setting_kinds as kinds


class Setting(NamedTuple):
    """What is known about one key; `default` is as TOML writes it."""

    section: str
    key: str
    kind: kinds.Kind
    default: str
    unit: str
    meaning: str
    why: str

    @property
    def name(self) -> str:
        """The name as --set, messages and the documentation write it."""
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        """The environment variable that sets this key."""
        return f"UPTIME_BOT_{self.section}_{self.key}".upper()


class Told(NamedTuple):
    """What is said of a key beside its type and default."""

    kind: kinds.Kind
    meaning: str
    why: str


def _seconds(least: float, most: float, meaning: str, why: str) -> Told:
    return Told(kinds.seconds(least=least, most=most), meaning, why)


class BotSettings(NamedTuple):
    """What is run."""

    target: Annotated[
        str,
        Told(
            kinds.text('a script, "module:attr", or "" for the built-in bot'),
            'what to run: a script, `module:attr` holding a Client or Bot, or "" for the built-in bot',
            "the built-in bot shows at once whether an installation works",
        ),
    ] = ""
    cogs_dir: Annotated[
        Path,
        Told(
            kinds.path(),
            "the folder whose cogs the built-in bot loads, relative to the working directory",
            "`cogs` is the folder name that most discord.py bots use",
        ),
    ] = Path("cogs")


class DiscordSettings(NamedTuple):
    """Where Discord, or another implementation of its API, answers."""

    api_url: Annotated[
        str,
        Told(
            kinds.url("http", "https"),
            "the REST API's base address with its version",
            "v10 is the version that discord.py speaks; a REST proxy or a compatible server goes here",
        ),
    ] = "https://discord.com/api/v10"
    gateway_url: Annotated[
        str,
        Told(
            kinds.url("ws", "wss", optional=True),
            'the gateway\'s address; "" = wss://gateway.discord.gg/, and for a RESUME the address that Discord names',
            "only a server that cannot name its own gateway needs it",
        ),
    ] = ""


class TokenSettings(NamedTuple):
    """Where the token is looked for; the first source that Discord accepts wins."""

    credential: Annotated[
        str,
        Told(
            kinds.text('a credential\'s name, without a slash, or "" for none', pattern=r"(?!\.{1,2}$)[^/]{0,255}"),
            'the systemd credential\'s name, a file in $CREDENTIALS_DIRECTORY; "" looks for none',
            "asked first: only the service can read it, and systemd can keep it encrypted",
        ),
    ] = "discord-token"
    files: Annotated[
        tuple[Path, ...],
        Told(
            kinds.paths(),
            "files that hold a token, tried in order",
            "serves where there is no systemd, and a `.env` file works as well",
        ),
    ] = (Path("/etc/uptime-bot/token"),)
    environment: Annotated[
        str,
        Told(
            kinds.text('a variable\'s name, or "" for none', pattern=r"([A-Za-z_][A-Za-z0-9_]*)?"),
            'the environment variable that holds a token; "" looks for none',
            "the name that most bots and container images use",
        ),
    ] = "DISCORD_TOKEN"
    command: Annotated[
        tuple[str, ...],
        Told(
            kinds.argv(),
            "a command and its arguments whose output is the token; no shell reads it",
            "for password stores; empty because a command is slower and can fail in more ways",
        ),
    ] = ()
    command_timeout_s: Annotated[
        float,
        _seconds(
            0.1,
            60.0,
            "how long that command may take",
            "a store that asks a person for a passphrase must not hold up the start",
        ),
    ] = 10.0


class HealthSettings(NamedTuple):
    """How the health verdict is found."""

    tick_s: Annotated[
        float,
        _seconds(
            0.05,
            5.0,
            "how often health is judged and the watchdog pinged",
            "well below half of WatchdogSec=20s, and cheap",
        ),
    ] = 1.0
    loop_lag_degraded_s: Annotated[
        float,
        _seconds(
            0.01,
            10.0,
            "an event loop this late is degraded",
            "an interaction must be answered within 3 s; half a second late is felt",
        ),
    ] = 0.5
    ack_grace_s: Annotated[
        float,
        _seconds(
            0.1,
            300.0,
            "a heartbeat unanswered for longer makes the gateway suspect of being deaf",
            "Discord answers within a second; discord.py itself takes 60 s to notice",
        ),
    ] = 20.0
    answer_grace_s: Annotated[
        float,
        _seconds(
            0.1,
            300.0,
            "an IDENTIFY or RESUME unanswered for longer makes the gateway suspect of being deaf",
            "discord.py waits for this answer without any limit",
        ),
    ] = 20.0
    silence_s: Annotated[
        float,
        _seconds(
            0.5,
            3600.0,
            "nothing dispatched for this long: ask for something that must be answered",
            "a session can go deaf with its heartbeats still answered",
        ),
    ] = 60.0
    silence_answer_s: Annotated[
        float,
        _seconds(
            0.1,
            300.0,
            "no answer to that question for this long: deaf",
            "with `silence_s` this keeps a deaf session below 90 s",
        ),
    ] = 10.0
    rest_timeout_s: Annotated[
        float,
        _seconds(
            0.1,
            60.0,
            "how long the probe waits for Discord's REST API",
            "tells a dead socket (repair it) from a Discord that is down (wait)",
        ),
    ] = 5.0
    start_deadline_s: Annotated[
        float,
        _seconds(
            1.0,
            86400.0,
            "a start without progress for this long before the first READY is no longer extended",
            "then systemd's TimeoutStartSec ends it; waiting for Discord counts as progress",
        ),
    ] = 300.0
    stall_after_s: Annotated[
        float,
        _seconds(
            0.1,
            60.0,
            "an event loop stuck for this long has its stack written to the journal",
            "long before WatchdogSec, so that the blocking line is known when the process is killed",
        ),
    ] = 1.0
    stall_repeat_s: Annotated[
        float,
        _seconds(
            0.1,
            86400.0,
            "the same stall is written again only after this long",
            "a bot that blocks often must not fill the journal",
        ),
    ] = 60.0


class ReconnectSettings(NamedTuple):
    """How the gateway and the login are tried again."""

    first_delay_s: Annotated[
        float,
        _seconds(
            0.01,
            60.0,
            "the wait before the second attempt",
            "most cuts pass at once",
        ),
    ] = 1.0
    max_delay_s: Annotated[
        float,
        _seconds(
            0.1,
            900.0,
            "the longest wait between attempts to RESUME or log in",
            "discord.py's own grows to 17 minutes and is not reset by success",
        ),
    ] = 30.0
    identify_max_delay_s: Annotated[
        float,
        _seconds(
            0.1,
            3600.0,
            "the longest wait between attempts to IDENTIFY",
            "more than 86.4 s between them stays below 1000 a day, where Discord resets the token",
        ),
    ] = 90.0
    probe_every_s: Annotated[
        float,
        _seconds(
            0.05,
            60.0,
            "while waiting, how often to look whether the network or Discord is back",
            "a wait ends the second it can, not when the backoff says",
        ),
    ] = 1.0


class SessionSettings(NamedTuple):
    """How the gateway session outlives the process."""

    across_restarts: Annotated[
        str,
        Told(
            kinds.choice("resume", "identify"),
            "resume: the next process goes on with the session of the last one; identify: each begins a new one",
            "a RESUME loses no event and spends no IDENTIFY",
        ),
    ] = "resume"
    window_s: Annotated[
        float,
        _seconds(
            1.0,
            3600.0,
            "a session that has been without a connection for longer is not resumed",
            "Discord keeps one for a few minutes and names no figure; 90 s is the least that was seen",
        ),
    ] = 90.0
    delivery: Annotated[
        str,
        Told(
            kinds.choice("dispatched", "at-least-once"),
            "when an event counts as delivered: dispatched = its handlers have begun; at-least-once = they have ended "
            "(experimental)",
            "a handler that a crash interrupts is run again only with at-least-once",
        ),
    ] = "dispatched"
    stale_interactions: Annotated[
        str,
        Told(
            kinds.choice("drop", "dispatch"),
            "what is done with interactions older than 3 s that a RESUME replays",
            "Discord takes no answer to them any more, so that a handler can only fail",
        ),
    ] = "drop"
    at_stop: Annotated[
        str,
        Told(
            kinds.choice("keep", "offline"),
            "keep: a stop leaves the session to the next start; offline: the bot is shown as offline at once",
            "a restart is a stop and a start, and systemd does not say which is meant; kept, Discord shows the bot as "
            "online for a few minutes",
        ),
    ] = "keep"


class BudgetSettings(NamedTuple):
    """How much of Discord's patience may be spent."""

    identify_reserve: Annotated[
        float,
        Told(
            kinds.fraction(least=0.01, most=0.9),
            "the part of a day's session starts (IDENTIFYs) that is never spent",
            "at the end of its 1000 a day Discord resets the token; some are left for what others start with it",
        ),
    ] = 0.1
    invalid_requests: Annotated[
        int,
        Told(
            kinds.whole(least=100, most=9000),
            "refused requests (401, 403, 429) in ten minutes at which REST calls are held back",
            "at 10,000 Discord bans the address; other bots may share it",
        ),
    ] = 5000


class RestartSettings(NamedTuple):
    """How a crash loop is paced."""

    first_delay_s: Annotated[
        float,
        _seconds(
            0.01,
            60.0,
            "how a crash loop's pause begins: none after a first crash, this after a second, then longer",
            "one crash should cost users nothing",
        ),
    ] = 0.1
    max_delay_s: Annotated[
        float,
        _seconds(
            0.1,
            3600.0,
            "the longest wait in a crash loop",
            "a loop that IDENTIFYs every 5 minutes spends 288 of 1000 a day",
        ),
    ] = 300.0
    forget_after_s: Annotated[
        float,
        _seconds(
            0.1,
            604800.0,
            "healthy for this long: earlier crashes are forgotten",
            "systemd's own restart backoff never forgets",
        ),
    ] = 600.0


class StopSettings(NamedTuple):
    """How the bot ends."""

    grace_s: Annotated[
        float,
        _seconds(
            0.1,
            60.0,
            "how long handlers may take to end after SIGTERM; has to stay below the unit's TimeoutStopSec=4500ms",
            "`systemctl stop` then returns within 5 s",
        ),
    ] = 3.5


class PathSettings(NamedTuple):
    """Where the bot keeps things; "" in the configuration leaves a path to the environment, see paths.py."""

    state_dir: Annotated[
        Path,
        Told(
            kinds.path(derived=True),
            'what must survive a restart; "" = $STATE_DIRECTORY, else $XDG_STATE_HOME/uptime-bot/NAME, '
            "else ~/.local/state/uptime-bot/NAME",
            "systemd's StateDirectory= in the service, the user's place elsewhere; NAME differs for each bot",
        ),
    ]
    runtime_dir: Annotated[
        Path,
        Told(
            kinds.path(derived=True),
            'the control socket; "" = $RUNTIME_DIRECTORY, else $XDG_RUNTIME_DIR/uptime-bot/NAME, '
            "else `run` below state_dir",
            "systemd's RuntimeDirectory= in the service: in memory, and removed when the service stops",
        ),
    ]


class LogSettings(NamedTuple):
    """What is logged, and how."""

    level: Annotated[
        str,
        Told(
            kinds.choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
            "the lowest level of uptime-bot's own messages: DEBUG, INFO, WARNING, ERROR or CRITICAL",
            "loggers of discord.py and of the bot keep their own levels",
        ),
    ] = "INFO"
    format: Annotated[
        str,
        Told(
            kinds.choice("auto", "journal", "console", "json"),
            "auto, journal, console or json; auto = journal under systemd, else console",
            "right for the service and for a terminal; json is for containers",
        ),
    ] = "auto"


class Settings(NamedTuple):
    """All settings, checked; every duration is in seconds."""

    paths: PathSettings
    bot: BotSettings = BotSettings()
    discord: DiscordSettings = DiscordSettings()
    token: TokenSettings = TokenSettings()
    health: HealthSettings = HealthSettings()
    reconnect: ReconnectSettings = ReconnectSettings()
    session: SessionSettings = SessionSettings()
    budget: BudgetSettings = BudgetSettings()
    restart: RestartSettings = RestartSettings()
    stop: StopSettings = StopSettings()
    log: LogSettings = LogSettings()


SECTIONS: dict[str, type[Any]] = {
    "bot": BotSettings,
    "discord": DiscordSettings,
    "token": TokenSettings,
    "health": HealthSettings,
    "reconnect": ReconnectSettings,
    "session": SessionSettings,
    "budget": BudgetSettings,
    "restart": RestartSettings,
    "stop": StopSettings,
    "paths": PathSettings,
    "log": LogSettings,
}


def every_setting() -> Iterator[Setting]:
    """Each key there is, in the order of the documentation."""
    for section, group in SECTIONS.items():
        for key, annotation in group.__annotations__.items():
            told: Told = annotation.__metadata__[0]
            yield Setting(
                section=section,
                key=key,
                kind=told.kind,
                default='""' if section == "paths" else _as_toml(group._field_defaults[key]),
                unit="seconds" if key.endswith("_s") else "",
                meaning=told.meaning,
                why=told.why,
            )


def _as_toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_as_toml(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, int | float) else f'"{value}"'
