"""What a shard's link makes of what it sees: ACKs, dispatches, questions, drops and flaps."""

import asyncio
import time

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.gateway import FakeClient, FakeGuild, FakeWebSocket, as_client, linked
from uptime_bot.contract.settings import HealthSettings
from uptime_bot.discordpy.links import Links
from uptime_bot.discordpy.shard_link import ACK_RACE_S, FLAP_S, QUESTIONS_TO_A_STRANGER, ShardLink
from uptime_bot.health.sample import ShardSample, ShardState
from uptime_bot.service.sampling import ShardSampler

SILENCE_S = 60.0
PROVED_S = 140.0


def seen(link: ShardLink, later_s: float = 0.0) -> ShardSample:
    """The link as a tick sees it."""
    return link.sample("0", time.monotonic() + later_s, silence_s=SILENCE_S, proved_after_s=PROVED_S)


def ready() -> tuple[ShardLink, FakeWebSocket]:
    link, websocket = linked()
    link.enter(ShardState.READY)
    seen(link)
    return link, websocket


def failures(link: ShardLink) -> int:
    return link.unreached + link.rejections


def lasted(link: ShardLink, seconds: float) -> None:
    """Let the state be so old."""
    link.since_mono -= seconds


# ACKs


def test_a_heartbeat_that_was_acknowledged_is_no_worry() -> None:
    link, websocket = ready()
    now = time.perf_counter()
    websocket.keep_alive.sends(now)
    websocket.keep_alive.hears(now + 0.05)
    assert seen(link).unacknowledged_since_mono is None


def test_an_ack_that_was_handled_before_its_heartbeat_was_noted_counts() -> None:
    """discord.py notes the sending in a thread, which the ACK may overtake."""
    link, websocket = ready()
    now = time.perf_counter()
    websocket.keep_alive.hears(now)
    websocket.keep_alive.sends(now + ACK_RACE_S / 2)
    assert seen(link).unacknowledged_since_mono is None


def test_the_oldest_unanswered_heartbeat_is_kept_over_later_ones() -> None:
    link, websocket = ready()
    first = time.perf_counter() + 41
    for sent in (first, first + 41, first + 82):
        websocket.keep_alive.sends(sent)
        assert seen(link).unacknowledged_since_mono == first
    websocket.keep_alive.hears(first + 82.1)
    assert seen(link).unacknowledged_since_mono is None


def test_a_closed_websocket_owes_no_ack() -> None:
    link, websocket = ready()
    websocket.keep_alive.sends(time.perf_counter() + 41)
    assert seen(link).unacknowledged_since_mono is not None
    websocket._keep_alive = None
    assert seen(link).unacknowledged_since_mono is None


def test_a_new_attempt_owes_nothing() -> None:
    link, websocket = ready()
    websocket.keep_alive.sends(time.perf_counter() + 41)
    seen(link)
    link.begin()
    assert seen(link).unacknowledged_since_mono is None
    assert seen(link).state is ShardState.CONNECTING


# dispatches and questions


async def test_a_dispatch_clears_the_question() -> None:
    link, websocket = ready()
    await link.ask()
    assert seen(link).asked_at_mono is not None
    websocket.dispatches()
    after = seen(link, 5.0)
    assert after.asked_at_mono is None
    assert after.last_dispatch_mono == pytest.approx(time.monotonic() + 5.0, abs=2.0)


async def test_a_question_stands_while_nothing_is_dispatched() -> None:
    link, websocket = ready()
    websocket.dispatches()
    seen(link)
    await link.ask()
    asked = seen(link).asked_at_mono
    assert asked is not None
    assert seen(link, 30.0).asked_at_mono == asked


async def test_the_question_is_for_the_bots_own_member_of_another_guild_each_time() -> None:
    client = FakeClient(
        guilds=[
            FakeGuild(id=1),
            FakeGuild(id=2, shard_id=1),
            FakeGuild(id=3, unavailable=True),
            FakeGuild(id=4),
        ]
    )
    link, websocket = linked(client)
    link.enter(ShardState.READY)
    for _ in range(3):
        await link.ask()
    assert websocket.questions == [(1, [4242]), (4, [4242]), (1, [4242])]


async def test_a_client_without_the_guilds_intent_knows_no_availability() -> None:
    client = FakeClient(guilds=[FakeGuild(id=3, unavailable=True)], intents=discord.Intents.none())
    link, websocket = linked(client)
    link.enter(ShardState.READY)
    assert seen(link, SILENCE_S + 1).can_be_asked
    await link.ask()
    assert websocket.questions == [(3, [4242])]


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(FakeClient(guilds=[]), id="no guild"),
        pytest.param(FakeClient(guilds=[FakeGuild(id=1, unavailable=True)]), id="none available"),
        pytest.param(FakeClient(guilds=[FakeGuild(id=1, shard_id=7)]), id="all on other shards"),
    ],
)
async def test_with_no_guild_to_ask_about_nothing_is_asked(client: FakeClient) -> None:
    link, websocket = linked(client)
    link.enter(ShardState.READY)
    seen(link)
    assert not seen(link, 3600).can_be_asked
    await link.ask()
    assert websocket.questions == []
    assert seen(link).asked_at_mono is None


def test_only_a_ready_shard_that_was_silent_for_long_enough_can_be_asked() -> None:
    link, _ = ready()
    assert not seen(link, SILENCE_S - 1).can_be_asked
    assert seen(link, SILENCE_S + 1).can_be_asked
    link.enter(ShardState.RESUMING)
    assert not seen(link, SILENCE_S + 1).can_be_asked


@pytest.mark.parametrize("questions", [QUESTIONS_TO_A_STRANGER, QUESTIONS_TO_A_STRANGER + 3])
async def test_a_server_that_never_answered_a_question_is_asked_no_more(questions: int) -> None:
    link, _ = ready()
    for _ in range(questions):
        await link.ask()
        await link.drop(forget_session=False)  # taken for deaf
        link.ended()
        link.enter(ShardState.READY)
    assert not seen(link, SILENCE_S + 1).can_be_asked


async def test_a_server_that_has_answered_once_is_asked_for_ever() -> None:
    link, websocket = ready()
    await link.ask()
    websocket.dispatches()
    seen(link)
    for _ in range(5):
        await link.ask()
        link.enter(ShardState.READY)
    assert seen(link, SILENCE_S + 1).can_be_asked


async def test_a_question_that_discordpy_holds_back_is_not_yet_asked() -> None:
    """Its limit of 110 sends a minute must not look like a deaf gateway."""
    link, websocket = ready()
    websocket.hold = asyncio.Event()
    asking = asyncio.create_task(link.ask(), name="ask")
    await asyncio.sleep(0)
    held = seen(link, SILENCE_S + 1)
    assert held.asked_at_mono is None
    assert not held.can_be_asked, "one question at a time"
    websocket.hold.set()
    await asking
    assert seen(link).asked_at_mono is not None


async def test_a_question_that_could_not_be_sent_was_not_asked() -> None:
    link, websocket = ready()
    websocket.broken = True
    with pytest.raises(ConnectionResetError):
        await link.ask()
    after = seen(link, SILENCE_S + 1)
    assert after.asked_at_mono is None
    assert after.can_be_asked


# ends


def test_a_session_that_lasted_leaves_no_failure() -> None:
    link, _ = ready()
    link.unreached, link.rejections = 3, 2
    lasted(link, FLAP_S + 1)
    link.ended()
    assert failures(link) == 0
    assert link.state is ShardState.CONNECTING


def test_what_ended_before_hello_and_what_ended_after_it_are_counted_apart() -> None:
    """Discord is back, and says op 9 to the old session: that is no reason to wait as if it were still away."""
    link, _ = linked()
    for greeted in (False, False, True, False):
        link.begin()
        link.greeted = greeted
        link.ended()
    assert (link.unreached, link.rejections) == (3, 1)


def test_a_flap_counts_as_a_failure() -> None:
    link, _ = ready()
    for flaps in range(1, 4):
        link.enter(ShardState.READY)
        lasted(link, FLAP_S - 1)
        link.ended()
        assert failures(link) == flaps


@pytest.mark.parametrize("state", [ShardState.CONNECTING, ShardState.IDENTIFYING, ShardState.RESUMING])
def test_an_attempt_that_never_became_ready_is_a_failure_however_long_it_took(state: ShardState) -> None:
    link, _ = linked()
    link.enter(state)
    lasted(link, 3600)
    link.ended()
    assert failures(link) == 1
    assert link.unanswered_resumes == (1 if state is ShardState.RESUMING else 0)


def test_ready_forgets_the_unanswered_resumes() -> None:
    link, _ = linked()
    for _ in range(3):
        link.begin()
        link.enter(ShardState.RESUMING)
        link.ended()
    assert link.unanswered_resumes == 3
    link.enter(ShardState.READY)
    assert link.unanswered_resumes == 0


# drops


async def test_a_drop_closes_with_4000_and_counts_once() -> None:
    link, websocket = ready()
    await link.drop(forget_session=False)
    await link.drop(forget_session=False)
    link.ended()  # the connection loop notes the same end
    assert websocket.closed_with == [4000]
    assert link.remedies == 1
    assert failures(link) == 1
    assert not link.forget_session
    link.begin()
    link.ended()
    assert failures(link) == 2


async def test_a_drop_of_a_session_that_lasted_is_no_failure() -> None:
    link, _ = ready()
    lasted(link, FLAP_S + 1)
    await link.drop(forget_session=True)
    link.ended()
    assert failures(link) == 0
    assert link.forget_session


async def test_without_a_websocket_there_is_nothing_to_drop_nor_to_ask() -> None:
    link, websocket = linked()
    link.begin()
    await link.drop(forget_session=True)
    await link.ask()
    assert (link.remedies, link.forget_session) == (0, False)
    assert (websocket.closed_with, websocket.questions) == ([], [])
    assert link.latency_s == float("inf")


async def test_a_shard_that_was_dropped_has_no_symptom_until_it_is_back() -> None:
    link, websocket = ready()
    websocket.keep_alive.sends(time.perf_counter() - 30)
    websocket.keep_alive.hears(time.perf_counter() - 70)
    assert seen(link).unacknowledged_since_mono is not None
    await link.drop(forget_session=False)
    after = seen(link)
    assert after.state is ShardState.CONNECTING
    assert after.unacknowledged_since_mono is None


async def test_remedies_are_forgotten_once_the_shard_has_proved_itself() -> None:
    link, _ = ready()
    await link.drop(forget_session=False)
    link.begin()
    link.enter(ShardState.READY)
    assert seen(link, PROVED_S - 1).remedies == 1
    assert seen(link, PROVED_S + 1).remedies == 0


@pytest.mark.parametrize("state", [ShardState.CONNECTING, ShardState.IDENTIFYING, ShardState.RESUMING])
def test_remedies_are_not_forgotten_while_the_shard_is_not_ready(state: ShardState) -> None:
    link, _ = linked()
    link.remedies = 2
    link.enter(state)
    assert seen(link, 10 * PROVED_S).remedies == 2


STEPS = st.lists(st.sampled_from(["begin", "identifying", "resuming", "ready", "ended", "dispatch"]), max_size=20)


@given(steps=STEPS)
def test_any_order_of_steps_leaves_a_sample_that_can_be_true(steps: list[str]) -> None:
    link, websocket = linked()
    for step in steps:
        match step:
            case "begin":
                link.begin()
            case "ended":
                link.ended()
            case "dispatch":
                websocket.dispatches()
            case state:
                link.enter(ShardState(state))
    one = seen(link)
    assert one.last_dispatch_mono <= time.monotonic()
    assert not (one.can_be_asked and one.state is not ShardState.READY)
    assert failures(link) <= steps.count("ended")
    assert link.unanswered_resumes <= steps.count("resuming")


# clients


def test_each_client_has_one_link_and_counts_while_it_is_connected_and_not_closed() -> None:
    links = Links()
    first, second, only_rest = FakeClient(), FakeClient(), FakeClient()
    link, other = links.of(as_client(first)), links.of(as_client(second))
    links.of(as_client(only_rest))
    assert links.of(as_client(first)) is link
    with links.connected(as_client(first)), links.connected(as_client(second)):
        assert list(links) == [link, other]
        assert links.idle_since_mono is None
        first.closed = True
        assert list(links) == [other]
    assert list(links) == []
    assert links.idle_since_mono is not None


def test_a_client_is_ready_when_its_shard_is() -> None:
    link = Links().of(as_client(FakeClient()))
    assert not link.ready
    link.shard(None).enter(ShardState.IDENTIFYING)
    assert not link.ready
    link.shard(0).enter(ShardState.READY)
    assert link.ready


def test_shards_of_several_clients_are_told_apart() -> None:
    links = Links()
    for client in (FakeClient(), FakeClient()):
        links.of(as_client(client)).connecting = True
        for shard_id in (0, 1):
            links.of(as_client(client)).shard(shard_id)
    sampler = ShardSampler(links)
    names = [one.name for one in sampler.sample(time.monotonic(), HealthSettings())]
    assert names == ["0", "1", "0 of client 2", "1 of client 2"]
    assert len({id(sampler.link(name)) for name in names}) == 4
    assert sampler.link("9") is None
    assert sampler.link(None) is None
