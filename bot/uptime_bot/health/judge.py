"""judge(): a Sample into a Verdict. Pure; the limits come in as settings."""

from uptime_bot.contract.health import Health
from uptime_bot.contract.settings import HealthSettings
from uptime_bot.health.sample import RestState, Sample, ShardSample, ShardState
from uptime_bot.health.verdict import Symptom, SymptomKind, Verdict


def judge(sample: Sample, limits: HealthSettings) -> Verdict:
    """Say how the bot is.

    Deafness is a finding against our own connection, so it needs Discord's REST as a witness: while REST has not been
    heard since the symptom began the verdict is degraded, while REST is silent too it is waiting.
    """
    if sample.stopping:
        return Verdict(health=Health.STOPPING, reason="asked to stop")
    if sample.idle_since_mono is not None and sample.was_ready and not sample.waiting:
        return _judge_idle(sample, sample.at_mono - sample.idle_since_mono, limits)
    symptoms = tuple(symptom for shard in sample.shards if (symptom := symptom_of(shard, sample.at_mono, limits)))
    if symptoms:
        return _judge_symptoms(sample, symptoms)
    down = [shard for shard in sample.shards if shard.state is not ShardState.READY]
    missing = max(sample.shards_expected - len(sample.shards), 0)
    if sample.waiting and len(down) == len(sample.shards):
        return Verdict(health=Health.WAITING, reason=sample.waiting[0].reason)
    if not sample.was_ready:
        return Verdict(health=Health.STARTING, reason=_starting_words(sample))
    if down or missing:
        return Verdict(health=Health.DEGRADED, reason=_down_words(down, missing, sample))
    if sample.loop_lag_s > limits.loop_lag_degraded_s:
        return Verdict(health=Health.DEGRADED, reason=f"event loop {sample.loop_lag_s:.1f} s late")
    return Verdict(health=Health.HEALTHY, reason="")


def _judge_idle(sample: Sample, idle_s: float, limits: HealthSettings) -> Verdict:
    words = f"no client has been connected for {idle_s:.0f} s"
    if idle_s < limits.start_deadline_s:
        return Verdict(health=Health.DEGRADED, reason=words)
    symptom = Symptom(
        shard="",
        kind=SymptomKind.NOBODY_CONNECTED,
        since_mono=sample.at_mono - idle_s,
        words=words,
        remedies=0,
    )
    return Verdict(health=Health.DEAF, reason=words, symptoms=(symptom,))


def symptom_of(shard: ShardSample, now_mono: float, limits: HealthSettings) -> Symptom | None:
    """Say how a shard looks deaf, or None. A shard without a socket is not deaf: it is reconnecting."""
    for kind, words, since_mono, grace_s in _suspicions(shard, limits):
        if since_mono is not None and now_mono - since_mono > grace_s:
            return Symptom(
                shard=shard.name,
                kind=kind,
                since_mono=since_mono,
                words=f"shard {shard.name}: {words} for {now_mono - since_mono:.0f} s",
                remedies=shard.remedies,
            )
    return None


def _suspicions(shard: ShardSample, limits: HealthSettings) -> list[tuple[SymptomKind, str, float | None, float]]:
    """What the gateway owes an answer to: what it is, in words, since when, and how long that may take."""
    match shard.state:
        case ShardState.CONNECTING:
            return []
        case ShardState.IDENTIFYING:
            return [
                (SymptomKind.IDENTIFY_UNANSWERED, "IDENTIFY unanswered", shard.since_mono, limits.answer_grace_s),
            ]
        case ShardState.RESUMING:
            return [
                (SymptomKind.RESUME_UNANSWERED, "RESUME unanswered", shard.since_mono, limits.answer_grace_s),
            ]
        case ShardState.READY:
            words = "no events, and a question to the gateway unanswered"
            return [
                (
                    SymptomKind.ACK_MISSING,
                    "heartbeat not acknowledged",
                    shard.unacknowledged_since_mono,
                    limits.ack_grace_s,
                ),
                (SymptomKind.QUESTION_UNANSWERED, words, shard.asked_at_mono, limits.silence_answer_s),
            ]


def _judge_symptoms(sample: Sample, symptoms: tuple[Symptom, ...]) -> Verdict:
    words = "; ".join(symptom.words for symptom in symptoms[:3])
    match sample.rest.state:
        case RestState.SILENT:
            reason = f"Discord's REST does not answer either ({sample.rest.detail}); {words}"
            return Verdict(health=Health.WAITING, reason=reason, symptoms=symptoms)
        case RestState.ANSWERS if sample.rest.asked_at_mono >= max(symptom.since_mono for symptom in symptoms):
            return Verdict(health=Health.DEAF, reason=words, symptoms=symptoms)
        case RestState.ANSWERS | RestState.UNKNOWN:
            reason = f"{words}; asking Discord's REST whether it is Discord's fault"
            return Verdict(health=Health.DEGRADED, reason=reason, symptoms=symptoms)


def _starting_words(sample: Sample) -> str:
    if not sample.shards:
        return "logging in"
    ready = sum(shard.state is ShardState.READY for shard in sample.shards)
    total = max(sample.shards_expected, len(sample.shards))
    return f"{ready} of {total} shards ready" if total > 1 else f"gateway {sample.shards[0].state}"


def _down_words(down: list[ShardSample], missing: int, sample: Sample) -> str:
    names = ", ".join(f"{shard.name} {shard.state}" for shard in down[:5])
    more = len(down) - 5
    words = f"shard {names}" + (f" and {more} more" if more > 0 else "") if down else f"{missing} shards not started"
    return f"{words} ({sample.waiting[0].reason})" if sample.waiting else words
