"""No text and no log record holds a secret after redaction, whatever stands around it."""

import base64
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from timeit import timeit
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unit.contract.strategies import ODD_SECRETS, REGULAR_TOKENS
from uptime_bot.contract.log_redaction import RedactingFilter
from uptime_bot.contract.redaction import Redactor
from uptime_bot.contract.tokens import Token, fingerprint

TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWsABC"
MARK = f"[token {fingerprint(TOKEN)}]"
SECRETS = st.one_of(REGULAR_TOKENS, ODD_SECRETS)


def redactor(*secrets: str) -> Redactor:
    """One that knows these secrets."""
    made = Redactor()
    for secret in secrets:
        made.register(secret)
    return made


@given(secrets=st.lists(SECRETS, min_size=1, max_size=3), texts=st.lists(st.text(), min_size=1, max_size=4))
def test_no_text_holds_a_registered_secret(secrets: list[str], texts: list[str]) -> None:
    redacted = redactor(*secrets).redact("".join(text + secret for text in texts for secret in secrets))
    assert not any(secret in redacted for secret in secrets)


@given(secret=st.text("ab[token]", min_size=8, max_size=12), text=st.text("ab[token]", max_size=80))
def test_no_secret_is_formed_by_what_replaces_it(secret: str, text: str) -> None:
    assert secret not in redactor(secret).redact(text + secret + text)


@given(secret=SECRETS, before=st.binary(max_size=20), after=st.binary(max_size=20))
def test_disguised_secrets_are_found(secret: str, before: bytes, after: bytes) -> None:
    known = redactor(secret)
    inside = before + secret.encode() + after
    disguises = {
        "percent": quote(secret, safe=""),
        "base64": base64.b64encode(inside).decode(),
        "base64url": base64.urlsafe_b64encode(inside).decode(),
        "bytes": repr(inside),
        "str": repr([secret + "x", 'a "quote"' + secret]),
        "json": json.dumps({"token": secret}),
    }
    for name, text in disguises.items():
        assert "[token" in known.redact(text), name


@given(secret=REGULAR_TOKENS)
def test_the_secret_part_of_a_token_is_found_alone(secret: str) -> None:
    hmac = secret.rpartition(".")[2]
    assert hmac not in redactor(secret).redact(f"…{hmac}")


@given(text=st.text(), token=REGULAR_TOKENS)
def test_a_token_nobody_registered_is_known_by_its_shape(text: str, token: str) -> None:
    assert token not in Redactor().redact(f"{text} {token} {text}")


@given(text=st.text())
def test_other_text_stays_the_same_object(text: str) -> None:
    assume("[" not in text)
    known = redactor(TOKEN)
    assert known.redact(text) is text or TOKEN in text


@pytest.mark.parametrize(
    "text",
    [
        "uptime_watchdog.recovery.transitions",
        "MyExtension.commands.moderation_tools",
        "gateway-us-east1-b.discord.gg",
        "2026-11-21T19:28:37.123456.log-rotation",
    ],
)
def test_words_that_only_look_similar_stay(text: str) -> None:
    assert redactor(TOKEN).redact(text) is text


def test_a_mark_names_the_fingerprint() -> None:
    assert redactor(TOKEN).redact(f"login with {TOKEN}!") == f"login with {MARK}!"


def test_a_token_value_is_registered_as_well() -> None:
    known = Redactor()
    known.register(Token("an odd but valid token"))
    assert "odd but" not in known.redact("it is: an odd but valid token")


def test_a_short_secret_stays_an_ordinary_word() -> None:
    known = redactor("", "a", "the", "test")
    for text in ("the text", "this test, a test of the bot tests", "/srv/test/a.py", "a test: 'the tests' are \"a b\""):
        assert known.redact(text) is text


@given(secret=st.text("abcXYZ0189-_.+/=~!$", min_size=1, max_size=7))
def test_a_short_secret_is_found_where_it_stands_as_one(secret: str) -> None:
    known = redactor(secret)
    mark = f"[token {fingerprint(secret)}]"
    for before, after in (
        ('bot.run("', '")'),
        ("login('", "')"),
        ("Authorization: Bot ", "\n"),
        ("{'Authorization': 'Bot ", "'}"),
        ("DISCORD_TOKEN=", " next"),
        ("?token=", "&v=10"),
        ('{\\"token\\": \\"', '\\"}'),
    ):
        assert known.redact(f"{before}{secret}{after}") == f"{before}{mark}{after}"


def test_what_replaces_a_short_secret_does_not_form_it_once_more() -> None:
    assert "Bot [token" not in redactor("[token").redact("Bot [token !")


def test_a_short_secret_leaves_the_records_of_a_bot() -> None:
    with logged("test") as (logger, handler):
        logger.error('client.run("%s") failed in test', "test", extra={"HEADERS": {"Authorization": "Bot test"}})
        mark = f"[token {fingerprint('test')}]"
        assert handler.message == f'client.run("{mark}") failed in test'
        assert "Bot test" not in handler.shown


# --- log records----------------------------------------------------------------------------------------------------


class Everything(logging.Handler):
    """Shows all that a handler could write: the journal's writes CODE_ARGS, EXCEPTION_TEXT, EXCEPTION_INFO, extras."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""
        self.message = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.message = self.format(record)
        fields = {name: value for name, value in vars(record).items() if name not in ("exc_info", "args")}
        args: Any = record.args
        self.shown = "\n".join([self.message, str(args), repr(args), str(record.exc_info), str(fields), repr(fields)])


@contextmanager
def logged(*secrets: str) -> Iterator[tuple[logging.Logger, Everything]]:
    """A logger with our filter on its only handler."""
    logger = logging.Logger("a user's bot")  # noqa: LOG001  (one of its own for each test)
    handler = Everything()
    handler.addFilter(RedactingFilter(redactor(*secrets)))
    logger.addHandler(handler)
    yield logger, handler


class Leaky:
    """An object of somebody else's that shows a secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return f"Leaky({self._secret})"


class Broken:
    """An object that cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


VALUES = st.recursive(
    st.one_of(st.text(max_size=10), st.integers(), st.none(), SECRETS.map(lambda _: ""), st.just("@"), st.just(b"@")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=5) | st.just("@"), inner, max_size=3),
    ),
    max_leaves=6,
)


def planted(value: Any, secret: str) -> Any:
    """The value with the secret in place of each @."""
    match value:
        case str():
            return value.replace("@", secret)
        case bytes():
            return value.replace(b"@", secret.encode())
        case list():
            return [planted(item, secret) for item in value]
        case tuple():
            return tuple(planted(item, secret) for item in value)
        case dict():
            return {planted(key, secret): planted(item, secret) for key, item in value.items()}
        case _:
            return value


@given(secret=SECRETS, values=st.lists(VALUES, min_size=1, max_size=3), extra=VALUES)
def test_no_record_holds_a_registered_secret(secret: str, values: list[Any], extra: Any) -> None:
    with logged(secret) as (logger, handler):
        arguments = [planted(value, secret) for value in values]
        logger.info("%s " * len(arguments), *arguments, extra={"FIELD": planted(extra, secret)})
        assert secret not in handler.shown


def fail_twice(text: str) -> None:
    """Raises an error because of another one, both with this text."""
    try:
        int(text + "!")
    except ValueError as error:
        raise KeyError("x", text) from error


@given(secret=SECRETS)
def test_no_traceback_holds_a_registered_secret(secret: str) -> None:
    with logged(secret) as (logger, handler):
        try:
            fail_twice(secret)
        except KeyError:
            logger.exception("failed")
        assert secret not in handler.shown
        assert "Traceback" in handler.message
        assert "KeyError" in handler.message


def test_formatting_keeps_working() -> None:
    with logged(TOKEN) as (logger, handler):
        logger.info("%s has %d guilds, %.1f s, %r", TOKEN, 12, 0.25, ("x", TOKEN))
        assert handler.message == f"{MARK} has 12 guilds, 0.2 s, ('x', '{MARK}')"


def test_a_dictionary_of_arguments_keeps_working() -> None:
    with logged(TOKEN) as (logger, handler):
        logger.info("%(count)d of %(token)s", {"count": 3, "token": TOKEN, "unused": TOKEN})
        assert handler.message == f"3 of {MARK}"
        assert TOKEN not in handler.shown


def test_an_argument_that_the_message_does_not_show_is_cleaned() -> None:
    with logged(TOKEN) as (logger, handler):
        logger.info("%.3s", TOKEN)
        assert TOKEN not in handler.shown


def test_a_token_in_two_arguments_is_found() -> None:
    with logged(TOKEN) as (logger, handler):
        logger.info("%s%s", TOKEN[:40], TOKEN[40:])
        assert handler.message == MARK


@pytest.mark.parametrize("message", [Leaky(TOKEN), ValueError(TOKEN), TOKEN.encode(), [TOKEN]])
def test_a_message_that_is_an_object_is_cleaned(message: object) -> None:
    with logged(TOKEN) as (logger, handler):
        logger.error(message)
        assert TOKEN not in handler.shown
        assert MARK in handler.message


def test_an_object_among_the_arguments_is_replaced_by_its_text() -> None:
    with logged(TOKEN) as (logger, handler):
        logger.info("%s %r %s", Leaky(TOKEN), {"deep": [Leaky(TOKEN)]}, 7)
        assert handler.message == f"Leaky({MARK}) {{'deep': [Leaky({MARK})]}} 7"


def test_what_cannot_be_formatted_still_leaks_nothing() -> None:
    with logged(TOKEN) as (logger, handler):
        logger.info("%d guilds", TOKEN)
        assert TOKEN not in handler.shown
        assert "cannot be formatted" in handler.message
        logger.info("%s %s", Broken(), TOKEN)
        assert TOKEN not in handler.shown


def test_a_structure_that_holds_itself_is_survived() -> None:
    with logged(TOKEN) as (logger, handler):
        endless: list[object] = [TOKEN]
        endless.append(endless)
        logger.info("%s", endless)
        assert TOKEN not in handler.shown
        endless += [endless] * 30
        logger.info("%s", endless)
        assert TOKEN not in handler.shown


def test_what_makes_redaction_fail_is_withheld() -> None:
    class Fails(list[object]):
        def __iter__(self) -> Iterator[object]:
            raise RuntimeError("no items")

    with logged(TOKEN) as (logger, handler):
        logger.info("x", extra={"FIELD": Fails([TOKEN])})
        assert handler.message == "[record withheld: it could not be redacted]"
        assert TOKEN not in handler.shown


def test_a_stack_and_a_formatted_traceback_are_cleaned() -> None:
    with logged(TOKEN) as (logger, handler):
        record = logger.makeRecord("x", logging.INFO, "f", 1, "m", (), None, sinfo=f'bot.run("{TOKEN}")')
        record.exc_text = f"ValueError: {TOKEN}"
        logger.handle(record)
        assert TOKEN not in handler.shown
        assert handler.message.count(MARK) == 2


def test_a_clean_exception_stays_an_exception() -> None:
    with logged(TOKEN) as (logger, handler):
        error = ValueError("harmless")
        record = logger.makeRecord("x", logging.ERROR, "f", 1, "failed", (), (ValueError, error, None))
        logger.handle(record)
        assert record.exc_info is not None
        assert "harmless" in handler.message


def test_the_usual_fields_of_the_journal_stay() -> None:
    with logged(TOKEN) as (logger, handler):
        record = logger.makeRecord("x", logging.INFO, "f", 1, "m", (), None, extra={"MESSAGE_ID": "a" * 32, "SHARD": 3})
        logger.handle(record)
        assert vars(record)["MESSAGE_ID"] == "a" * 32
        assert vars(record)["SHARD"] == 3
        assert handler.message == "m"


def test_a_record_without_a_token_costs_little() -> None:
    cleans = RedactingFilter(redactor(TOKEN))
    record = logging.LogRecord(
        "discord", 20, "f", 1, "Shard ID %s has connected (Session ID: %s).", (0, "abc" * 9), None
    )
    # CPU of this thread: what else the machine does is none of its cost.
    per_record_s = min(
        timeit(lambda: cleans.filter(record), timer=time.thread_time, number=2000) / 2000 for _ in range(5)
    )
    assert per_record_s < 20e-6, "2 to 5 us where it was measured; the rest is room for a slow machine"
