"""Everything about an encounter that changes while a page is open: recordings, jobs, the newest runs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.urls import reverse

from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import jobs_worth_showing, newest_runs_by_model, recordings_now, rests_on
from webapp.jobs.models import Job
from webapp.jobs.queries import can_cancel, can_retry, remaining_s
from webapp.jobs.registry import words_of
from webapp.recordings.access import VIEW_PURPOSE
from webapp.recordings.models import Recording, RecordingState
from webapp.recordings.queries import consents_to, current_recordings
from webapp.studies.access import Someone, needs_of
from webapp.studies.models import Encounter

State = dict[str, Any]


def encounter_state(user: Someone, encounter: Encounter) -> State:
    """Return what this user may know of the encounter now; the caller has checked that they may view it."""
    needs = needs_of(user, encounter.study)
    shown = "view_original" in needs and consents_to(encounter, VIEW_PURPOSE)
    runs = newest_runs_by_model(encounter) if "view_results" in needs else []
    recordings = recordings_now(encounter) if runs else {}
    return {
        "id": str(encounter.pk),
        "code": encounter.code,
        "recordings": [recording_state(one, shown=shown) for one in current_recordings(encounter)],
        "jobs": [job_state(job, may_steer="run_analysis" in needs) for job in jobs_worth_showing(encounter)],
        "run": run_state(runs[0], recordings) if runs else None,
        "runs": [run_state(run, recordings) for run in runs],
    }


def recording_state(recording: Recording, *, shown: bool) -> State:
    """Return what a page says of a recording. shown: whether the original and its poster may be seen."""
    open_to_user = shown and recording.state == RecordingState.READY
    rate = recording.frame_rate
    return {
        "id": str(recording.pk),
        "camera": recording.camera,
        "state": recording.state,
        "message": recording.message,
        "original_name": recording.original_name,
        "duration_s": None if recording.duration_us is None else recording.duration_us / 1e6,
        "width": recording.width,
        "height": recording.height,
        "fps": round(float(Fraction(rate)), 3) if rate else None,
        "size_bytes": recording.size_bytes,
        "sha256": recording.sha256,
        "has_audio": recording.has_audio,
        "playable": recording.playable,
        "poster_url": reverse("recordings:poster", args=[recording.pk]) if open_to_user else None,
        "video_url": reverse("recordings:video", args=[recording.pk]) if open_to_user else None,
    }


def job_state(job: Job, *, may_steer: bool) -> State:
    return {
        "id": str(job.pk),
        "kind": job.kind,
        "label": words_of(job),
        "state": job.state,
        "progress": round(job.progress, 3),
        "message": job.error_message or job.message,
        "remaining_s": remaining_s(job),
        "can_cancel": may_steer and can_cancel(job),
        "can_retry": may_steer and can_retry(job),
        "cancel_url": reverse("analysis:api_cancel", args=[job.pk]),
        "retry_url": reverse("analysis:api_retry", args=[job.pk]),
    }


def run_state(run: AnalysisRun, recordings: dict[str, str]) -> State:
    """Return what a page says of a run. recordings: those that are ready now, ids by camera."""
    return {
        "id": str(run.pk),
        "model": run.model,
        "current": rests_on(run, recordings),
        "finished_at": run.finished_at.isoformat(),
        "timeline_url": reverse("analysis:api_timeline", args=[run.pk]),
        "faces_url": reverse("analysis:api_faces", args=[run.pk]),
        "csv_url": reverse("analysis:timeline_csv", args=[run.pk]),
    }
