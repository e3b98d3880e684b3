"""Which token is used, and that a known-bad one never is."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from uptime_bot.contract.redaction import Redactor
from uptime_bot.contract.rejected_tokens import RejectedTokens
from uptime_bot.contract.settings import TokenSettings
from uptime_bot.contract.token_value import fingerprint
from uptime_bot.service.token_purse import NoTokenLeft, TokenPurse

BASE = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
FIRST, SECOND, OWN, OTHER_OWN = f"{BASE}AAA", f"{BASE}BBB", f"{BASE}CCC", f"{BASE}DDD"
ALL = (FIRST, SECOND, OWN, OTHER_OWN)


class House:
    """Two token files, an environment, and a purse over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.redactor = Redactor()
        self.environ: dict[str, str] = {}

    def write(self, number: int, content: str) -> None:
        path = self.folder / f"token-{number}"
        path.write_text(content)
        path.chmod(0o600)

    def purse(self) -> TokenPurse:
        files = (self.folder / "token-1", self.folder / "token-2")
        return TokenPurse(
            lambda: TokenSettings(files=files),
            environ=self.environ,
            rejected=RejectedTokens(self.folder / "rejected-tokens.json"),
            redactor=self.redactor,
        )


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_the_first_source_is_used_and_the_later_ones_are_not_read(house: House) -> None:
    house.write(1, f'DISCORD_TOKEN="{FIRST}"\n')
    house.write(2, SECOND)
    purse = house.purse()
    assert (await purse.choose(OWN)).reveal() == FIRST
    assert purse.current is not None
    assert purse.current.fingerprint == fingerprint(FIRST)
    assert await purse.why_none_is_left(OWN) is None


async def test_a_rejected_token_gives_way_and_is_remembered_by_the_next_process(house: House) -> None:
    house.write(1, FIRST)
    house.write(2, SECOND)
    purse = house.purse()
    purse.reject(await purse.choose(None), "GET /users/@me answered 401")
    assert (await purse.choose(None)).reveal() == SECOND
    assert (await house.purse().choose(None)).reveal() == SECOND
    stored = (house.folder / "rejected-tokens.json").read_text()
    assert fingerprint(FIRST) in stored
    assert FIRST not in stored


async def test_the_scripts_own_token_is_the_last_resort(house: House) -> None:
    assert (await house.purse().choose(OWN)).reveal() == OWN
    house.environ["DISCORD_TOKEN"] = FIRST
    assert (await house.purse().choose(OWN)).reveal() == FIRST


async def test_when_every_source_was_rejected_it_says_why_and_what_to_do(house: House) -> None:
    house.write(1, FIRST)
    purse = house.purse()
    purse.reject(await purse.choose(OWN), "GET /users/@me answered 401")
    purse.reject(await purse.choose(OWN), "gateway close code 4004")
    with pytest.raises(NoTokenLeft) as given_up:
        await purse.choose(OWN)
    reason = str(given_up.value)
    assert reason.startswith("there is no token that Discord accepts: file ")
    assert "GET /users/@me answered 401" in reason
    assert "gateway close code 4004" in reason
    assert f"such as {house.folder / 'token-1'}, and restart" in reason
    assert f"delete {house.folder / 'rejected-tokens.json'}" in reason
    assert await purse.why_none_is_left(OWN) == reason
    assert all(token not in reason for token in ALL)


async def test_without_any_source_it_says_so(house: House) -> None:
    with pytest.raises(NoTokenLeft) as given_up:
        await house.purse().choose(None)
    assert "there is no token: every source is absent. Put a valid token" in str(given_up.value)


async def test_a_source_that_holds_no_token_is_told_and_passed_over(house: House) -> None:
    house.write(1, "YOUR_TOKEN_HERE")
    with pytest.raises(NoTokenLeft) as given_up:
        await house.purse().choose("")
    assert "is a placeholder, not a token" in str(given_up.value)
    house.write(2, SECOND)
    assert (await house.purse().choose("")).reveal() == SECOND


async def test_a_token_put_into_a_file_later_is_found(house: House) -> None:
    house.write(1, FIRST)
    purse = house.purse()
    purse.reject(await purse.choose(None), "401")
    assert await purse.why_none_is_left(None) is not None
    house.write(1, SECOND)
    assert await purse.why_none_is_left(None) is None
    assert (await purse.choose(None)).reveal() == SECOND


async def test_a_second_client_with_its_own_token_gets_that_one(house: House) -> None:
    house.write(1, FIRST)
    purse = house.purse()
    assert (await purse.choose(OWN)).reveal() == FIRST
    assert (await purse.choose(OTHER_OWN)).reveal() == OTHER_OWN
    assert (await purse.choose(OWN)).reveal() == FIRST


async def test_a_second_client_whose_own_token_is_rejected_takes_nobody_elses(house: House) -> None:
    house.write(1, FIRST)
    purse = house.purse()
    await purse.choose(OWN)
    purse.reject(await purse.choose(OTHER_OWN), "401")
    with pytest.raises(NoTokenLeft):
        await purse.choose(OTHER_OWN)


async def test_a_token_from_a_command_does_not_block_the_loop(house: House) -> None:
    rejected = RejectedTokens(house.folder / "rejected-tokens.json")
    rejected.add(fingerprint(FIRST), at=datetime(2026, 11, 21, tzinfo=UTC), where="401")
    settings = TokenSettings(credential="", files=(), environment="", command=("/bin/false-store",))
    purse = TokenPurse(lambda: settings, environ={}, rejected=rejected, redactor=house.redactor)
    assert (await purse.choose(OWN)).reveal() == OWN


async def test_no_token_is_logged_only_fingerprints(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    house.write(1, f"  {FIRST}\n")
    house.write(2, f"'{SECOND}'")
    purse = house.purse()
    for _ in range(3):
        purse.reject(await purse.choose(OWN), "401")
    with pytest.raises(NoTokenLeft):
        await purse.choose(OWN)
    assert all(token not in caplog.text for token in ALL)
    assert all(fingerprint(token) in caplog.text for token in (FIRST, SECOND, OWN))
    assert caplog.text.count(f"using the token {fingerprint(FIRST)}") == 1


async def test_every_token_that_was_touched_is_redacted(house: House) -> None:
    odd = "odd-secret-of-another-server"
    house.write(1, odd)
    await house.purse().choose("the-scripts-own-odd-secret")
    assert house.redactor.redact(f"{odd} the-scripts-own-odd-secret") == (
        f"[token {fingerprint(odd)}] [token {fingerprint('the-scripts-own-odd-secret')}]"
    )


async def test_a_list_that_cannot_be_saved_still_counts_in_this_process(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.write(1, FIRST)
    house.write(2, SECOND)
    (house.folder / "rejected-tokens.json" / "in the way").mkdir(parents=True)
    purse = house.purse()
    purse.reject(await purse.choose(None), "401")
    assert (await purse.choose(None)).reveal() == SECOND
    assert "a restart may send it once more" in caplog.text
