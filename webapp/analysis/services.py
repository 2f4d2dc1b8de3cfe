"""Starting analyses and writing what they found."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils import timezone

from webapp import engines
from webapp.analysis import identities
from webapp.analysis.models import AnalysisRun, FaceObservation, SecondRow
from webapp.analysis.queries import KIND, analysable
from webapp.core import audit
from webapp.core.errors import Conflict, ConsentMissing, Invalid
from webapp.engines import Findings
from webapp.jobs.models import Batch, Job, JobState
from webapp.jobs.queries import jobs_about
from webapp.jobs.services import Actor, create_job
from webapp.recordings.models import Recording
from webapp.studies.models import Encounter
from webapp.studies.services import require_activity

BATCH = 500


@transaction.atomic
def start_run(
    *, encounter: Encounter, actor: Actor, model: str = "", batch: Batch | None = None, priority: int = 0
) -> Job:
    """Queue the analysis of all ready cameras; an analysis by the model that still waits in the queue does as
    well.

    Raises Invalid for an unknown model, Conflict without a recording, ConsentMissing when no camera may be
    analysed.
    """
    model = model or engines.default_model()
    if model not in engines.known_models():
        raise Invalid(f"Expected a model of {', '.join(engines.known_models())}, got “{model[:40]}”.")
    require_activity(encounter.study, "process")
    cameras = analysable(encounter)
    if not cameras:
        raise Conflict(
            "There is no checked recording yet. Upload a camera's file first.", code="no_recording"
        )
    if not any(cameras.values()):
        raise ConsentMissing("Neither doctor nor patient has consented to the analysis of their expression.")
    waiting = jobs_about(encounter.pk).filter(kind=KIND, state=JobState.QUEUED, params__model=model).first()
    if waiting is not None:
        return waiting
    return create_job(
        kind=KIND,
        params={"model": model},
        subject_id=encounter.pk,
        requested_by=actor,
        study_id=encounter.study_id,
        purpose="analyse",
        batch=batch,
        priority=priority,
    )


def start_by_itself(recording: Recording) -> None:
    """Analyse an encounter as soon as a recording of it is ready, where consent allows it."""
    if any(analysable(recording.encounter).values()):
        start_run(encounter=recording.encounter, actor=recording.uploaded_by)


def write_run(
    *, encounter: Encounter, job: Job, cameras: dict[Recording, bool], found: Findings
) -> AnalysisRun:
    """Write a run and all its rows. Call inside the transaction that ends the job."""
    sync = found.sync or {}
    run = AnalysisRun.objects.create(
        encounter=encounter,
        job=job,
        model=found.model,
        params=found.params,
        versions=found.versions,
        weights=found.weights,
        inputs={
            recording.camera: {"recording": str(recording.pk), "sha256": recording.sha256, "consent": consent}
            for recording, consent in cameras.items()
        },
        offsets_ms=found.offsets_ms,
        sync_offset_ms=sync.get("offset_ms"),
        sync_confidence=sync.get("confidence"),
        sync_method=sync.get("method", ""),
        sync_applied=sync.get("applied", False),
        summary=found.summary,
        finished_at=timezone.now(),
    )
    SecondRow.objects.bulk_create((SecondRow(run=run, **row) for row in found.rows), batch_size=BATCH)
    FaceObservation.objects.bulk_create(
        (FaceObservation(run=run, **face) for face in found.faces), batch_size=BATCH
    )
    audit.record(
        actor=job.requested_by,
        action="analysis.finished",
        target=run,
        study_id=encounter.study_id,
        details={"model": found.model, "seconds": len(found.rows)},
    )
    if found.identities:
        transaction.on_commit(partial(identities.keep, run.pk, found.identities), robust=True)
    return run


@transaction.atomic
def record_export(*, run: AnalysisRun, actor: Actor) -> None:
    """Leave a trace of who took a run's seconds out of the site."""
    audit.record(actor=actor, action="analysis.exported", target=run, study_id=run.encounter.study_id)
