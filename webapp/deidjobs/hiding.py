"""The job that hides the faces of a recording, joins the result and measures it, all in segments.

Consent is asked when it is cut, when each segment starts, while one runs, and again when the result is
written.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from functools import partial

from django.conf import settings
from django.db import transaction

from webapp import engines
from webapp.core.encrypted_path import StoredFile
from webapp.core.errors import AppError
from webapp.core.media_root import remove
from webapp.deidjobs import services
from webapp.deidjobs.donors import AUTO, casting_of, settle_donor
from webapp.deidjobs.limits import limits_of
from webapp.deidjobs.means import asked_of_job, look_of, worn_by_others
from webapp.deidjobs.models import Casting, Derivative, DrawnCover, MarkedSpan
from webapp.deidjobs.others import Others
from webapp.deidjobs.queries import may_be_hidden, recording_of
from webapp.deidjobs.storage import new_version, steps_dir, steps_of, version_of, version_path
from webapp.engines import Cover, HiddenVideo, HidingJob, HidingStep, Judging, Span
from webapp.jobs.context import JobContext
from webapp.jobs.durations import as_clock
from webapp.jobs.errors import PlanOutdated, Stopped, WaitForConsent
from webapp.jobs.models import Job, JobState
from webapp.jobs.registry import PlannedSegment, Segmented
from webapp.jobs.segments import SegmentContext
from webapp.recordings import storage
from webapp.recordings.models import Recording

COMPARING = "Comparing with other people"
ASK_CONSENT_EVERY_S = 3.0
LABELS = {"look": "Finding faces", "watch": "Following faces", "write": "Hiding faces", "audit": "Measuring"}
CAST = "cast"
ONCE = {CAST: "Choosing donors", "join": "Putting the parts together"}


def lending_to(recording: Recording, job: Job) -> frozenset[uuid.UUID]:
    """Return what the face of a job may be made of at this moment."""
    return frozenset(asked_of_job(recording, job).values_list("pk", flat=True))


class _Consent:
    """Whether consent still holds; asks the database every few seconds."""

    def __init__(self, recording: Recording, job: Job) -> None:
        self._recording, self._job, self._lending = recording, job, lending_to(recording, job)
        self._asked_s = time.monotonic()
        self._withdrawn = False

    def withdrawn(self) -> bool:
        if not self._withdrawn and time.monotonic() - self._asked_s >= ASK_CONSENT_EVERY_S:
            self._asked_s = time.monotonic()
            self._withdrawn = not self.holds()
        return self._withdrawn

    def holds(self) -> bool:
        """Return whether everyone agrees, and everybody still does of whom the face may be made."""
        if not may_be_hidden(self._recording, self._job.params["audio"]):
            return False
        return lending_to(self._recording, self._job) == self._lending


def plan_hiding(context: JobContext) -> list[PlannedSegment]:
    """Return the segments that are known now. Raises AppError, WaitForConsent."""
    if Derivative.objects.filter(job=context.job).exists():
        return []
    recording, _ = _basis(context.job)
    steps: list[HidingStep] | None = None
    while steps is None:
        with suppress(PlanOutdated):  # a casting was damaged, and is removed
            steps = _settled_steps(recording, context.job)
    return [_planned(step) for step in steps]


def _settled_steps(recording: Recording, job: Job) -> list[HidingStep] | None:
    """Return the steps that are known, None when donors have to be chosen again. Raises PlanOutdated."""
    hiding = _hiding_job(recording, job)
    steps = engines.plan_hiding(hiding)
    cast = [step.name for step in steps if step.kind == CAST and step.is_done]
    if not cast or hiding.look is not None:  # a mean is no donor that would be kept
        return steps
    chosen = engines.main_donor(hiding, cast[-1])
    return steps if settle_donor(recording=recording, job=job, chosen=chosen) else None


def hide_segment(context: SegmentContext) -> None:
    """Do one segment; nothing of it is kept when consent ended meanwhile. Raises PlanOutdated, Stopped."""
    try:
        recording, consent = _basis(context.job)
    except AppError:
        raise PlanOutdated from None
    hiding, name = _hiding_job(recording, context.job), context.input["name"]
    version_path(recording.pk, version_of(context.job.pk)).parent.mkdir(parents=True, exist_ok=True)
    engines.hide_step(
        hiding,
        name,
        progress=context.progress,
        cancelled=lambda: context.cancelled() or consent.withdrawn(),
    )
    if not consent.holds():
        engines.forget_hiding(hiding, name)
        raise PlanOutdated


def run_hiding(context: JobContext) -> None:
    """Write down the version that the segments made, with its cards. Nothing serves its file before that.

    What the segments kept stays while the version waits for a second person, who may ask for another one.
    A killed worker leaves the file at most, which the next attempt takes up or a sweep deletes.
    """
    if not Derivative.objects.filter(job=context.job).exists():
        recording, consent = _basis(context.job)
        hidden = _measured(context, recording, consent)
        with context.finishing():
            if not consent.holds():
                raise Stopped
            pk = version_of(context.job.pk)
            services.write_derivative(recording=recording, job=context.job, pk=pk, hidden=hidden)
    engines.keep_parts(steps_dir(uuid.UUID(context.job.params["recording"]), context.job.pk))


def _measured(context: JobContext, recording: Recording, consent: _Consent) -> HiddenVideo:
    """Return what all steps led to, compared with other people for as long as each of them agrees.

    One whose file cannot be read is left out: it is not this job's to fail for. Raises AppError, Stopped, and
    OSError when the storage fails.
    """
    hiding, others = _hiding_job(recording, context.job), Others(recording)
    while True:
        try:
            return engines.finish_hiding(
                hiding,
                Judging(limits_of(recording.encounter.study), others.files),
                progress=lambda share: context.progress(share, COMPARING),
                cancelled=lambda: context.cancelled() or consent.withdrawn() or others.left(),
            )
        except PlanOutdated:
            raise Stopped from None
        except (AppError, OSError, Stopped):
            if context.cancelled() or not consent.holds() or not others.drop_lost():
                raise


def forget(job: Job) -> None:
    """Remove the file of a job that ended without a version, and what the segments of a cancelled one kept.

    One that failed goes on from there when it is tried again.
    """
    recording = uuid.UUID(job.params["recording"])
    places = [version_path(recording, version_of(job.pk))]
    if job.state == JobState.CANCELLED:
        places.append(steps_dir(recording, job.pk))
    for place in places:
        transaction.on_commit(partial(remove, place), robust=True)
    if "look" in job.params:  # tried again, it is told anew which means others have
        Casting.objects.filter(job=job).delete()


def may_hide(job: Job) -> bool:
    recording = recording_of(job)
    return recording is None or may_be_hidden(recording, job.params["audio"])


def whole_s(job: Job) -> float:
    """Return what all segments come to, in seconds of recording."""
    recording = recording_of(job)
    return (recording.duration_us or 0) / engines.SECOND_US if recording else 0.0


SEGMENTED = Segmented(
    plan=plan_hiding, work=hide_segment, queue=lambda: str(settings.ANALYSIS_QUEUE), whole_s=whole_s
)


def _basis(job: Job) -> tuple[Recording, _Consent]:
    """Return the recording and its consent. Raises AppError when it is gone, WaitForConsent."""
    recording = recording_of(job)
    if recording is None:
        raise AppError("The recording is gone, so there is nothing to de-identify.", code="no_recording")
    consent = _Consent(recording, job)
    if not consent.holds():
        raise WaitForConsent
    return recording, consent


def _hiding_job(recording: Recording, job: Job) -> HidingJob:
    casting = _casting(recording, job)
    return HidingJob(
        source=storage.original(recording),
        destination=new_version(recording.pk, version_of(job.pk)),
        folder=steps_of(recording.pk, job.pk),
        method=job.params["method"],
        audio=job.params["audio"],
        donor="auto" if casting is None else casting.donor,
        taken=() if casting is None else tuple(casting.taken),
        seed=services.seed_of(recording),
        covers=_covers(recording, job),
        spans=_spans(recording, job),
        exempt=tuple(job.params.get("exempt", ())),
        neutral_s=job.params.get("neutral_s"),
        earlier=_earlier(recording, job),
        look=look_of(recording, job),
    )


def _casting(recording: Recording, job: Job) -> Casting | None:
    """Return what the job is told of donors, or of the means that others have been given."""
    if "look" in job.params:
        told = {"donor": AUTO, "taken": worn_by_others(recording)}
        return Casting.objects.get_or_create(job=job, defaults=told)[0]
    return casting_of(recording, job) if job.params["method"] in engines.donor_methods() else None


def _covers(recording: Recording, job: Job) -> tuple[Cover, ...]:
    """Return the covers that the job was asked to draw. Raises AppError when not all of them are there."""
    wanted = job.params.get("covers", [])
    rows = DrawnCover.objects.filter(recording=recording, pk__in=wanted)
    if len(rows) != len(wanted):
        raise AppError("Covers that were drawn are gone, so nothing is made without them.", code="no_covers")
    return tuple(tuple((time_us, tuple(box)) for time_us, box in row.keys) for row in rows)


def _spans(recording: Recording, job: Job) -> tuple[Span, ...]:
    """Return the spans that the job was asked to mask. Raises AppError when not all of them are there."""
    wanted = job.params.get("spans", [])
    rows = MarkedSpan.objects.filter(recording=recording, pk__in=wanted)
    if len(rows) != len(wanted):
        raise AppError("Spans that were marked are gone, so nothing is made without them.", code="no_spans")
    return tuple((row.start_us, row.end_us, row.style) for row in rows)


def _earlier(recording: Recording, job: Job) -> StoredFile | None:
    """Return where an earlier job of the same recording keeps its parts, None when it has none any more."""
    if "based_on" not in job.params:
        return None
    earlier = uuid.UUID(job.params["based_on"])
    return steps_of(recording.pk, earlier) if steps_dir(recording.pk, earlier).is_dir() else None


def _planned(step: HidingStep) -> PlannedSegment:
    label = ONCE.get(step.kind, "")
    if step.kind in LABELS:
        start_s = step.start_us // engines.SECOND_US
        label = f"{LABELS[step.kind]}, {as_clock(start_s)}–{as_clock(start_s + round(step.seconds))}"
    return PlannedSegment(
        name=step.name, label=label, input={"name": step.name}, media_s=step.media_s, is_done=step.is_done
    )
