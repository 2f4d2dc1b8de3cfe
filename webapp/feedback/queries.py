"""What a doctor's page shows beside the seconds: shares against the past and the study, CARE, visits."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import quantiles
from typing import Any, Final

from django.db.models import QuerySet

from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import may_be_analysed
from webapp.analysis.timelines import EMOTIONS
from webapp.feedback.care import score
from webapp.feedback.models import CareRating
from webapp.live.models import LiveSession
from webapp.studies.access import Someone, needs_of, visible_encounters
from webapp.studies.models import Encounter, Study

Shares = dict[str, float | None]
#: Fewer than so many other encounters, or of fewer doctors, would point at persons: then nothing is compared.
LEAST_ENCOUNTERS: Final = 5
LEAST_DOCTORS: Final = 3


def own_encounters(user: Someone) -> QuerySet[Encounter]:
    """Return the user's own encounters as a doctor, the newest first."""
    if user.pk is None:
        return Encounter.objects.none()
    found = visible_encounters(user).filter(doctor__user_id=user.pk, study__memberships__user_id=user.pk)
    return (
        found.filter(study__memberships__role="doctor")
        .select_related("study", "doctor")
        .order_by("-held_on", "-number")
    )


def doctor_shares(encounter: Encounter) -> Shares | None:
    """Return the shares of the doctor's expressions by the newest run, None without it or consent."""
    run = AnalysisRun.objects.filter(encounter=encounter).first()
    if run is None or not may_be_analysed(encounter, "doctor"):
        return None
    roles = run.summary.get("cameras", {}).get("doctor", {}).get("roles", {})
    shares: Shares | None = roles.get("doctor", {}).get("share_by_emotion")
    return shares if shares and any(value is not None for value in shares.values()) else None


def compare_shares(encounter: Encounter, shares: Shares) -> list[dict[str, Any]]:
    """Return per emotion the share now, the mean of the doctor's earlier encounters, and the study's.

    The study's figures are quartiles over other doctors' encounters, None where they are too few to hide who
    is behind them.
    """
    earlier = Encounter.objects.filter(
        study=encounter.study, doctor=encounter.doctor, held_on__lte=encounter.held_on
    ).exclude(pk=encounter.pk)
    own = _known(earlier)
    others = Encounter.objects.filter(study=encounter.study).exclude(doctor=encounter.doctor)
    known_others = [(one.doctor_id, found) for one in others if (found := doctor_shares(one))]
    enough = (
        len(known_others) >= LEAST_ENCOUNTERS and len({doctor for doctor, _ in known_others}) >= LEAST_DOCTORS
    )
    return [
        {
            "emotion": emotion,
            "now": shares.get(emotion),
            "past": _mean(one.get(emotion) for one in own),
            "past_count": len(own),
            "study": _middle_half(one.get(emotion) for _, one in known_others) if enough else None,
        }
        for emotion in EMOTIONS
    ]


def care_score(encounter: Encounter) -> float | None:
    ratings = CareRating.objects.filter(encounter=encounter).values_list("item", "rating")
    return score(dict(ratings))


def answered(encounter: Encounter) -> dict[str, int]:
    """Return how many suggestions live sessions showed, and how many were answered in which way."""
    counts = {"shown": 0, "helped": 0, "not_now": 0, "wrong": 0}
    for session in LiveSession.objects.filter(encounter=encounter):
        for suggestion in session.suggestions.filter(shown=True):
            counts["shown"] += 1
            if suggestion.answer:
                counts[suggestion.answer] += 1
    return counts


def visits(user: Someone) -> list[dict[str, Any]]:
    """Return the doctor's own encounters for a look over time, the newest first."""
    return [
        {
            "encounter": encounter,
            "shares": doctor_shares(encounter),
            "care": care_score(encounter),
            "suggestions": answered(encounter),
            "is_reflected": encounter.reflections.filter(doctor_id=user.pk).exists(),
        }
        for encounter in own_encounters(user)[:100]
    ]


def may_see_feedback(user: Someone, study: Study) -> bool:
    return "view_feedback" in needs_of(user, study)


def _known(encounters: Iterable[Encounter]) -> list[Shares]:
    return [found for one in encounters if (found := doctor_shares(one))]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _middle_half(values: Iterable[float | None]) -> tuple[float, float, float] | None:
    known = [value for value in values if value is not None]
    if len(known) < LEAST_ENCOUNTERS:
        return None
    low, middle, high = quantiles(known, n=4, method="inclusive")
    return low, middle, high
