"""The job that analyses an encounter, in segments. Consent is asked when it is cut, when each segment starts,
while one runs, and again when the result is written.
"""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings

from webapp import engines
from webapp.analysis import services
from webapp.analysis.correcting import by_hand
from webapp.analysis.identities import adds_identities
from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import analysable, encounter_of
from webapp.core.errors import AppError
from webapp.engines import Source, Stretch
from webapp.jobs.context import JobContext
from webapp.jobs.durations import as_clock
from webapp.jobs.errors import PlanOutdated, Stopped, WaitForConsent
from webapp.jobs.models import Job
from webapp.jobs.registry import PlannedSegment, Segmented
from webapp.jobs.segments import SegmentContext
from webapp.recordings import storage
from webapp.recordings.models import Recording
from webapp.studies.models import Encounter

ASK_CONSENT_EVERY_S = 3.0
Cameras = dict[Recording, bool]


def plan_analysis(context: JobContext) -> list[PlannedSegment]:
    """Return the stretches of every camera whose person agrees. Raises WaitForConsent when nobody does."""
    if AnalysisRun.objects.filter(job=context.job).exists():
        return []
    encounter, cameras = _basis(context.job)
    by_camera = {recording.camera: recording for recording in cameras}
    given, _ = by_hand(encounter, cameras)
    stretches = engines.plan(
        _sources(cameras),
        model=context.params["model"],
        by_hand=given,
        with_identities=adds_identities(encounter.study_id),
    )
    return [_planned(by_camera[stretch.camera], stretch) for stretch in stretches]


def analyse_segment(context: SegmentContext) -> None:
    """Find the faces of one stretch. Raises PlanOutdated when its person no longer agrees, or its recording
    was replaced; then nothing of the stretch is kept.
    """
    stretch = Stretch(**{name: context.input[name] for name in ("camera", "start_us", "end_us", "media_s")})
    basis = _SegmentBasis(context)
    model = context.job.params["model"]
    engines.sample(
        basis.source,
        stretch,
        model=model,
        progress=context.progress,
        cancelled=lambda: context.cancelled() or basis.changed(),
    )
    try:
        basis.require()
    except PlanOutdated:
        engines.forget(basis.source, stretch, model=model)
        raise


def run_analysis(context: JobContext) -> None:
    """Join the segments and write the run; cameras without consent get rows that say it was withheld.

    Stops and is cut anew when consent or recordings changed meanwhile, so that what is written rests on both.
    """
    if AnalysisRun.objects.filter(job=context.job).exists():
        return
    encounter, cameras = _basis(context.job)
    context.progress(1.0, "putting the parts together")
    given, record = by_hand(encounter, cameras)
    found = engines.conclude(
        _sources(cameras),
        model=context.params["model"],
        by_hand=given,
        with_identities=adds_identities(encounter.study_id),
    )
    if found is None:
        raise Stopped
    found.params["by_hand"] = record
    with context.finishing():
        if analysable(encounter) != cameras:
            raise Stopped
        services.write_run(encounter=encounter, job=context.job, cameras=cameras, found=found)


def may_analyse(job: Job) -> bool:
    encounter = encounter_of(job)
    if encounter is None:
        return True  # the handler says in a sentence that it is gone
    cameras = analysable(encounter)
    return not cameras or any(cameras.values())


SEGMENTED = Segmented(plan=plan_analysis, work=analyse_segment, queue=lambda: str(settings.ANALYSIS_QUEUE))


class _SegmentBasis:
    """The recording that a segment is of. Asked again every few seconds whether it may still be analysed."""

    def __init__(self, context: SegmentContext) -> None:
        self._job, self._recording_id = context.job, context.input["recording"]
        self._asked_s = time.monotonic()
        self.source = self._find()

    def changed(self) -> bool:
        """Raise PlanOutdated when the recording may no longer be analysed; else return False."""
        if time.monotonic() - self._asked_s >= ASK_CONSENT_EVERY_S:
            self._asked_s = time.monotonic()
            self.require()
        return False

    def require(self) -> None:
        self._find()

    def _find(self) -> Source:
        encounter = encounter_of(self._job)
        for recording, consent in analysable(encounter).items() if encounter else ():
            if consent and str(recording.pk) == self._recording_id:
                return _source(recording, consent)
        raise PlanOutdated


def _basis(job: Job) -> tuple[Encounter, Cameras]:
    """Return the encounter and its cameras. Raises AppError when they are gone, WaitForConsent when no camera
    may be analysed.
    """
    encounter = encounter_of(job)
    if encounter is None:
        raise AppError("The encounter was deleted, so there is nothing to analyse.", code="encounter_gone")
    cameras = analysable(encounter)
    if not cameras:
        raise AppError(
            "The recordings of this encounter are gone. Upload a camera's file first.", code="no_recording"
        )
    if not any(cameras.values()):
        raise WaitForConsent
    return encounter, cameras


def _planned(recording: Recording, stretch: Stretch) -> PlannedSegment:
    values: dict[str, Any] = {
        "recording": str(recording.pk),
        "sha256": recording.sha256,
        "camera": stretch.camera,
        "start_us": stretch.start_us,
        "end_us": stretch.end_us,
        "media_s": stretch.media_s,
    }
    start_s = stretch.start_us // engines.SECOND_US
    label = f"{stretch.camera}’s camera, {as_clock(start_s)}–{as_clock(start_s + round(stretch.media_s))}"
    return PlannedSegment(
        name=f"{recording.pk}/{start_s}",
        label=label[0].upper() + label[1:],
        input=values,
        media_s=stretch.media_s,
        is_done=stretch.is_kept,
    )


def _sources(cameras: Cameras) -> list[Source]:
    return [_source(recording, consent) for recording, consent in cameras.items()]


def _source(recording: Recording, consent: bool) -> Source:
    return Source(
        camera=recording.camera,
        path=storage.original(recording) if consent else None,
        samples_dir=storage.new_derived(recording.pk, "samples")
        if consent
        else storage.derived_dir(recording.pk) / "samples",
        duration_us=recording.duration_us or 0,
    )
