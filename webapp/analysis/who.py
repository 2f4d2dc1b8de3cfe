"""Who is who in a run, what was said about it by hand, and which models have looked: for the page's panel."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse

from webapp.analysis.models import AnalysisRun, PersonCorrection, RestingChoice
from webapp.analysis.queries import (
    clock_by_hand,
    may_be_analysed,
    newest_runs_by_model,
    recordings_now,
    resting_choices,
    rests_on,
)
from webapp.analysis.showing import shown_to
from webapp.recordings.models import Camera
from webapp.studies.access import Someone
from webapp.studies.models import Encounter

MOST_PEOPLE: Final = 8
ROLE_WORDS: Final = {"doctor": "the doctor", "patient": "the patient", "irrelevant": "somebody else"}

Values = dict[str, Any]


def people_of(run: AnalysisRun) -> list[Values]:
    """Return per camera whom the run saw, the most often seen first, and what was said about them.

    Who was seen, never what their faces showed: it can be corrected also where the doctor's expression is for
    the doctor alone.
    """
    known, resting = run.summary.get("cameras", {}), resting_choices(run)
    return [
        _camera(run, camera, resting.get(camera.value))
        for camera in Camera
        if camera.value in known and may_be_analysed(run.encounter, camera.value)
    ]


def runs_of(encounter: Encounter, shown: AnalysisRun | None) -> list[Values]:
    """Return the newest run of each model, and which of them is shown."""
    address, recordings = encounter.get_absolute_url(), recordings_now(encounter)
    return [
        {
            "id": str(run.pk),
            "model": run.model,
            "finished_at": run.finished_at,
            "is_current": rests_on(run, recordings),
            "is_shown": shown is not None and shown.pk == run.pk,
            "url": f"{address}?run={run.pk}",
        }
        for run in newest_runs_by_model(encounter)
    ]


def suggestions_of(run: AnalysisRun, reader: Someone) -> list[Values]:
    """Return what the rules suggested, to those who may see both people: a rule may speak of either."""
    if not shown_to(reader, run.encounter).is_everybody:
        return []
    found: list[Values] = run.summary.get("suggestions", [])
    return found


def clock_of(encounter: Encounter, run: AnalysisRun) -> Values:
    """Return how the cameras were put on one clock, and what was set by hand since or before."""
    said = clock_by_hand(encounter)
    return {
        "is_needed": len(run.offsets_ms) > 1,
        "offset_ms": run.sync_offset_ms if run.sync_applied else None,
        "method": run.sync_method,
        "drift_ppm": (run.summary.get("sync") or {}).get("drift_ppm"),
        "by_hand_ms": said.offset_ms if said else None,
    }


def _camera(run: AnalysisRun, camera: Camera, resting: RestingChoice | None) -> Values:
    summary = run.summary["cameras"][camera.value]
    people = sorted(summary.get("people", []), key=lambda person: -person["frames"])
    return {
        "name": camera.value,
        "label": camera.label,
        "clock": run.clock_of(camera.value),
        "can_be_corrected": bool(summary.get("people_basis")),
        "people": [_person(person, camera) for person in people[:MOST_PEOPLE]],
        "more": max(0, len(people) - MOST_PEOPLE),
        "said": _said(run, camera, summary),
        "resting": resting,
        "resting_second": resting.second_in(run) if resting else None,
    }


def _person(person: Values, camera: Camera) -> Values:
    return person | {
        "words": ROLE_WORDS.get(person["role"], person["role"]),
        "counts": person["role"] == camera.value,
        "first_s": person["first_us"] // 1_000_000,
        "last_s": person["last_us"] // 1_000_000,
    }


def _said(run: AnalysisRun, camera: Camera, summary: Values) -> list[Values]:
    """Return what counts of what was said about this camera's people, with what became of it in the run."""
    given = run.params.get("by_hand", {}).get("corrections", {}).get(camera.value, [])
    outcomes = dict(zip(given, summary.get("corrections", []), strict=False))
    return [
        {
            "words": words_of(one),
            "made_at": one.made_at,
            "made_by": one.made_by,
            "is_in_run": str(one.pk) in outcomes,
            "refusal": outcomes.get(str(one.pk), {}).get("refusal"),
            "undo_url": reverse("analysis:api_undo", args=[one.pk]),
        }
        for one in _standing(run, camera)
    ]


def _standing(run: AnalysisRun, camera: Camera) -> QuerySet[PersonCorrection]:
    recording = run.inputs.get(camera.value, {}).get("recording")
    found = PersonCorrection.objects.filter(recording_id=recording, undone_at=None)
    return found.select_related("made_by").order_by("made_at", "pk")


def words_of(one: PersonCorrection) -> str:
    """Return a correction as a sentence without its full stop."""
    if one.kind == PersonCorrection.Kind.REASSIGN:
        return f"Person {one.track} is {PersonCorrection.Role(one.role).label}"
    if one.kind == PersonCorrection.Kind.MERGE:
        return f"Person {one.track} is the same as person {one.into}"
    return f"Person {one.track} is somebody else from {(one.at_ms or 0) / 1000:g} s on"
