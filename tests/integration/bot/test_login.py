"""Login: what passes is waited out, a rejected token gives way, and nothing is sent twice."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from harness.bot_process import BOTS, running_bot
from uptime_drill.discord.options import DEMO_TOKEN
from uptime_drill.discord.stand_in import StandIn

SCRIPT = str(BOTS / "run_at_module_end.py")
BAD_TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.R29uZQ.a-token-that-discord-does-not-know-at-all"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        pytest.param({"kind": "http_status", "status": 500}, "Discord answers 500", id="500"),
        pytest.param({"kind": "http_status", "status": 503}, "Discord answers 503", id="503"),
        pytest.param({"kind": "http_status", "status": 521, "path": "users/@me"}, "answers 521", id="one route"),
        pytest.param({"kind": "http_status", "status": 418}, "Discord answers 418", id="an odd status"),
        pytest.param({"kind": "http_status", "status": 200, "body": "<html>"}, "is not Discord", id="captive portal"),
        pytest.param({"kind": "refuse"}, "connection refused", id="refused"),
        pytest.param({"kind": "cloudflare_429", "retry_after_s": 1}, "limits our rate (429)", id="Cloudflare"),
        pytest.param({"kind": "rate_limited", "retry_after_s": 1, "path": "users/@me"}, "limits our rate", id="429"),
    ],
)
async def test_what_passes_is_waited_out(fault: dict[str, Any], says: str, tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        number = discord.fault(**fault)
        async with running_bot(discord, tmp_path, SCRIPT) as bot:
            await bot.until("waiting", lambda: says in bot.notify.status)
            assert bot.notify.status.startswith("waiting: ")
            assert not bot.notify.values("READY")
            await bot.until("extended", lambda: bool(bot.notify.values("EXTEND_TIMEOUT_USEC")))
            back = time.monotonic()
            assert number is not None
            discord.clear_fault(number)
            await bot.ready(within_s=10)
            assert time.monotonic() - back < 4


async def test_a_name_that_cannot_be_resolved_is_waited_for(tmp_path: Path) -> None:
    settings = {"discord.api_url": "http://no-such-host.invalid/api/v10"}
    async with running_bot(None, tmp_path, SCRIPT, settings=settings) as bot:
        await bot.until("waiting", lambda: "no-such-host.invalid cannot be resolved" in bot.notify.status)
        assert bot.process.returncode is None


async def test_a_401_ends_with_77_after_one_request_and_a_restart_sends_none(tmp_path: Path) -> None:
    async with StandIn.listening() as discord:
        for restart in range(3):
            async with running_bot(discord, tmp_path, SCRIPT, environ={"TEST_OWN_TOKEN": BAD_TOKEN}) as bot:
                assert await bot.exit_code() == 77
                assert "the script's own argument" in bot.output
                assert BAD_TOKEN not in bot.output
                assert "gave up: there is no token that Discord accepts" in bot.notify.status
            (tmp_path / "notify").unlink()
            assert discord.count("rest") == 1, f"after restart {restart}"


async def test_a_rejected_token_gives_way_to_the_next_source(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text(f'DISCORD_TOKEN="{BAD_TOKEN}"\n')
    token_file.chmod(0o600)
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, SCRIPT, settings={"token.files": [str(token_file)]}) as bot,
    ):
        await bot.ready()
        assert [entry["status"] for entry in discord.log.entries("rest", path="/api/v10/users/@me")] == [401, 200]
        rejected = json.loads((bot.state_dir / "rejected-tokens.json").read_text())
        assert len(rejected["rejected"]) == 1


async def test_credential_comes_before_environment_and_own_argument(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "discord-token").write_text("\ufeff Bot " + DEMO_TOKEN + "\u200b\r\n")
    environ = {
        "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"),
        "DISCORD_TOKEN": BAD_TOKEN,
        "TEST_OWN_TOKEN": BAD_TOKEN,
    }
    async with StandIn.listening() as discord, running_bot(discord, tmp_path, SCRIPT, environ=environ) as bot:
        await bot.ready()
        assert "systemd credential discord-token" in bot.output
        assert {entry["status"] for entry in discord.log.entries("rest")} == {200}


async def test_no_token_anywhere_ends_with_77_and_says_what_to_do(tmp_path: Path) -> None:
    async with StandIn.listening() as discord, running_bot(discord, tmp_path) as bot:
        assert await bot.exit_code() == 77
        assert "Put a valid token" in bot.output
        assert discord.count("rest") == 0


async def test_without_a_gateway_url_another_api_is_asked_for_its_gateway(tmp_path: Path) -> None:
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, SCRIPT, settings={"discord.gateway_url": ""}) as bot,
    ):
        await bot.ready()


async def test_gateway_bot_is_waited_out_for_an_auto_sharded_bot(tmp_path: Path) -> None:
    script = tmp_path / "auto.py"
    script.write_text(
        "import discord\ndiscord.AutoShardedClient(intents=discord.Intents.default()).run('x')\n", encoding="utf-8"
    )
    async with StandIn.listening() as discord:
        fault = discord.fault("http_status", status=503, path="gateway/bot")
        async with running_bot(discord, tmp_path, str(script), environ={"DISCORD_TOKEN": DEMO_TOKEN}) as bot:
            await bot.until("waiting", lambda: "answers 503" in bot.notify.status)
            assert fault is not None
            discord.clear_fault(fault)
            await bot.ready()
