"""Who the bot is, as Discord's REST said at the last login: with a session to resume, nobody has to be asked again."""

import json
import logging
from pathlib import Path
from typing import Any

from uptime_bot.continuity.files import make_folder
from uptime_bot.contract.atomic_file import write_atomically

_log = logging.getLogger(__name__)

_LARGEST_BYTES = 1024 * 1024
_VERSION = 1


def read_identity(path: Path) -> dict[str, dict[str, Any]]:
    """The answers of the last login, by path of the API; empty where there are none."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LARGEST_BYTES))
        answers = content["answers"]
        if content["version"] == _VERSION and all(isinstance(answer, dict) for answer in answers.values()):
            return dict(answers)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        _log.warning("%s cannot be read (%s); asking Discord, ignoring", path, exc)
    return {}


def write_identity(path: Path, answers: dict[str, dict[str, Any]]) -> None:
    """Keep the answers for the next login."""
    try:
        make_folder(path.parent)
        write_atomically(path, json.dumps({"version": _VERSION, "answers": answers}).encode(), durable=False)
    except OSError as exc:
        _log.warning("cannot write %s: %s; the next start asks Discord again, ignoring", path, exc)
