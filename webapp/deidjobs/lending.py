"""Making what participants give to means of several faces: who agreed, what is left to make, the job itself.

Nothing is made before a study asks for it. Consent is asked when a job is queued, when it begins, while it
looks at the recording and when its result is written.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from webapp import engines
from webapp.analysis.models import AnalysisRun, FaceObservation
from webapp.analysis.queries import is_of, may_be_analysed, purpose_of, rests_on_what_is_said
from webapp.consent.models import Purpose
from webapp.consent.queries import granting
from webapp.core import audit
from webapp.core.errors import AppError, Conflict, ConsentMissing
from webapp.deidjobs.donors import person_of
from webapp.deidjobs.means import FOLDER, PURPOSE, new_contribution, usable_contributions
from webapp.deidjobs.models import FaceContribution
from webapp.engines import MadeContribution
from webapp.engines.averaging import Place
from webapp.jobs.batches import BATCH_PRIORITY, queue_batch
from webapp.jobs.context import JobContext
from webapp.jobs.errors import Stopped
from webapp.jobs.models import UNFINISHED, Batch, Job, JobState
from webapp.jobs.services import Actor, create_job
from webapp.recordings import storage
from webapp.recordings.models import Camera, Recording, RecordingState
from webapp.recordings.queries import is_usable_for, usable_for
from webapp.studies.models import Encounter, Participant, Site, Study
from webapp.studies.services import require_activity

KIND: Final = "contribute_face"
ASK_CONSENT_EVERY_S: Final = 3.0
MOST_SHOWN: Final = 500
LONGEST_MS: Final = 60_000  # of a recording that is looked at
NO_CONSENT: Final = "The person does not agree any more that their face is averaged, so nothing was made."
NOT_SETTLED: Final = "It is not settled any more who is who in this recording. Analyse it first."


@dataclass
class LendingPlan:
    """How it stands with faces for averaging.

    agreed: participants who said yes. ready: whose face can be in a mean now, at whatever site. to_do:
    recordings of which one is still to be made, one per person. in_work: people it is being made of.
    without_recording: who agreed, but of whom no analysed recording shows them.
    """

    agreed: int = 0
    ready: int = 0
    in_work: int = 0
    without_recording: int = 0
    to_do: list[Recording] = field(default_factory=list)


def plan_lending(study: Study, *, site: Site | None = None) -> LendingPlan:
    """Return what making faces for averaging would mean. Changes nothing. site: as in plan_hiding."""
    asked = granting(PURPOSE).filter(study=study)
    people = list(asked if site is None else asked.filter(site=site))
    ready = set(usable_contributions().filter(participant__study=study).values_list("participant", flat=True))
    plan = LendingPlan(agreed=len(people), ready=len(ready))
    made = set(
        FaceContribution.objects.filter(participant__study=study).values_list("participant", flat=True)
    )
    in_work = _in_work(people)
    left = {one.pk for one in people} - made - in_work
    shown = _newest_analysed(left, site, study)
    plan.in_work = len(in_work - made)
    plan.to_do = [shown[pk] for pk in sorted(shown)]
    plan.without_recording = len(left) - len(shown)
    return plan


def start_lending(*, study: Study, actor: Actor, site: Site | None = None) -> tuple[Batch, int]:
    """Queue what plan_lending gives now; return the batch and how many jobs it has.

    Raises Conflict when there is nothing to do, or the study's state does not allow it.
    """
    require_activity(study, "process")
    plan = plan_lending(study, site=site)
    if not plan.to_do:
        raise Conflict("There is nobody left who agreed and whose face could be made ready.")
    return queue_batch(
        title=f"Faces for averaging of {study.title}",
        study_id=study.pk,
        actor=actor,
        starts=(partial(_request, recording, actor) for recording in plan.to_do),
    )


@transaction.atomic
def _request(recording: Recording, actor: Actor, batch: Batch) -> Job:
    person = Participant.objects.select_for_update().get(pk=person_of(recording).pk)
    if not may_be_lent(recording):
        raise ConsentMissing(NO_CONSENT)
    if person.pk in _in_work([person]) or FaceContribution.objects.filter(participant=person).exists():
        raise Conflict("This person's face is ready, or being made ready.")
    return create_job(
        kind=KIND,
        params={"recording": str(recording.pk), "camera": recording.camera, "participant": person.pk},
        subject_id=recording.encounter_id,
        requested_by=actor,
        study_id=recording.encounter.study_id,
        batch=batch,
        priority=BATCH_PRIORITY,
    )


def failures_in(encounters: QuerySet[Encounter]) -> list[Job]:
    """Return the newest failures that nothing newer about the same person has made good."""
    jobs = Job.objects.filter(kind=KIND, subject_id__in=encounters.values("pk")).order_by("-created_at")
    newest: dict[int, Job] = {}
    for job in jobs[:MOST_SHOWN]:
        newest.setdefault(job.params["participant"], job)
    return [job for job in newest.values() if job.state == JobState.FAILED]


def may_be_lent(recording: Recording) -> bool:
    """Return whether the person of a recording agrees at this moment that their face is averaged."""
    agrees = granting(PURPOSE).filter(pk=person_of(recording).pk).exists()
    is_kept = is_usable_for(recording, Purpose.RECORD)
    return agrees and is_kept and may_be_analysed(recording.encounter, recording.camera)


def make_contribution(context: JobContext) -> None:
    """Make what one person gives, of the frames in which an analysis has settled that it is them."""
    pk = contribution_of(context.job.pk)
    if FaceContribution.objects.filter(pk=pk).exists():
        return
    recording = _recording_of(context.job)
    run = None if recording is None else _run_of(recording)
    if recording is None or not may_be_lent(recording):
        raise AppError(NO_CONSENT, code="no_consent")
    if run is None:
        raise AppError(NOT_SETTLED, code="not_settled")
    destination = new_contribution(recording.pk, pk)
    destination.parent.mkdir(parents=True, exist_ok=True)
    asking = _Asking(context, recording)
    try:
        made = engines.contribute_face(
            storage.original(recording), destination, places_of(run, recording), cancelled=asking
        )
    except Stopped:
        if asking.withdrawn:
            raise AppError(NO_CONSENT, code="no_consent") from None
        raise
    with context.finishing():
        _write(context.job, recording, run, pk, made)


def _write(job: Job, recording: Recording, run: AnalysisRun, pk: UUID, made: MadeContribution) -> None:
    """Write a contribution in the place of an earlier one of the person. Whoever ends consent or says
    otherwise who is who comes before, and then nothing is written, or after, and then it is removed.
    """
    Study.objects.select_for_update().get(pk=recording.encounter.study_id)
    if not may_be_lent(recording):
        raise AppError(NO_CONSENT, code="no_consent")
    if not rests_on_what_is_said(run, recording):
        raise AppError(NOT_SETTLED, code="not_settled")
    if FaceContribution.objects.filter(participant=person_of(recording)).exists():
        raise AppError("This person's face was made ready meanwhile.", code="made_already")
    written = FaceContribution.objects.create(
        id=pk,
        participant=person_of(recording),
        recording=recording,
        digest=made.digest,
        sha256=made.sha256,
        size_bytes=made.size_bytes,
        made_at=timezone.now(),
    )
    audit.record(
        actor=job.requested_by,
        action="face.contributed",
        target=written,
        study_id=recording.encounter.study_id,
        details={"recording": str(recording.pk)},
    )


def places_of(run: AnalysisRun, recording: Recording) -> list[Place]:
    """Return when and where in the picture the analysis has seen the camera's own person."""
    faces = FaceObservation.objects.filter(
        run=run, camera=recording.camera, role=recording.camera, t_ms__lt=LONGEST_MS
    )
    width, height = recording.width or 0, recording.height or 0
    return [
        (t_ms * 1000, (x * width, y * height, (x + w) * width, (y + h) * height))
        for t_ms, x, y, w, h in faces.values_list("t_ms", "x", "y", "w", "h")
    ]


class _Asking:
    """Whether to stop: asked for often, it asks the database every few seconds."""

    def __init__(self, context: JobContext, recording: Recording) -> None:
        self._context, self._recording = context, recording
        self._asked_s = time.monotonic()
        self.withdrawn = False

    def __call__(self) -> bool:
        if time.monotonic() - self._asked_s >= ASK_CONSENT_EVERY_S:
            self._asked_s = time.monotonic()
            self._context.progress(0.5, "Looking at the face")
            self.withdrawn = not may_be_lent(self._recording)
        return self.withdrawn or self._context.cancelled()


def contribution_of(job_id: UUID) -> UUID:
    """Return the name of what a job makes, the same at every attempt."""
    return uuid5(job_id, "contribution")


def forget(job: Job) -> None:
    """Remove the file of a job that ended without a contribution."""
    place = storage.derived_dir(UUID(job.params["recording"])) / FOLDER
    path = place / f"{contribution_of(job.pk)}.npz"
    if not FaceContribution.objects.filter(pk=contribution_of(job.pk)).exists():
        transaction.on_commit(partial(path.unlink, missing_ok=True), robust=True)


def words_about(job: Job) -> str:
    return f"{job.params['camera']}’s camera"


def _recording_of(job: Job) -> Recording | None:
    recordings = Recording.objects.select_related(
        "encounter__study", "encounter__doctor", "encounter__patient"
    )
    found = recordings.filter(pk=job.params["recording"], state=RecordingState.READY).first()
    return found if found is not None and person_of(found).pk == job.params["participant"] else None


def _in_work(people: list[Participant]) -> set[int]:
    jobs = Job.objects.filter(kind=KIND, state__in=UNFINISHED)
    return set(jobs.values_list("params__participant", flat=True)) & {one.pk for one in people}


def _newest_analysed(people: set[int], site: Site | None, study: Study) -> dict[int, Recording]:
    """Return by participant the newest recording of them in which an analysis knows them."""
    found: dict[int, Recording] = {}
    for camera in Camera.values:
        shown = Recording.objects.filter(
            state=RecordingState.READY,
            camera=camera,
            encounter__study=study,
            **{f"encounter__{camera}__in": people},
        )
        if site is not None:
            shown = shown.filter(encounter__site=site)
        allowed = usable_for(usable_for(shown, Purpose.RECORD), purpose_of(camera)).select_related(
            "encounter"
        )
        for one in allowed.order_by("-created_at", "pk"):
            person = getattr(one.encounter, f"{camera}_id")
            if person not in found and _run_of(one) is not None:
                found[person] = one
    return found


def _run_of(recording: Recording) -> AnalysisRun | None:
    """Return the newest run that knows the camera's person, and rests on all that was said of who is who."""
    camera = recording.camera
    theirs = FaceObservation.objects.filter(run=OuterRef("pk"), camera=camera, role=camera)
    runs = AnalysisRun.objects.filter(Exists(theirs), encounter=recording.encounter_id).defer("summary")
    fitting = (
        one for one in runs if is_of(one, recording.pk, camera) and rests_on_what_is_said(one, recording)
    )
    return next(fitting, None)
