"""The process around the adapter, with nothing real in it but a folder."""

from pathlib import Path
from random import Random

import pytest

from fakes.login import FIRST, DeafReachability
from uptime_bot.contract.redaction import Redactor
from uptime_bot.contract.rejected_tokens import RejectedTokens
from uptime_bot.contract.settings import PathSettings, Settings, TokenSettings
from uptime_bot.discordpy.continuing import Continuity
from uptime_bot.discordpy.surroundings import Surroundings
from uptime_bot.service.exits import ExitNote
from uptime_bot.service.token_purse import TokenPurse
from uptime_bot.waiting.board import WaitBoard


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    exits = ExitNote()
    purse = TokenPurse(
        lambda: TokenSettings(files=()),
        environ={"DISCORD_TOKEN": FIRST},
        rejected=RejectedTokens(tmp_path / "rejected-tokens.json"),
        redactor=Redactor(),
    )
    settings = Settings(paths=PathSettings(state_dir=tmp_path, runtime_dir=tmp_path))
    return Surroundings(
        settings=lambda: settings,
        exits=exits,
        purse=purse,
        reachability=DeafReachability(),
        waits=WaitBoard(),
        continuity=Continuity(tmp_path, tmp_path, lambda: settings.session),
        on_login=lambda _: None,
        on_change=lambda: None,
        rng=Random(1),  # noqa: S311 - jitter, not a secret
    )
