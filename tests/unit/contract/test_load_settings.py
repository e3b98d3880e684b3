"""Settings come from the file, the environment and --set; all mistakes are reported together, each with its place."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_bot.contract.config_error import ConfigError
from uptime_bot.contract.load_settings import load_settings
from uptime_bot.contract.settings import PathSettings, Settings, every_setting

TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWsABC"
ENVIRON = {"HOME": "/home/someone", "STATE_DIRECTORY": "/var/lib/uptime-bot", "RUNTIME_DIRECTORY": "/run/uptime-bot"}
EVERY = {setting.name: setting for setting in every_setting()}


def load(
    tmp_path: Path,
    text: str | bytes = "",
    *overrides: str,
    **variables: str,
) -> Settings:
    """The settings of a file with this content."""
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(config_path=path, environ={**ENVIRON, **variables}, overrides=overrides)


def mistakes(tmp_path: Path, text: str | bytes = "", *overrides: str, **variables: str) -> list[str]:
    """What is wrong, one line each, the folder left out."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, *overrides, **variables)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def complaint(text: str, *overrides: str, **variables: str) -> str:
    """All that the error shows, or nothing where there is none."""
    with TemporaryDirectory() as folder:
        try:
            load(Path(folder), text, *overrides, **variables)
        except ConfigError as error:
            return f"{error} {error!r}"
        return ""


def test_defaults_are_those_of_the_groups(tmp_path: Path) -> None:
    paths = PathSettings(state_dir=Path("/var/lib/uptime-bot"), runtime_dir=Path("/run/uptime-bot"))
    assert load(tmp_path) == Settings(paths=paths)


def test_a_file_nobody_named_may_be_missing(tmp_path: Path) -> None:
    environ = {**ENVIRON, "UPTIME_BOT_CONFIG": str(tmp_path / "none.toml")}
    assert load_settings(config_path=None, environ=environ, overrides=()).health.tick_s == 1.0


def test_the_environment_names_a_file(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("[health]\ntick_s = 2")
    environ = {**ENVIRON, "UPTIME_BOT_CONFIG": str(tmp_path / "other.toml")}
    assert load_settings(config_path=None, environ=environ, overrides=()).health.tick_s == 2.0


def test_a_named_file_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file"):
        load_settings(config_path=tmp_path / "none.toml", environ=ENVIRON, overrides=())


def test_environment_beats_file_and_set_beats_environment(tmp_path: Path) -> None:
    text = "[stop]\ngrace_s = 1\n[health]\ntick_s = 0.1\nrest_timeout_s = 1\n"
    settings = load(tmp_path, text, "stop.grace_s=3", UPTIME_BOT_STOP_GRACE_S="2", UPTIME_BOT_HEALTH_TICK_S="0.2")
    assert (settings.stop.grace_s, settings.health.tick_s, settings.health.rest_timeout_s) == (3.0, 0.2, 1.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["/a", "/b c"]', (Path("/a"), Path("/b c"))),
        ("/a, /b c", (Path("/a"), Path("/b c"))),
        ("/a", (Path("/a"),)),
        ("~/token", (Path("/home/someone/token"),)),
        ("", ()),
        ("[]", ()),
    ],
)
def test_arrays_are_written_as_toml_or_with_commas(tmp_path: Path, text: str, expected: tuple[Path, ...]) -> None:
    assert load(tmp_path, UPTIME_BOT_TOKEN_FILES=text).token.files == expected
    assert load(tmp_path, "", f"token.files={text}").token.files == expected


@pytest.mark.parametrize("text", ["bot.py", '"bot.py"', "'bot.py'", " bot.py "])
def test_text_needs_no_quotes(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, UPTIME_BOT_BOT_TARGET=text).bot.target == "bot.py"
    assert load(tmp_path, "", f"bot.target={text}").bot.target == "bot.py"


def test_text_that_is_a_number_stays_text(tmp_path: Path) -> None:
    assert load(tmp_path, "", "bot.target=42").bot.target == "42"


def test_addresses_lose_their_trailing_slash(tmp_path: Path) -> None:
    settings = load(tmp_path, '[discord]\napi_url = "http://127.0.0.1:8080/api/v10/"\ngateway_url = "ws://[::1]:9/"')
    assert settings.discord.api_url == "http://127.0.0.1:8080/api/v10"
    assert settings.discord.gateway_url == "ws://[::1]:9"


def test_words_of_a_choice_are_taken_in_any_case(tmp_path: Path) -> None:
    settings = load(tmp_path, '[log]\nlevel = "debug"\nformat = "JSON"')
    assert (settings.log.level, settings.log.format) == ("DEBUG", "json")


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf[stop]\r\ngrace_s = 2\r\n", b"[stop]\r\ngrace_s = 2"])
def test_files_of_windows_editors_are_read(tmp_path: Path, raw: bytes) -> None:
    assert load(tmp_path, raw).stop.grace_s == 2.0


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    text = """
# a comment with a [header] = 3
[health]
tick_s = 99
silence_s = "long"
tik_s = 1

[bot]
cogs_dir = '''
several
lines'''
level = "INFO"

[helth]
ack_grace_s = 1
[stop]
grace_s = true
"""
    assert mistakes(tmp_path, text, "log.level=LOUD", "nonsense", "bot.colour=red", UPTIME_BOT_HEALTH_TICKS="1") == [
        "config.toml:4: health.tick_s: 99 is out of range; expected seconds from 0.05 to 5",
        'config.toml:5: health.silence_s: "long" is not a number; expected seconds from 0.5 to 3600',
        "config.toml:6: unknown key health.tik_s; expected perhaps health.tick_s",
        "config.toml:9: bot.cogs_dir: text of 13 characters, too long or with control characters; expected a path",
        "config.toml:12: unknown key bot.level; expected perhaps log.level",
        'config.toml:14: unknown section "helth"; expected perhaps [health]',
        "config.toml:17: stop.grace_s: true is not a number; expected seconds from 0.1 to 60",
        '--set log.level: "LOUD" is not known; expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL',
        '--set: "nonsense" names no key and value; expected --set section.key=value',
        "--set: unknown key bot.colour; expected a key from docs/configuration.md",
        "environment variable UPTIME_BOT_HEALTH_TICKS: names no setting; expected perhaps UPTIME_BOT_HEALTH_TICK_S",
    ]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param("[health]\ntick_s = \n", 2, "Invalid value", id="no value"),
        pytest.param("[health\n", 1, "Expected ']'", id="no bracket"),
        pytest.param("[stop]\ngrace_s = 1\ngrace_s = 2", 3, "Cannot overwrite a value", id="twice"),
        pytest.param('[bot]\ntarget = "open', 2, "", id="end of document"),
        pytest.param("[stop]\n\ngrace_s = 1 \x00", 3, "", id="NUL"),
        pytest.param(b"[stop]\n# \xe4\n", 2, "not UTF-8", id="latin-1"),
        pytest.param("health.tick_s = 99", 1, "out of range", id="dotted key"),
        pytest.param("\nhealth = {ack_grace_s = 20, tick_s = 99}", 2, "out of range", id="inline table"),
        pytest.param("health = 3", 1, "health is a section", id="no table"),
        pytest.param('[token]\nfiles = [\n  "/a", # ]\n]\ncommand = 3', 5, "not an array", id="behind an array"),
        pytest.param("[\"health\"]\n'tick_s' = 99", 2, "out of range", id="quoted keys"),
        pytest.param("[stop]\ngrace_s = nan", 2, "nan is not a finite number", id="nan"),
        pytest.param("[stop]\ngrace_s = -inf", 2, "-inf is not a finite number", id="infinite"),
        pytest.param("[stop]\ngrace_s = 1" + "0" * 400, 2, "a very large number is out of range", id="huge"),
        pytest.param("[stop]\ngrace_s = 1979-05-27", 2, "a date or time is not a number", id="date"),
        pytest.param("[stop]\ngrace_s = [1]", 2, "an array is not a number", id="array for a number"),
        pytest.param("[bot]\ncogs_dir = ''", 2, "an empty path", id="empty path"),
        pytest.param("[token]\nfiles = ['/a', 3]", 2, "3 is not text", id="number in an array"),
        pytest.param("[token]\nfiles = ['']", 2, "one item is empty", id="empty item"),
        pytest.param("[token]\ncredential = '../x'", 2, "not allowed", id="credential with a slash"),
        pytest.param("[token]\nenvironment = 'A B'", 2, "not allowed", id="variable with a space"),
        pytest.param("[discord]\napi_url = 'discord.com'", 2, "wrong scheme or none", id="no scheme"),
        pytest.param("[discord]\napi_url = ''", 2, "wrong scheme or none", id="no address"),
        pytest.param("[discord]\napi_url = 'https://'", 2, "names no host", id="no host"),
        pytest.param("[discord]\napi_url = 'https://a:99999'", 2, "not a valid address", id="port"),
        pytest.param("[discord]\napi_url = 'https://a/b?c=d'", 2, "a query", id="query"),
        pytest.param("[discord]\napi_url = 'https://us:pw@a'", 2, "a user name or a password", id="password"),
        pytest.param("[discord]\ngateway_url = 'https://a'", 2, "wrong scheme", id="gateway by https"),
        pytest.param("[reconnect]\nfirst_delay_s = 50", 2, "is above reconnect.max_delay_s", id="backoff shrinks"),
        pytest.param("[health]\nsilence_s = 5", 2, "is above health.silence_s (5)", id="answer after question"),
        pytest.param("[paths]\nruntime_dir = '/" + "r" * 100 + "'", 2, "too long for a Unix socket", id="socket"),
    ],
)
def test_a_mistake_names_its_line(tmp_path: Path, text: str | bytes, line: int, problem: str) -> None:
    (mistake,) = mistakes(tmp_path, text)
    assert mistake.startswith(f"config.toml:{line}: ")
    assert problem in mistake


def test_equal_durations_are_no_mistake(tmp_path: Path) -> None:
    assert load(tmp_path, "[reconnect]\nfirst_delay_s = 5\nmax_delay_s = 5").reconnect.max_delay_s == 5.0


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_settings(config_path=tmp_path, environ=ENVIRON, overrides=())


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "file" / "config.toml", tmp_path / "loop"):
        with pytest.raises(ConfigError, match="cannot be read: "):
            load_settings(config_path=path, environ=ENVIRON, overrides=())


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        pytest.param("[stop]\ngrace_s = 2".encode("utf-16"), "written in UTF-16", id="UTF-16"),
        pytest.param(b"#" * (1024 * 1024 + 1), "larger than 1 MiB", id="too large"),
        pytest.param(b"a = " + b"[" * 100000, "nested too deeply", id="deep"),
    ],
)
def test_files_that_are_refused_whole(tmp_path: Path, raw: bytes, problem: str) -> None:
    (mistake,) = mistakes(tmp_path, raw)
    assert problem in mistake


def test_the_variable_of_the_token_is_no_mistake(tmp_path: Path) -> None:
    text = "[token]\nenvironment = 'UPTIME_BOT_TOKEN'"
    assert load(tmp_path, text, UPTIME_BOT_TOKEN=TOKEN).token.environment == "UPTIME_BOT_TOKEN"


@pytest.mark.parametrize("secret", [TOKEN, "an-odd-but-valid-token-0123456789"])
def test_no_error_repeats_a_token(secret: str) -> None:
    attempts = [
        *(f"[{setting.section}]\n{setting.key} = '{secret}'" for setting in EVERY.values()),
        *(f"[{setting.section}]\n{setting.key} = ['{secret}']" for setting in EVERY.values()),
        f"[token]\ntoken = '{secret}'",
        f"'{secret}' = 1",
        f"[token]\n'{secret}' = 1",
        f"[token]\n'{secret}' = 1\n'{secret}' = 1",
        f"['{secret}']\n['{secret}']",
        f"[token]\n{secret}",
        f"token = '{secret}'",
        f"[discord]\napi_url = 'https://{secret}@discord.com'",
        f"[discord]\napi_url = 'https://discord.com/?{secret}'",
    ]
    for text in attempts:
        assert secret not in complaint(text), text
    for override in (secret, f"token.{secret}=1", f"{secret}.x=1", f"token.files={secret}", f"stop.grace_s={secret}"):
        assert secret not in complaint("", override), override
    variable = {f"UPTIME_BOT_{secret}": secret}
    assert secret not in complaint("", UPTIME_BOT_TOKEN=secret, **variable)


def test_no_setting_holds_a_token(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, f"[token]\ncommand = ['echo', '{TOKEN}']")
    assert "looks like a Discord token; expected no secret here" in mistake


@given(raw=st.binary(max_size=200))
def test_any_bytes_give_settings_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(raw)
    with suppress(ConfigError):
        load_settings(config_path=path, environ=ENVIRON, overrides=())


@given(name=st.sampled_from(sorted(EVERY)), text=st.text(max_size=40))
def test_any_text_gives_settings_or_a_config_error(name: str, text: str) -> None:
    with suppress(ConfigError):
        load_settings(config_path=Path("/dev/null"), environ=ENVIRON, overrides=[f"{name}={text}"])


@given(
    keys=st.lists(st.sampled_from(sorted(EVERY)), min_size=1, unique=True),
    gaps=st.lists(st.sampled_from(["", "# [x]", "\n", " \t"]), min_size=1),
)
def test_every_mistake_stands_on_its_own_line(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], gaps: list[str]
) -> None:
    lines: list[str] = []
    expected: dict[str, int] = {}
    for index, name in enumerate(sorted(keys)):
        section, _, key = name.partition(".")
        if f"[{section}]" not in lines:
            lines.append(f"[{section}]")
        lines.extend(gaps[index % len(gaps)].split("\n"))
        lines.append(f"{key} = 1979-05-27  # no key takes a date")
        expected[name] = len(lines)
    path = tmp_path_factory.getbasetemp() / "lines.toml"
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigError) as caught:
        load_settings(config_path=path, environ=ENVIRON, overrides=())
    assert [mistake.where for mistake in caught.value.mistakes] == [f"{path}:{line}" for line in expected.values()]
