"""The REST API as Discord documents it, without a library in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from uptime_drill.discord import DEMO_APPLICATION_ID, DEMO_TOKEN, Options, RestRules, StandIn

Start = Callable[[Options], Awaitable[StandIn]]
Ask = Callable[..., Awaitable[tuple[int, Any]]]
AUTH = {"Authorization": f"Bot {DEMO_TOKEN}"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


@pytest.fixture
def ask(discord_: StandIn, http: aiohttp.ClientSession) -> Ask:
    async def ask_one(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with http.request(method, discord_.api_url + path, json=body, headers=AUTH) as answer:
            return answer.status, (await answer.json() if answer.status != 204 else None)

    return ask_one


@pytest.mark.parametrize("prefix", ["/api", "/api/v9", "/api/v10"])
async def test_versions_and_content_type(discord_: StandIn, http: aiohttp.ClientSession, prefix: str) -> None:
    url = discord_.api_url.removesuffix("/api/v10") + prefix
    async with http.get(url + "/gateway/bot", headers=AUTH) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Via"]
        body = await answer.json()
    assert body["url"] == discord_.gateway_url
    limit = body["session_start_limit"]
    assert limit == {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}


@pytest.mark.parametrize("header", [None, DEMO_TOKEN, f"Bearer {DEMO_TOKEN}", "Bot wrong", f"Bot  {DEMO_TOKEN}"])
async def test_only_the_bot_form_of_a_known_token_gets_in(
    discord_: StandIn, http: aiohttp.ClientSession, header: str | None
) -> None:
    async with http.get(discord_.api_url + "/users/@me", headers={"Authorization": header} if header else {}) as answer:
        assert (answer.status, await answer.json()) == (401, {"message": "401: Unauthorized", "code": 0})
    async with http.get(discord_.api_url + "/gateway") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", ["/nothing", "/channels/abc", "/users/@you"])
async def test_unknown_routes(ask: Ask, path: str) -> None:
    assert await ask("GET", path) == (404, {"message": "404: Not Found", "code": 0})


async def test_reading_guilds_channels_and_members(discord_: StandIn, ask: Ask) -> None:
    guild_id = next(discord_.house.world.guild_ids())
    assert (await ask("GET", "/users/@me"))[1]["id"] == str(DEMO_APPLICATION_ID)
    assert (await ask("GET", "/oauth2/applications/@me"))[1]["id"] == str(DEMO_APPLICATION_ID)
    assert (await ask("GET", f"/guilds/{guild_id}"))[1]["roles"][0]["id"] == str(guild_id)
    assert len((await ask("GET", f"/guilds/{guild_id}/channels"))[1]) == 3
    members = (await ask("GET", f"/guilds/{guild_id}/members?limit=100"))[1]
    assert len(members) == 6
    user_id = members[0]["user"]["id"]
    assert (await ask("GET", f"/guilds/{guild_id}/members/{user_id}"))[1]["user"]["id"] == user_id
    assert await ask("GET", "/guilds/1") == (404, {"message": "Unknown Guild", "code": 10004})


async def test_messages_live_and_die(discord_: StandIn, ask: Ask) -> None:
    channel = f"/channels/{discord_.house.world.first_channel()}/messages"
    status, written = await ask("POST", channel, {"content": "one"})
    assert (status, written["content"]) == (200, "one")
    one = f"{channel}/{written['id']}"
    assert (await ask("PATCH", one, {"content": "two"}))[1]["content"] == "two"
    assert (await ask("GET", channel))[1][0]["content"] == "two"
    assert await ask("PUT", f"{one}/reactions/%F0%9F%91%8D/@me") == (204, None)
    assert await ask("POST", channel.removesuffix("/messages") + "/typing") == (204, None)
    assert await ask("DELETE", one) == (204, None)
    assert await ask("GET", one) == (404, {"message": "Unknown Message", "code": 10008})
    assert (await ask("POST", channel, {"content": ""}))[1]["code"] == 50006
    assert (await ask("PATCH", f"{channel}/{discord_.message()}", {"content": "x"}))[1]["code"] == 50005


async def test_commands_are_registered_replaced_and_removed(ask: Ask) -> None:
    commands = f"/applications/{DEMO_APPLICATION_ID}/commands"
    status, ping = await ask("POST", commands, {"name": "ping", "description": "x"})
    assert (status, ping["type"], ping["application_id"]) == (201, 1, str(DEMO_APPLICATION_ID))
    assert (await ask("POST", commands, {"name": "ping", "description": "y"}))[0] == 200
    _, both = await ask("PUT", commands, [{"name": "ping", "description": "z"}, {"name": "pong", "description": ""}])
    assert [(c["name"], c["id"] == ping["id"]) for c in both] == [("ping", True), ("pong", False)]
    changed = (await ask("PATCH", f"{commands}/{ping['id']}", {"description": "w"}))[1]
    assert (changed["description"], changed["name"]) == ("w", "ping")
    assert await ask("DELETE", f"{commands}/{ping['id']}") == (204, None)
    assert [c["name"] for c in (await ask("GET", commands))[1]] == ["pong"]
    assert (await ask("PUT", commands, [{"description": "nameless"}]))[1]["code"] == 50035
    assert (await ask("GET", "/applications/1/commands"))[0] == 403


async def test_a_bucket_that_is_used_up_answers_429_and_says_so_before(
    discord_: StandIn, http: aiohttp.ClientSession
) -> None:
    url = f"{discord_.api_url}/channels/{discord_.house.world.first_channel()}/messages"
    left: list[str] = []
    for _ in range(5):
        async with http.post(url, json={"content": "x"}, headers=AUTH) as answer:
            assert answer.status == 200
            left.append(answer.headers["X-RateLimit-Remaining"])
            assert answer.headers["X-RateLimit-Limit"] == "5"
    assert left == ["4", "3", "2", "1", "0"]
    async with http.post(url, json={"content": "x"}, headers=AUTH) as answer:
        body = await answer.json()
        assert (answer.status, body["global"], answer.headers["X-RateLimit-Scope"]) == (429, False, "user")
        assert 0 < body["retry_after"] <= 5
        assert answer.headers["X-RateLimit-Bucket"]
    other = list(discord_.house.world.guild_ids())[1] + 1  # another major parameter is another bucket
    async with http.post(
        f"{discord_.api_url}/channels/{other}/messages", json={"content": "x"}, headers=AUTH
    ) as answer:
        assert answer.status == 200


async def test_the_global_limit(start: Start, http: aiohttp.ClientSession) -> None:
    discord = await start(Options(rest=RestRules(requests_per_second=2)))
    for _ in range(2):
        async with http.get(discord.api_url + "/users/@me", headers=AUTH) as answer:
            assert answer.status == 200
    async with http.get(discord.api_url + "/users/@me", headers=AUTH) as answer:
        assert (answer.status, (await answer.json())["global"]) == (429, True)
        assert answer.headers["X-RateLimit-Global"] == "true"


async def test_too_many_invalid_requests_ban_the_address(start: Start, http: aiohttp.ClientSession) -> None:
    discord = await start(Options(rest=RestRules(invalid_requests=3, ban_s=60)))
    for _ in range(3):
        async with http.get(discord.api_url + "/users/@me") as answer:
            assert answer.status == 401
    async with http.get(discord.api_url + "/users/@me", headers=AUTH) as answer:
        assert (answer.status, answer.content_type, "Via" in answer.headers) == (429, "text/html", False)
    assert discord.state()["invalid_requests"]["banned_for_s"] > 0


# interactions


async def test_an_interaction_is_acknowledged_once_and_followed_up(discord_: StandIn, ask: Ask) -> None:
    interaction = discord_.house.use_command("ping", unregistered=True)
    callback = f"/interactions/{interaction.id}/{interaction.token}/callback"
    hook = f"/webhooks/{DEMO_APPLICATION_ID}/{interaction.token}"
    assert (await ask("POST", hook, {"content": "too early"}))[1]["code"] == 10015
    status, response = await ask("POST", callback + "?with_response=true", {"type": 5})
    assert (status, response["interaction"]["response_message_loading"]) == (200, True)
    assert (await ask("POST", callback, {"type": 5}))[1]["code"] == 40060
    assert (await ask("PATCH", hook + "/messages/@original", {"content": "done"}))[1]["content"] == "done"
    assert (await ask("POST", hook, {"content": "more"}))[1]["content"] == "more"
    assert (await ask("GET", hook + "/messages/@original"))[1]["content"] == "done"
    assert await ask("DELETE", hook + "/messages/@original") == (204, None)
    assert [m["content"] for m in interaction.report()["messages"]] == ["done", "more"]
    assert not any(interaction.token in str(entry) for entry in discord_.log.entries())


async def test_an_interaction_is_unknown_after_three_seconds_or_with_another_token(
    start: Start, http: aiohttp.ClientSession
) -> None:
    discord = await start(Options(rest=RestRules(interaction_deadline_s=0.0)))
    interaction = discord.house.use_command("ping", unregistered=True)
    for token in (interaction.token, "guessed"):
        url = f"{discord.api_url}/interactions/{interaction.id}/{token}/callback"
        async with http.post(url, json={"type": 4, "data": {"content": "late"}}) as answer:
            assert (answer.status, await answer.json()) == (404, {"message": "Unknown interaction", "code": 10062})
    assert interaction.report()["late_after_s"] is not None


async def test_the_token_of_an_interaction_ends_after_a_while(start: Start, http: aiohttp.ClientSession) -> None:
    discord = await start(Options(rest=RestRules(interaction_token_s=0.0)))
    interaction = discord.house.use_command("ping", unregistered=True)
    url = f"{discord.api_url}/interactions/{interaction.id}/{interaction.token}/callback"
    async with http.post(url, json={"type": 5}) as answer:
        assert answer.status == 204
    async with http.post(
        f"{discord.api_url}/webhooks/{DEMO_APPLICATION_ID}/{interaction.token}", json={"content": "x"}
    ) as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, 50027)


async def test_no_token_is_ever_in_the_log(discord_: StandIn, ask: Ask, http: aiohttp.ClientSession) -> None:
    await ask("GET", "/users/@me")
    secret = "c29tZWJvZHk.c2VjcmV0.of-another-bot-altogether"
    async with http.get(discord_.api_url + "/users/@me", headers={"Authorization": f"Bot {secret}"}):
        pass
    discord_.add_token(secret)
    text = str(discord_.log.entries()) + str(discord_.state()) + repr(discord_.options)
    assert DEMO_TOKEN not in text
    assert secret not in text
    assert text.count("tok-") >= 3


async def test_the_interaction_report_waits_for_the_answer(discord_: StandIn) -> None:
    async with asyncio.timeout(2):
        report = await discord_.interaction("ping", unregistered=True, wait_s=0.05)
    assert (report["answered"], report["delivered"], report["after_s"]) == (False, 0, None)
