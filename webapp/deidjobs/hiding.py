"""The job that hides the faces of a recording and measures the result. Consent is asked when it starts, while
it runs, and again when it writes.
"""

from __future__ import annotations

import time
import uuid

from webapp import engines
from webapp.core.errors import AppError
from webapp.deidjobs import services
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.queries import may_be_hidden, recording_of
from webapp.deidjobs.storage import new_version
from webapp.jobs.context import JobContext
from webapp.jobs.errors import Stopped, WaitForConsent
from webapp.jobs.models import Job
from webapp.recordings import storage
from webapp.recordings.models import Recording

ASK_CONSENT_EVERY_S = 3.0
HIDING_SHARE = 0.6  # of the time; the rest is the audit


class _Consent:
    """Whether consent still holds; asks the database every few seconds."""

    def __init__(self, recording: Recording, audio: str) -> None:
        self._recording, self._audio = recording, audio
        self._asked_s = time.monotonic()
        self._withdrawn = False

    def withdrawn(self) -> bool:
        if not self._withdrawn and time.monotonic() - self._asked_s >= ASK_CONSENT_EVERY_S:
            self._asked_s = time.monotonic()
            self._withdrawn = not self.holds()
        return self._withdrawn

    def holds(self) -> bool:
        return may_be_hidden(self._recording, self._audio)


def run_hiding(context: JobContext) -> None:
    """Write a de-identified version and its cards; whatever goes wrong leaves neither file nor row.

    A killed worker leaves a file at most, which no page serves and a sweep deletes.
    """
    recording = recording_of(context.job)
    if recording is None:
        raise AppError("The recording is gone, so there is nothing to de-identify.", code="no_recording")
    if Derivative.objects.filter(job=context.job).exists():
        return
    consent = _Consent(recording, context.params["audio"])
    if not consent.holds():
        raise WaitForConsent
    pk = uuid.uuid4()
    destination = new_version(recording.pk, pk)
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        hidden = engines.hide_faces(
            storage.original(recording),
            destination,
            method=context.params["method"],
            audio=context.params["audio"],
            donor=context.params["donor"],
            seed=services.seed_of(recording),
            progress=lambda share, audited: _report(context, share, audited=audited),
            cancelled=lambda: context.cancelled() or consent.withdrawn(),
        )
        with context.finishing():
            if not consent.holds():
                raise Stopped
            services.write_derivative(recording=recording, job=context.job, pk=pk, hidden=hidden)
    except BaseException:
        destination.unlink(missing_ok=True)
        raise


def _report(context: JobContext, share: float, *, audited: bool) -> None:
    if audited:
        context.progress(HIDING_SHARE + (1 - HIDING_SHARE) * share, "measuring the result")
    else:
        context.progress(HIDING_SHARE * share, "hiding faces")


def may_hide(job: Job) -> bool:
    recording = recording_of(job)
    return recording is None or may_be_hidden(recording, job.params["audio"])
