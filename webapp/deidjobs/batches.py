"""De-identifying every recording of a study whose consent allows it and of which there is no such version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from webapp import engines
from webapp.core.errors import Conflict, Invalid
from webapp.deidjobs.means import barred
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.queries import KIND, purposes_of
from webapp.deidjobs.services import check_choice, request_derivative
from webapp.jobs.batches import BATCH_PRIORITY, BatchPlan, queue_batch
from webapp.jobs.models import UNFINISHED, Batch, Job, JobState, Segment
from webapp.jobs.queries import live_workers
from webapp.jobs.services import Actor
from webapp.recordings.models import Recording, RecordingState
from webapp.recordings.queries import usable_for
from webapp.studies.models import Site, Study
from webapp.studies.services import require_activity

USUAL_METHOD = "swap"
USUAL_SOUND = "remove"
MEASURED_JOBS = 100
#: Seconds of recording per second on two cores, 720p at 25 frames a second; half of the time is the audit.
BENCHMARK_SPEEDS = {"box": 1.6, "blur": 1.5, "pixelate": 1.5, "swap": 0.29, "avatar": 0.2}


@dataclass(kw_only=True)
class HidingPlan(BatchPlan):
    """What is left to de-identify with a method and a sound: each recording of the study is in exactly one
    group.
    """

    method: str
    audio: str
    hidden: int = 0
    not_ready: int = 0


def plan_hiding(study: Study, *, method: str, audio: str, site: Site | None = None) -> HidingPlan:
    """Return what de-identifying everything that consent allows would mean. Changes nothing.

    site: where the person works, if at one site alone; what is of others is left out.
    Raises Invalid for a method or sound that does not exist, and for marked spans.
    """
    check_choice(method=method, audio=audio)
    if audio == engines.MARKED:
        raise Invalid("Spans are marked in each recording: ask for such versions from its encounter.")
    plan = HidingPlan(method=method, audio=audio, workers=live_workers().count())
    plan.speed = measured_speed(method)
    recordings = Recording.objects.filter(encounter__study=study)
    if site is not None:
        recordings = recordings.filter(encounter__site=site)
    hidden, in_work = _hidden(recordings, method, audio), _in_work(method, audio)
    usable = recordings
    for purpose in purposes_of(audio):
        usable = usable_for(usable, purpose)
    allowed = set(usable.values_list("pk", flat=True))
    in_order = recordings.order_by("encounter__number", "camera", "created_at")
    for pk, state, length_us in in_order.values_list("pk", "state", "duration_us"):
        if state != RecordingState.READY:
            plan.not_ready += 1
        elif pk in hidden:
            plan.hidden += 1
        elif str(pk) in in_work:
            plan.in_work += 1
        elif pk not in allowed:
            plan.without_consent += 1
        else:
            plan.to_do.append(pk)
            plan.media_s += (length_us or 0) / engines.SECOND_US
    return plan


def start_hiding(
    *, study: Study, method: str, audio: str, actor: Actor, site: Site | None = None
) -> tuple[Batch, int]:
    """Queue what plan_hiding gives now; return the batch and how many jobs it has. Donors choose themselves.

    Raises Conflict when there is nothing to do, or the study's state does not allow it.
    """
    require_activity(study, "process")
    plan = plan_hiding(study, method=method, audio=audio, site=site)
    if not plan.to_do:
        raise Conflict("There is nothing left to de-identify in this way.")

    def start(recording: Recording, batch: Batch) -> Job:
        return _request_missing(recording, method=method, audio=audio, actor=actor, batch=batch)

    recordings = Recording.objects.filter(pk__in=plan.to_do).select_related("encounter__study")
    return queue_batch(
        title=f"De-identification of {study.title} with {method}",
        study_id=study.pk,
        actor=actor,
        starts=(partial(start, recording) for recording in recordings.iterator()),
    )


@transaction.atomic
def _request_missing(recording: Recording, *, method: str, audio: str, actor: Actor, batch: Batch) -> Job:
    """Queue a version unless there is one or one is being made: two people may begin a batch at once."""
    same = Recording.objects.select_for_update().filter(pk=recording.pk)
    if not same.filter(state=RecordingState.READY).exists():
        raise Conflict("This recording was replaced meanwhile.")
    if _hidden(same, method, audio) or str(recording.pk) in _in_work(method, audio, [str(recording.pk)]):
        raise Conflict("This version is there already, or being made.")
    return request_derivative(
        recording=recording,
        actor=actor,
        method=method,
        audio=audio,
        donor="auto",
        batch=batch,
        priority=BATCH_PRIORITY,
    )


def known_speeds() -> dict[str, tuple[float, bool]]:
    """Return by method how many seconds of recording one worker does per second, its audit included, and
    whether that was measured here; else it is the figure of the benchmark.
    """
    speeds = {method: measured_speed(method) for method in engines.known_methods()}
    return {
        method: (BENCHMARK_SPEEDS[method], False) if speed is None else (speed, True)
        for method, speed in speeds.items()
    }


def measured_speed(method: str) -> float | None:
    """Return seconds of recording that one worker does per second with a method, its audit included, over the
    latest jobs; None when none was measured.

    A job's own time is that of its joining and audit; its segments were measured one by one.
    """
    done = Derivative.objects.filter(method=method, job__state=JobState.DONE, recording__duration_us__gt=0)
    timed = done.filter(job__finished_at__gt=F("job__started_at")).order_by("-finished_at")[:MEASURED_JOBS]
    latest = Derivative.objects.filter(pk__in=list(timed.values_list("pk", flat=True)))
    sums = latest.aggregate(
        media_us=Sum("recording__duration_us"), work=Sum(F("job__finished_at") - F("job__started_at"))
    )
    if not sums["media_us"]:
        return None
    segments = Segment.objects.filter(job__in=latest.values("job")).aggregate(work_s=Sum("work_s"))
    work_s: float = sums["work"].total_seconds() + (segments["work_s"] or 0.0)
    return float(sums["media_us"] / engines.SECOND_US / work_s)


def _hidden(recordings: QuerySet[Recording], method: str, audio: str) -> set[UUID]:
    """Return those of the recordings of which there is such a version, whoever the donor."""
    versions = Derivative.objects.filter(recording=OuterRef("pk"), method=method, audio=audio)
    versions = versions.exclude(pk__in=barred(Derivative.objects.filter(method=method)).values("pk"))
    return set(recordings.filter(Exists(versions)).values_list("pk", flat=True))


def _in_work(method: str, audio: str, recordings: list[str] | None = None) -> set[str]:
    """Return the recordings of which such a version is being made or waits for it."""
    jobs = Job.objects.filter(kind=KIND, state__in=UNFINISHED, params__method=method, params__audio=audio)
    if recordings is not None:
        jobs = jobs.filter(params__recording__in=recordings)
    return set(jobs.values_list("params__recording", flat=True))
