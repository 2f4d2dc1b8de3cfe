"""Questions about runs, their rows, and which cameras may be analysed."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from webapp import engines
from webapp.analysis.models import (
    AnalysisRun,
    ClockCorrection,
    FaceObservation,
    PersonCorrection,
    RestingChoice,
    RuleSet,
)
from webapp.jobs.models import Job
from webapp.jobs.queries import jobs_about
from webapp.recordings.models import Recording
from webapp.recordings.queries import consents_to, ready_recordings, usable_for
from webapp.studies.access import Someone, visible_encounters
from webapp.studies.models import Encounter, Study

KIND = "analyse_encounter"


def purpose_of(camera: str) -> str:
    """Return the purpose that covers the analysis of a camera's person."""
    return f"analyse_{camera}"


def may_be_analysed(encounter: Encounter, camera: str) -> bool:
    """Return whether the camera's person agrees to the analysis at this moment."""
    return consents_to(encounter, purpose_of(camera))


def analysable(encounter: Encounter) -> dict[Recording, bool]:
    """Return the ready recordings in the order of their cameras, each with whether consent covers its
    analysis.
    """
    ready = ready_recordings(encounter)
    usable = {
        pk
        for camera in ("doctor", "patient")
        for pk in _usable(ready.filter(camera=camera), purpose_of(camera))
    }
    return {recording: recording.pk in usable for recording in ready.order_by("camera")}


def _usable(recordings: QuerySet[Recording], purpose: str) -> QuerySet[Recording, UUID]:
    return usable_for(recordings, purpose).values_list("pk", flat=True)


def encounter_of(job: Job) -> Encounter | None:
    """Return the encounter that a job is about, None when it is gone."""
    encounters = Encounter.objects.select_related("study", "doctor", "patient")
    return encounters.filter(pk=job.subject_id).first() if job.subject_id else None


def encounters_by_id(jobs: Iterable[Job]) -> dict[UUID | None, Encounter]:
    """Return the encounters of many jobs in one query; a job whose encounter is gone has no entry."""
    wanted = {job.subject_id for job in jobs if job.subject_id}
    return dict(Encounter.objects.in_bulk(wanted))


def latest_run(encounter: Encounter) -> AnalysisRun | None:
    return AnalysisRun.objects.filter(encounter=encounter).first()


def newest_runs_by_model(encounter: Encounter) -> list[AnalysisRun]:
    """Return the newest run of each model, the newest first; what they found is loaded when asked for."""
    newest: dict[str, AnalysisRun] = {}
    for run in AnalysisRun.objects.filter(encounter=encounter).defer("summary", "params", "versions"):
        newest.setdefault(run.model, run)
    return list(newest.values())


def corrections_of(recordings: Iterable[Recording]) -> QuerySet[PersonCorrection]:
    """Return what counts of what was said about people, in the order in which it was said."""
    return PersonCorrection.objects.filter(recording__in=recordings, undone_at=None).order_by("made_at", "pk")


def rests_on_what_is_said(run: AnalysisRun, recording: Recording) -> bool:
    """Return whether nobody has said since a run, or taken back, who is who on a recording."""
    knew: list[str] = run.params.get("by_hand", {}).get("corrections", {}).get(recording.camera, [])
    return [str(one.pk) for one in corrections_of([recording])] == knew


def clock_by_hand(encounter: Encounter) -> ClockCorrection | None:
    """Return the offset that somebody set, None while the recordings themselves tell."""
    return ClockCorrection.objects.filter(encounter=encounter, undone_at=None).last()


def resting_choices(run: AnalysisRun) -> dict[str, RestingChoice]:
    """Return what counts as the face at rest of each camera's person, of those for whom somebody chose."""
    made_of = {one["recording"]: camera for camera, one in run.inputs.items()}
    standing = RestingChoice.objects.filter(recording__in=made_of, undone_at=None)
    standing = standing.select_related("made_by", "recording")
    return {made_of[str(one.recording_id)]: one for one in standing}


def rules_of(study: Study) -> RuleSet | None:
    """Return the study's own empathy rules, None while those that ship count."""
    return RuleSet.objects.filter(study=study).first()


def rule_languages(study: Study) -> list[str]:
    """Return the languages in which the study's empathy rules, or those that ship, have words."""
    own = rules_of(study)
    rules = engines.check_rules(own.text if own else engines.shipped_rules())
    return sorted({language for rule in rules for language in rule["languages"]})


def is_of(run: AnalysisRun, recording_id: UUID | str, camera: str) -> bool:
    """Return whether the run looked at this very recording; after a replacement it did not."""
    return str(run.inputs.get(camera, {}).get("recording")) == str(recording_id)


def is_current(run: AnalysisRun) -> bool:
    """Return whether the run rests on exactly the recordings that are ready now."""
    return rests_on(run, recordings_now(run.encounter))


def recordings_now(encounter: Encounter) -> dict[str, str]:
    """Return the ids of the recordings that are ready now, by camera."""
    return {camera: str(pk) for camera, pk in ready_recordings(encounter).values_list("camera", "pk")}


def rests_on(run: AnalysisRun, recordings: dict[str, str]) -> bool:
    """Return whether the run rests on exactly these recordings: ids by camera."""
    return recordings == {camera: made_of.get("recording") for camera, made_of in run.inputs.items()}


def faces_between(run: AnalysisRun, camera: str, from_ms: int, to_ms: int) -> QuerySet[FaceObservation]:
    return FaceObservation.objects.filter(run=run, camera=camera, t_ms__gte=from_ms, t_ms__lt=to_ms)


def jobs_of_study(user: Someone, study: Study) -> QuerySet[Job]:
    encounters = visible_encounters(user).filter(study=study)
    return Job.objects.filter(subject_id__in=encounters.values("pk"))


def jobs_worth_showing(encounter: Encounter) -> list[Job]:
    """Return what runs or waits, and failures that nothing newer of the same kind, about the same recording
    where it is about one, has made good; newest first.
    """
    shown: list[Job] = []
    newer: set[tuple[str, str]] = set()
    for job in jobs_about(encounter.pk).order_by("-created_at")[:30]:
        same = (job.kind, job.params.get("recording", ""))
        if job.finished_at is None or (job.state != "done" and same not in newer):
            shown.append(job)
        newer.add(same)
    return shown
