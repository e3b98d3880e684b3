"""Puts the settings together: configuration file < environment < --set, and reports all mistakes at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from uptime_bot.contract.config_error import ConfigError, Mistake, Unacceptable, shown
from uptime_bot.contract.config_file import ConfigFile, read_config_file
from uptime_bot.contract.paths import default_runtime_dir, default_state_dir, instance_name
from uptime_bot.contract.setting_kinds import Form
from uptime_bot.contract.setting_relations import relation_mistakes
from uptime_bot.contract.settings import SECTIONS, PathSettings, Setting, Settings, every_setting

DEFAULT_CONFIG = Path("/etc/uptime-bot/config.toml")
CONFIG_VARIABLE = "UPTIME_BOT_CONFIG"
_PREFIX = "UPTIME_BOT_"


class Given(NamedTuple):
    """A value that somebody set, as TOML would have given it, and the place where it was set."""

    where: str
    setting: Setting
    value: object


def load_settings(*, config_path: Path | None, environ: Mapping[str, str], overrides: Sequence[str]) -> Settings:
    """All settings from the file, the environment and the `section.key=value` of --set; raises ConfigError.

    An explicit config_path has to exist; $UPTIME_BOT_CONFIG and the default path may be missing.
    """
    known = {setting.name: setting for setting in every_setting()}
    accepted: dict[str, Any] = {}
    places: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for found in _every_given(config_path, environ, overrides, known):
        if isinstance(found, Mistake):
            mistakes.append(found)
        else:
            _accept(found, environ, accepted, places, mistakes)
    settings = _built(accepted, environ)
    mistakes += _unknown_variables(environ, known, settings.token.environment)
    if not mistakes:  # a relation between values of which one is wrong would only confuse
        mistakes += relation_mistakes(settings, places)
    if mistakes:
        raise ConfigError(mistakes)
    return settings


def _every_given(
    config_path: Path | None, environ: Mapping[str, str], overrides: Sequence[str], known: Mapping[str, Setting]
) -> Iterator[Given | Mistake]:
    """What was set anywhere, the weakest place first."""
    path = config_path or Path(environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
    try:
        file = read_config_file(path, must_exist=config_path is not None)
    except ConfigError as error:
        yield from error.mistakes
    else:
        yield from _from_file(file, known)
    for setting in known.values():
        if (text := environ.get(setting.variable)) is not None:
            yield Given(f"environment variable {setting.variable}", setting, _from_text(text, setting.kind.form))
    for override in overrides:
        yield _from_override(override, known)


def _from_file(file: ConfigFile, known: Mapping[str, Setting]) -> Iterator[Given | Mistake]:
    for section, keys in file.tables.items():
        if section not in SECTIONS:
            yield Mistake(file.where(section), f"unknown section {shown(section)}", _closest_section(section))
        elif not isinstance(keys, dict):
            yield Mistake(file.where(section), f"{section} is a section", f"[{section}] on a line of its own")
        else:
            for key, value in keys.items():
                where = file.where(section, key)
                if setting := known.get(f"{section}.{key}"):
                    yield Given(where, setting, value)
                else:
                    yield _unknown_key(where, section, key, known)


def _from_override(override: str, known: Mapping[str, Setting]) -> Given | Mistake:
    name, separator, text = override.partition("=")
    name = name.strip()
    section, dot, key = name.partition(".")
    if not separator or not dot:
        return Mistake("--set", f"{shown(name)} names no key and value", "--set section.key=value")
    if setting := known.get(name):
        return Given(f"--set {name}", setting, _from_text(text, setting.kind.form))
    return _unknown_key("--set", section, key, known)


def _from_text(text: str, form: Form) -> object:
    """What the text stands for: TOML where it is TOML of that form, else itself, for arrays split at commas."""
    text = text.strip()
    wanted = {Form.TEXT: str, Form.NUMBER: object, Form.ARRAY: list}[form]
    if form is Form.NUMBER or text[:1] in ("[", '"', "'"):
        import tomllib  # late, see config_file

        try:
            parsed = tomllib.loads(f"value = {text}")
        except (ValueError, RecursionError):
            parsed = {}
        if parsed.keys() == {"value"} and isinstance(parsed["value"], wanted):
            value: object = parsed["value"]
            return value
    return [item.strip() for item in text.split(",") if item.strip()] if form is Form.ARRAY else text


def _accept(
    given: Given,
    environ: Mapping[str, str],
    accepted: dict[str, Any],
    places: dict[str, str],
    mistakes: list[Mistake],
) -> None:
    name = given.setting.name
    try:
        value = given.setting.kind.accept(given.value)
        accepted[name] = _at_home(value, environ)
        places[name] = given.where
    except Unacceptable as error:
        problem = error.problem if given.where.endswith(name) else f"{name}: {error.problem}"
        mistakes.append(Mistake(given.where, problem, error.expected))


def _at_home(value: object, environ: Mapping[str, str]) -> object:
    if isinstance(value, tuple):
        return tuple(_at_home(item, environ) for item in value)
    if not isinstance(value, Path) or value.parts[:1] != ("~",):
        return value
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        raise Unacceptable("~ means the home directory, but $HOME is not set", "an absolute path")
    return Path(home, *value.parts[1:])


def _built(accepted: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    groups: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for name, value in accepted.items():
        section, _, key = name.partition(".")
        groups[section][key] = value
    paths = groups.pop("paths")
    made = {section: SECTIONS[section](**values) for section, values in groups.items()}
    name = instance_name(made["bot"].target, working_directory=_working_directory())
    state_dir = paths.get("state_dir") or default_state_dir(environ, name=name)
    runtime_dir = paths.get("runtime_dir") or default_runtime_dir(environ, name=name, state_dir=state_dir)
    return Settings(**made, paths=PathSettings(state_dir=state_dir, runtime_dir=runtime_dir))


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was removed
        return Path("/")


def _unknown_variables(
    environ: Mapping[str, str], known: Mapping[str, Setting], token_variable: str
) -> Iterator[Mistake]:
    variables = {setting.variable: setting for setting in known.values()}
    meant = {CONFIG_VARIABLE, token_variable, *variables}
    for variable in sorted(environ):
        if variable.startswith(_PREFIX) and variable not in meant:
            # Capitals alone are no token; anything else could be one that was pasted into the wrong place.
            shown_name = variable if re.fullmatch(r"[A-Z_]{1,60}", variable) else f"{_PREFIX}..."
            closest = _closest(variable, variables)
            expected = f"perhaps {closest}" if closest else "a name from docs/configuration.md"
            yield Mistake(f"environment variable {shown_name}", "names no setting", expected)


def _unknown_key(where: str, section: str, key: str, known: Mapping[str, Setting]) -> Mistake:
    # By the key alone: a right section would make any key of it look close.
    beside = {setting.key: setting.name for setting in known.values() if setting.section == section}
    anywhere = {setting.key: setting.name for setting in known.values()}
    closest = beside.get(_closest(key, beside)) or anywhere.get(_closest(key, anywhere))
    name = f"{section}.{key}" if section in SECTIONS and re.fullmatch(r"\w{1,19}", key) else shown(key)
    return Mistake(
        where, f"unknown key {name}", f"perhaps {closest}" if closest else "a key from docs/configuration.md"
    )


def _closest_section(section: str) -> str:
    closest = _closest(section, SECTIONS)
    return f"perhaps [{closest}]" if closest else "one of " + ", ".join(f"[{known}]" for known in SECTIONS)


def _closest(word: str, known: Mapping[str, object]) -> str:
    import difflib  # late: only a mistake needs it

    return next(iter(difflib.get_close_matches(word[:100], known, n=1)), "")
