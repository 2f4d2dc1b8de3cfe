"""What people say that an analysis takes for given: who is who, the clock, a study's rules. With undo.

Each change queues the analysis again by every model that has looked at the encounter. Nothing is decoded for
it, unless somebody counts whose expressions were not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from webapp import engines
from webapp.analysis.identities import forget_person
from webapp.analysis.models import (
    AnalysisRun,
    ClockCorrection,
    FaceObservation,
    PersonCorrection,
    RuleSet,
)
from webapp.analysis.queries import (
    clock_by_hand,
    corrections_of,
    is_current,
    latest_run,
    newest_runs_by_model,
    rules_of,
)
from webapp.analysis.services import start_run
from webapp.core import audit
from webapp.core.errors import Conflict, Invalid
from webapp.jobs.models import Job
from webapp.jobs.services import Actor
from webapp.recordings.models import Recording
from webapp.studies.models import Encounter, Study

LONGEST_OFFSET_MS = 3_600_000
Kind = PersonCorrection.Kind
Listener = Callable[[Recording], object]
_LISTENERS: list[Listener] = []


def when_corrected(listener: Listener) -> None:
    """Have a later app called in the transaction in which somebody says, or takes back, who is who on a
    recording: what it made of one person's face may be another's.
    """
    _LISTENERS.append(listener)


@transaction.atomic
def correct_person(
    *,
    encounter: Encounter,
    actor: Actor,
    camera: str,
    kind: str,
    track: int,
    role: str = "",
    into: int | None = None,
    at_ms: int | None = None,
) -> Job:
    """Say who a person is and analyse again. Raises Invalid for what does not fit the people of the newest
    run, Conflict when that run is not of the recordings that are there now.
    """
    run = latest_run(encounter)
    if run is None or not is_current(run):
        raise Conflict("The people are still being found. Wait for the analysis.", code="not_analysed")
    if kind == Kind.REASSIGN and role not in PersonCorrection.Role.values:
        raise Invalid("Say who this person is: the doctor, the patient or somebody else.")
    if kind == Kind.MERGE:
        _check_merge(run, camera, track, into)
    if kind == Kind.SPLIT:
        _check_split(run, camera, track, at_ms)
    _check_tracks(run, camera, [track])
    said = PersonCorrection.objects.create(
        recording=Recording.objects.get(pk=run.inputs[camera]["recording"]),
        made_by=_user(actor),
        kind=kind,
        basis=run.summary["cameras"][camera]["people_basis"],
        track=track,
        role=role if kind == Kind.REASSIGN else "",
        into=into if kind == Kind.MERGE else None,
        at_ms=at_ms if kind == Kind.SPLIT else None,
    )
    _forget(said.recording)
    _trace(actor, "analysis.person_corrected", said, encounter, kind=kind, camera=camera, track=track)
    return _analyse_again(encounter, actor)


@transaction.atomic
def undo_correction(*, correction: PersonCorrection, actor: Actor) -> Job:
    """Let something that was said about a person count no more, and analyse again. Raises Conflict when it
    was undone before.
    """
    mine = PersonCorrection.objects.filter(pk=correction.pk, undone_at=None)
    if not mine.update(undone_at=timezone.now(), undone_by=_user(actor)):
        raise Conflict("This was undone already.", code="already_undone")
    encounter = correction.recording.encounter
    _forget(correction.recording)
    _trace(actor, "analysis.correction_undone", correction, encounter)
    return _analyse_again(encounter, actor)


@transaction.atomic
def set_clock(*, encounter: Encounter, actor: Actor, offset_ms: int | None) -> Job:
    """Put the second camera offset_ms after the first, or let the recordings tell again, and analyse again.

    Raises Invalid for more than an hour.
    """
    if offset_ms is not None and abs(offset_ms) > LONGEST_OFFSET_MS:
        raise Invalid(f"Expected at most {LONGEST_OFFSET_MS} ms either way, got {offset_ms}.")
    standing = ClockCorrection.objects.filter(encounter=encounter, undone_at=None)
    standing.update(undone_at=timezone.now(), undone_by=_user(actor))
    if offset_ms is not None:
        ClockCorrection.objects.create(encounter=encounter, offset_ms=offset_ms, made_by=_user(actor))
    _trace(actor, "analysis.clock_set", encounter, encounter, offset_ms=offset_ms)
    return _analyse_again(encounter, actor)


@transaction.atomic
def save_rules(*, study: Study, actor: Actor, text: str) -> RuleSet:
    """Keep a new version of the study's empathy rules. Raises AppError naming line and field of a mistake."""
    engines.check_rules(text)
    newest = rules_of(study)
    made = RuleSet.objects.create(
        study=study, version=newest.version + 1 if newest else 1, text=text, made_by=_user(actor)
    )
    details = {"version": made.version}
    audit.record(actor=actor, action="analysis.rules_saved", target=made, study_id=study.pk, details=details)
    return made


def by_hand(encounter: Encounter, recordings: Iterable[Recording]) -> tuple[engines.ByHand, dict[str, Any]]:
    """Return what the analysis takes for given, and the same as identifiers for the record of the run."""
    cameras: dict[str, list[PersonCorrection]] = {}
    for one in corrections_of(recordings).select_related("recording"):
        cameras.setdefault(one.recording.camera, []).append(one)
    clock, rules = clock_by_hand(encounter), rules_of(encounter.study)
    given = engines.ByHand(
        offset_ms=clock.offset_ms if clock else None,
        corrections={camera: [_plain(one) for one in made] for camera, made in cameras.items()},
        rules=rules.text if rules else "",
    )
    return given, {
        "offset_ms": given.offset_ms,
        "corrections": {camera: [str(one.pk) for one in made] for camera, made in cameras.items()},
        "rules_version": rules.version if rules else None,
    }


def _plain(one: PersonCorrection) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "track": one.track,
        "role": one.role or None,
        "into": one.into,
        "at_us": None if one.at_ms is None else one.at_ms * 1000,
        "basis": one.basis,
    }


def _check_tracks(run: AnalysisRun, camera: str, tracks: Iterable[int | None]) -> None:
    summary = run.summary["cameras"].get(camera, {})
    known = {person["track"] for person in summary.get("people", [])}
    for track in tracks:
        if track not in known or not summary.get("people_basis"):
            raise Invalid(f"There is no person {track} on the {camera}’s camera; load the page anew.")


def _check_merge(run: AnalysisRun, camera: str, track: int, into: int | None) -> None:
    _check_tracks(run, camera, [into])
    if into is None or into == track:
        raise Invalid("Choose two different people.")
    faces = FaceObservation.objects.filter(run=run, camera=camera)
    others = faces.filter(track=into).values("t_ms")
    together = faces.filter(track=track, t_ms__in=others).count()
    if together:
        raise Invalid(
            f"Persons {track} and {into} are in {together} pictures together, so they are two people."
        )


def _check_split(run: AnalysisRun, camera: str, track: int, at_ms: int | None) -> None:
    faces = FaceObservation.objects.filter(run=run, camera=camera, track=track)
    if at_ms is None or not (
        faces.filter(t_ms__lt=at_ms).exists() and faces.filter(t_ms__gte=at_ms).exists()
    ):
        raise Invalid(f"Choose a time before and after which person {track} is seen.")


def _forget(recording: Recording) -> None:
    forget_person(recording)
    for listener in _LISTENERS:
        listener(recording)


def _analyse_again(encounter: Encounter, actor: Actor) -> Job:
    """Queue the analysis by every known model that has a run, the newest run's first, or by the default."""
    known = engines.known_models()
    models = [run.model for run in newest_runs_by_model(encounter) if run.model in known]
    jobs = [start_run(encounter=encounter, actor=actor, model=model) for model in models or [""]]
    return jobs[0]


def _trace(actor: Actor, action: str, target: Any, encounter: Encounter, **details: Any) -> None:
    audit.record(actor=actor, action=action, target=target, study_id=encounter.study_id, details=details)


def _user(actor: Actor) -> Any:
    return actor if actor is not None and actor.pk is not None else None
