"""The job that analyses an encounter. Consent is asked when it starts, while it runs, and again when it
writes.
"""

from __future__ import annotations

import time

from webapp import engines
from webapp.analysis import services
from webapp.analysis.correcting import by_hand
from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import analysable, encounter_of
from webapp.core.errors import AppError
from webapp.engines import Source
from webapp.jobs.context import JobContext
from webapp.jobs.errors import Stopped, WaitForConsent
from webapp.jobs.models import Job
from webapp.recordings import storage
from webapp.recordings.models import Recording
from webapp.studies.models import Encounter

ASK_CONSENT_EVERY_S = 3.0


class _Basis:
    """What an analysis rests on: these recordings, with this consent. When it changes, the analysis starts
    anew.
    """

    def __init__(self, encounter: Encounter) -> None:
        self._encounter = encounter
        self.cameras = analysable(encounter)
        self._asked_s = time.monotonic()
        self._changed = False

    def changed(self) -> bool:
        """Return whether a recording or a consent is no longer what it was; asks every few seconds."""
        if not self._changed and time.monotonic() - self._asked_s >= ASK_CONSENT_EVERY_S:
            self._asked_s = time.monotonic()
            self._changed = not self.holds()
        return self._changed

    def holds(self) -> bool:
        return analysable(self._encounter) == self.cameras


def run_analysis(context: JobContext) -> None:
    """Analyse the cameras whose people agree and write the run; the others get rows that say consent was
    withheld.

    Stops and is queued again when consent or recordings change on the way, so that what is written rests on
    both.
    """
    encounter = encounter_of(context.job)
    if encounter is None:
        raise AppError("The encounter was deleted, so there is nothing to analyse.", code="encounter_gone")
    if AnalysisRun.objects.filter(job=context.job).exists():
        return
    basis = _Basis(encounter)
    if not basis.cameras:
        raise AppError(
            "The recordings of this encounter are gone. Upload a camera's file first.", code="no_recording"
        )
    if not any(basis.cameras.values()):
        raise WaitForConsent
    given, record = by_hand(encounter, basis.cameras)
    found = engines.analyse(
        [_source(recording, consent) for recording, consent in basis.cameras.items()],
        model=context.params["model"],
        progress=lambda fraction: context.progress(fraction, "looking at faces"),
        cancelled=lambda: context.cancelled() or basis.changed(),
        by_hand=given,
    )
    found.params["by_hand"] = record
    with context.finishing():
        if not basis.holds():
            raise Stopped
        services.write_run(encounter=encounter, job=context.job, cameras=basis.cameras, found=found)


def may_analyse(job: Job) -> bool:
    encounter = encounter_of(job)
    if encounter is None:
        return True  # the handler says in a sentence that it is gone
    cameras = analysable(encounter)
    return not cameras or any(cameras.values())


def _source(recording: Recording, consent: bool) -> Source:
    return Source(
        camera=recording.camera,
        path=storage.original_path(recording) if consent else None,
        samples_dir=storage.derived_dir(recording.pk) / "samples",
        duration_us=recording.duration_us or 0,
    )
