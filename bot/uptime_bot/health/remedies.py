"""decide(): what to do about a Verdict. Pure; every remedy is bounded, and each is stronger than the one before."""

from uptime_bot.contract.health import Health
from uptime_bot.contract.settings import HealthSettings
from uptime_bot.health.sample import Sample, ShardState
from uptime_bot.health.verdict import Remedy, RemedyKind, Symptom, SymptomKind, Verdict

REST_ASK_EVERY_S = 2.0
"""While a symptom lasts; soon enough to act within the graces, rare enough for a Discord that has trouble."""


def decide(verdict: Verdict, sample: Sample, limits: HealthSettings, *, watchdog_armed: bool) -> tuple[Remedy, ...]:
    """Choose the remedies for this tick.

    Deaf: RESUME first. If RESUME or IDENTIFY itself stays unanswered after that, the process is replaced. A session
    that answers RESUME but stays silent is given up for a new one before the process is. Without a watchdog to trigger
    (a plain terminal), a new session is the strongest remedy.
    """
    if verdict.symptoms:
        if verdict.health is Health.DEAF:
            return tuple(_cure(symptom, watchdog_armed=watchdog_armed) for symptom in verdict.symptoms)
        stale = sample.at_mono - sample.rest.asked_at_mono >= REST_ASK_EVERY_S
        return (Remedy(kind=RemedyKind.ASK_REST, reason=verdict.reason),) if stale else ()
    return tuple(
        Remedy(kind=RemedyKind.ASK_SHARD, shard=shard.name, reason="nothing dispatched for a while")
        for shard in sample.shards
        if shard.state is ShardState.READY
        and shard.can_be_asked
        and shard.asked_at_mono is None
        and sample.at_mono - shard.last_dispatch_mono >= limits.silence_s
    )


def _cure(symptom: Symptom, *, watchdog_armed: bool) -> Remedy:
    if symptom.kind is SymptomKind.NOBODY_CONNECTED:
        return Remedy(kind=RemedyKind.TRIGGER, reason=symptom.words)
    unanswered = symptom.kind in (SymptomKind.IDENTIFY_UNANSWERED, SymptomKind.RESUME_UNANSWERED)
    strength = symptom.remedies + (1 if unanswered and symptom.remedies else 0)
    if strength == 0:
        kind = RemedyKind.RESUME
    elif strength == 1 or not watchdog_armed:
        kind = RemedyKind.REIDENTIFY
    else:
        kind = RemedyKind.TRIGGER
    return Remedy(kind=kind, shard=symptom.shard, reason=symptom.words)
