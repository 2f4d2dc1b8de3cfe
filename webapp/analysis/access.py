"""The only way to a run or a job."""

from __future__ import annotations

import uuid

from webapp.analysis.models import AnalysisRun, PersonCorrection
from webapp.core.errors import NotFound
from webapp.jobs.models import Job
from webapp.studies.access import Someone, require, visible_encounters
from webapp.studies.models import Encounter
from webapp.studies.roles import Need


def access_run(user: Someone, pk: uuid.UUID, need: Need) -> AnalysisRun:
    """Return the run with its encounter. Raises NotFound to strangers and Forbidden to members without the
    right.
    """
    run = (
        AnalysisRun.objects.filter(pk=pk, encounter__in=visible_encounters(user))
        .select_related("encounter__study", "encounter__doctor", "encounter__patient")
        .first()
    )
    if run is None:
        raise NotFound
    require(user, run.encounter.study, need)
    return run


def access_job(user: Someone, pk: uuid.UUID, need: Need) -> tuple[Job, Encounter]:
    """Return the job and the encounter it is about. Raises NotFound or Forbidden as access_run."""
    mine = visible_encounters(user)
    job = Job.objects.filter(pk=pk, subject_id__in=mine.values("pk")).first()
    if job is None or job.subject_id is None:
        raise NotFound
    encounter = mine.select_related("study").filter(pk=job.subject_id).first()
    if encounter is None:
        raise NotFound
    require(user, encounter.study, need)
    return job, encounter


def access_correction(user: Someone, pk: uuid.UUID, need: Need) -> PersonCorrection:
    """Return what was said about a person, with its encounter. Raises NotFound or Forbidden as access_run."""
    found = (
        PersonCorrection.objects.filter(pk=pk, recording__encounter__in=visible_encounters(user))
        .select_related("recording__encounter__study")
        .first()
    )
    if found is None:
        raise NotFound
    require(user, found.recording.encounter.study, need)
    return found
