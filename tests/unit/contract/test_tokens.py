"""Tokens are found in whatever people paste, or refused with a reason; nothing ever shows one."""

import copy
import pickle
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.contract.strategies import (
    DECORATION_NAMES,
    DECORATIONS,
    ODD_SECRETS,
    REGULAR_TOKENS,
    decorated,
    pieces,
)
from uptime_bot.contract.tokens import Token, TokenRefused, application_id, clean, fingerprint

TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWsABC"
OTHER = "MTk4NjIyNDgzNDcxOTI1MjQ5.Cl2FMQ.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"


@pytest.mark.parametrize("name", sorted(DECORATIONS))
def test_each_decoration_is_cleaned_away(name: str) -> None:
    cleaned = clean(DECORATIONS[name](TOKEN))
    assert cleaned.token.reveal() == TOKEN
    assert cleaned.warnings == ()


@pytest.mark.parametrize("name", sorted(set(DECORATIONS) - {"prose above"}))
def test_each_decoration_of_an_odd_token_is_cleaned_away(name: str) -> None:
    # Its shape does not help here.
    odd = "local-server/key+1234=="
    assert clean(DECORATIONS[name](odd)).token.reveal() == odd


@given(token=REGULAR_TOKENS, names=DECORATION_NAMES)
def test_any_decorations_are_cleaned_away(token: str, names: list[str]) -> None:
    assert clean(decorated(token, names)).token.reveal() == token


@given(token=REGULAR_TOKENS, names=DECORATION_NAMES, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_files_in_any_encoding_are_read(token: str, names: list[str], encoding: str) -> None:
    assert clean(decorated(token, names).encode(encoding)).token.reveal() == token


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_read(encoding: str) -> None:
    assert clean(TOKEN.encode(encoding)).token.reveal() == TOKEN


@given(raw=st.one_of(st.text(), ODD_SECRETS, st.builds(decorated, ODD_SECRETS, DECORATION_NAMES)))
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    try:
        once = clean(raw)
    except TokenRefused:
        return
    twice = clean(once.token.reveal())
    assert twice.token == once.token
    assert twice.notes == ()
    assert twice.warnings == once.warnings


@given(raw=st.binary())
def test_bytes_are_cleaned_or_refused_and_nothing_else(raw: bytes) -> None:
    with suppress(TokenRefused):
        clean(raw)


@given(token=REGULAR_TOKENS, names=DECORATION_NAMES)
def test_nothing_shows_a_part_of_the_token(token: str, names: list[str]) -> None:
    cleaned = clean(decorated(token, names))
    value = cleaned.token
    texts = [repr(cleaned), repr(value), str(value), f"{value}", f"{value!r:>60}", repr([value]), repr(vars_of(value))]
    for text in texts:
        assert not any(piece in text for piece in pieces(token))


def vars_of(token: Token) -> object:
    """What a debugger's `vars()` would show."""
    return getattr(token, "__dict__", None)


def refusal(raw: str) -> str:
    """All that the refusal shows, or nothing where there is none."""
    try:
        clean(raw)
    except TokenRefused as refused:
        return f"{refused} {refused!r}"
    return ""


# Digits and dashes: a word of a reason's own is no leak.
@given(first=REGULAR_TOKENS, second=REGULAR_TOKENS, odd=st.text("0123456789-_", min_size=8, max_size=60))
def test_a_refusal_shows_no_part_of_what_was_pasted(first: str, second: str, odd: str) -> None:
    for raw in (f"{first}\n{second}", f"{first} {second}x", f"\u00e4{odd}", f"{odd}\n{odd}x", f"https://{odd}"):
        shown = refusal(raw)
        assert not any(part in shown for part in pieces(first) | pieces(second) | pieces(odd))


def test_two_different_tokens_are_refused_by_their_line_numbers() -> None:
    with pytest.raises(TokenRefused, match="lines 2, 4 look like tokens, and they differ"):
        clean(f"# first\n{TOKEN}\n\n{OTHER}")


def test_a_dotenv_file_gives_its_token() -> None:
    cleaned = clean(f"# settings\nDATABASE_URL=postgres://u:p@host/db\nDISCORD_TOKEN='{TOKEN}'  # main\nGUILD_ID=42\n")
    assert cleaned.token.reveal() == TOKEN
    assert "took line 3 of several" in cleaned.notes


def test_a_dotenv_file_gives_an_odd_token_by_its_name() -> None:
    assert clean("PREFIX=!\nDISCORD_TOKEN=local-server-token-1\nOWNER=42\n").token.reveal() == "local-server-token-1"


def test_notes_say_what_was_cleaned() -> None:
    assert clean(f'DISCORD_TOKEN="Bot {TOKEN}"\u200b').notes == (
        "removed invisible characters",
        "removed the name before it",
        "removed the prefix Bot or Bearer, which is added when it is sent",
        "removed quotes",
    )


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param(" \n\t", "empty", id="white space"),
        pytest.param(b"\xef\xbb\xbf", "empty", id="only a byte order mark"),
        pytest.param("# nothing here", "only comments", id="only comments"),
        pytest.param('DISCORD_TOKEN=""', "empty", id="nothing behind the name"),
        pytest.param("Bot ", "empty", id="only the prefix"),
        pytest.param("YOUR_TOKEN_HERE", "placeholder", id="your token here"),
        pytest.param("<your bot token>", "placeholder", id="your bot token"),
        pytest.param("changeme", "placeholder", id="changeme"),
        pytest.param("***************", "placeholder", id="stars"),
        pytest.param("put-your-token-here", "placeholder", id="put your token here"),
        pytest.param("DISCORD_TOKEN=your-bot-token-here", "placeholder", id="your-bot-token-here"),
        pytest.param("<token>", "placeholder", id="a slot"),
        pytest.param('{"token": "{{ bot_token }}"}', "placeholder", id="a template's slot"),
        pytest.param("None", "placeholder", id="str(None)"),
        pytest.param("${DISCORD_TOKEN}", "name of a variable", id="not expanded"),
        pytest.param("$DISCORD_TOKEN", "name of a variable", id="not expanded, bare"),
        pytest.param("DISCORD_TOKEN=%TOKEN%", "name of a variable", id="not expanded, Windows"),
        pytest.param("abcdefgh ijklmnop", "white space inside", id="inner white space"),
        pytest.param("abcdefgh\u00e4ijklmnop", "not ASCII", id="umlaut"),
        pytest.param("abcdefgh\u2013ijklmnop", "not ASCII", id="typographic dash"),
        pytest.param("abcdefgh\x07ijklmnop", "control characters", id="bell"),
        pytest.param("abcdefgh\udc80ijklmnop", "not ASCII", id="surrogate"),
        pytest.param(b"\x80\x81\x82abcdefgh", "not text in UTF-8", id="binary"),
        pytest.param("a.b" * 2000, "longer than 4096", id="too long"),
        pytest.param("a" * 70000, "64 KiB", id="a whole file"),
        pytest.param("https://discord.com/api/webhooks/1986224834/abcDEF", "webhook", id="webhook"),
        pytest.param("https://discord.com/developers", "an address", id="address"),
        pytest.param("one line of words\nanother line", "none looks like a token", id="prose"),
        pytest.param("A_TOKEN=abcdefghij\nB_TOKEN=klmnopqrst", "lines 1, 2 are named like tokens", id="two names"),
    ],
)
def test_refused(raw: str | bytes, reason: str) -> None:
    with pytest.raises(TokenRefused, match=reason):
        clean(raw)


@pytest.mark.parametrize(
    ("raw", "warning"),
    [
        pytest.param("test-token-of-a-local-server", "not three base64url parts", id="one part"),
        pytest.param("0f8fad5bd9cb469fa16570867728950e", "not three base64url parts", id="uuid"),
        pytest.param("ab" * 32, "public key", id="64 hexadecimal digits"),
        pytest.param("nMG1kYdRcd7Oe8BSxTzDuL-dVCQv4KZf", "client secret", id="client secret"),
        pytest.param("198622483471925248", "application's id", id="application id"),
        pytest.param("12345", "application's id", id="a short number"),
        pytest.param("abc", "so short", id="short"),
        pytest.param("x", "so short", id="one letter"),
        pytest.param("test", "may be a placeholder", id="a word"),
        pytest.param("token", "may be a placeholder", id="token"),
        pytest.param("bot-token", "may be a placeholder", id="bot-token"),
        pytest.param("xxxxxxxxxxxxxxxxx", "may be a placeholder", id="xxx"),
        pytest.param("token-1", "so short", id="token-1"),
        pytest.param("token-123456", "not three base64url parts", id="token-123456"),
        pytest.param("your-server-token-17", "not three base64url parts", id="your token with a number"),
        pytest.param("c2VjcmV0LXRva2VuMQ==", "not three base64url parts", id="padded base64"),
        pytest.param("aSecretKey==", "not three base64url parts", id="padded base64 that begins like a name"),
        pytest.param("eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.SflKxwRJSMeKKF2QT4", "first part is not", id="JSON web token"),
        pytest.param(TOKEN[:34], "too short", id="cut off"),
    ],
)
def test_unusual_tokens_are_accepted_with_a_warning(raw: str, warning: str) -> None:
    cleaned = clean(raw)
    assert cleaned.token.reveal() == raw
    assert len(cleaned.warnings) == 1
    assert warning in cleaned.warnings[0]


@given(seed=st.binary(min_size=24, max_size=24))
def test_what_python_makes_for_a_token_is_accepted(seed: bytes) -> None:
    # As secrets.token_urlsafe(24), token_hex(24) and str(int) make them; a first or last - or _ stays.
    for raw in (urlsafe_b64encode(seed).decode(), seed.hex(), str(int.from_bytes(seed))):
        cleaned = clean(raw)
        assert cleaned.token.reveal() == raw
        assert len(cleaned.warnings) == 1


def test_a_token_is_neither_copied_nor_pickled_nor_changed() -> None:
    token = Token(TOKEN)
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="neither copied nor pickled") as caught:
            attempt(token)
        assert "Cl2FMQ" not in str(caught.value)
    with pytest.raises(AttributeError):
        token.fingerprint = "tok-000000000000"
    with pytest.raises(AttributeError):
        del token.fingerprint


def test_tokens_are_equal_by_their_secret() -> None:
    assert Token(TOKEN) == Token(TOKEN)
    assert Token(TOKEN) != Token(OTHER)
    assert Token(TOKEN) != TOKEN
    assert len({Token(TOKEN), Token(TOKEN), Token(OTHER)}) == 2


def test_a_fingerprint_stays_the_same_for_ever() -> None:
    # Kept in files: a change would forget every rejected token.
    assert fingerprint(TOKEN) == Token(TOKEN).fingerprint == "tok-a17ef10917b6"


@given(identity=st.integers(min_value=10**16, max_value=2**64 - 1))
def test_the_application_id_is_read(identity: int) -> None:
    token = f"{b64encode(str(identity).encode()).decode().rstrip('=')}.abcdef.{'x' * 27}"
    assert application_id(Token(token)) == identity


def test_an_odd_token_has_no_application_id() -> None:
    assert application_id(Token("test-token-of-a-local-server")) is None
