"""What a doctor's page shows beside the seconds: shares against the past and the study, CARE, visits."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import quantiles
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import purpose_of
from webapp.analysis.showing import purpose_to_show
from webapp.analysis.timelines import EMOTIONS
from webapp.feedback.care import score
from webapp.recordings.models import Camera
from webapp.recordings.queries import allowing
from webapp.studies.access import Someone, needs_of, visible_encounters
from webapp.studies.models import Encounter, Study

Shares = dict[str, float | None]
#: Fewer than so many other encounters, or of fewer doctors, would point at persons: then nothing is compared.
LEAST_ENCOUNTERS: Final = 5
LEAST_DOCTORS: Final = 3
MOST_VISITS: Final = 100
DOCTORS_SHARES: Final = "summary__cameras__doctor__roles__doctor__share_by_emotion"


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


def doctor_shares(encounter: Encounter, reader: Someone) -> Shares | None:
    """Return the shares of the doctor's expressions by the newest run, None without it or for this reader."""
    return shares_in(Encounter.objects.filter(pk=encounter.pk), reader).get(encounter.pk)


def shares_in(encounters: QuerySet[Encounter], reader: Someone) -> dict[UUID, Shares]:
    """Return what doctor_shares says of each encounter, as far as the reader may see their doctor, in one
    question for all of them.
    """
    own = encounters.none() if reader.pk is None else encounters.filter(doctor__user_id=reader.pk)
    shown = allowing(own, purpose_of(Camera.DOCTOR)) | allowing(encounters, purpose_to_show(Camera.DOCTOR))
    found = _newest_runs(shown).values_list("encounter_id", DOCTORS_SHARES)
    return {pk: shares for pk, shares in found if shares and any(map(_is_known, shares.values()))}


def compare_shares(encounter: Encounter, shares: Shares, reader: Someone) -> list[dict[str, Any]]:
    """Return per emotion the share now, the mean of the doctor's earlier encounters, and the study's.

    The study's figures are quartiles over other doctors' encounters, None where they are too few to hide who
    is behind them. left_out: of how many of them the doctor shows it to nobody else.
    """
    earlier = Encounter.objects.filter(
        study=encounter.study, doctor=encounter.doctor, held_on__lte=encounter.held_on
    ).exclude(pk=encounter.pk)
    own = list(shares_in(earlier, reader).values())
    others = Encounter.objects.filter(study=encounter.study).exclude(doctor=encounter.doctor)
    theirs = shares_in(others, reader)
    doctors = others.filter(pk__in=theirs).values("doctor").distinct().count()
    enough = len(theirs) >= LEAST_ENCOUNTERS and doctors >= LEAST_DOCTORS
    left_out = _newest_runs(_for_their_doctors_alone(others)).count()
    return [
        {
            "emotion": emotion,
            "now": shares.get(emotion),
            "past": _mean(one.get(emotion) for one in own),
            "past_count": len(own),
            "study": _middle_half(one.get(emotion) for one in theirs.values()) if enough else None,
            "left_out": left_out,
        }
        for emotion in EMOTIONS
    ]


def care_score(encounter: Encounter) -> float | None:
    return score({one.item: one.rating for one in encounter.care_ratings.all()})


def answered(encounter: Encounter) -> dict[str, int]:
    """Return how many suggestions live sessions showed, and how many were answered in which way."""
    counts = {"shown": 0, "helped": 0, "not_now": 0, "wrong": 0}
    for session in encounter.live_sessions.all():
        for suggestion in session.suggestions.all():
            counts["shown"] += suggestion.shown
            if suggestion.shown and suggestion.answer:
                counts[suggestion.answer] += 1
    return counts


def visits(user: Someone) -> list[dict[str, Any]]:
    """Return the doctor's own encounters for a look over time, the newest first."""
    looked_at = ("care_ratings", "reflections", "live_sessions__suggestions")
    own = own_encounters(user).prefetch_related(*looked_at)[:MOST_VISITS]
    shares = shares_in(Encounter.objects.filter(pk__in=[encounter.pk for encounter in own]), user)
    return [
        {
            "encounter": encounter,
            "shares": shares.get(encounter.pk),
            "care": care_score(encounter),
            "suggestions": answered(encounter),
            "is_reflected": any(one.doctor_id == user.pk for one in encounter.reflections.all()),
        }
        for encounter in own
    ]


def may_see_feedback(user: Someone, study: Study) -> bool:
    return "view_feedback" in needs_of(user, study)


def _newest_runs(encounters: QuerySet[Encounter]) -> QuerySet[AnalysisRun]:
    newest = AnalysisRun.objects.filter(encounter=OuterRef("pk")).order_by("-finished_at").values("pk")[:1]
    return AnalysisRun.objects.filter(pk__in=encounters.order_by().values_list(Subquery(newest)))


def _for_their_doctors_alone(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    shown = allowing(encounters, purpose_to_show(Camera.DOCTOR)).values("pk")
    return allowing(encounters, purpose_of(Camera.DOCTOR)).exclude(pk__in=shown)


def _is_known(share: float | None) -> bool:
    return share is not None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _middle_half(values: Iterable[float | None]) -> tuple[float, float, float] | None:
    known = [value for value in values if value is not None]
    if len(known) < LEAST_ENCOUNTERS:
        return None
    low, middle, high = quantiles(known, n=4, method="inclusive")
    return low, middle, high
