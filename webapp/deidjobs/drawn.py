"""What lies in the storage of faces that somebody has left: parts of versions, and whole ones.

A version that somebody has left is never shown again, so that its file goes; what was measured of it stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from webapp.core.encrypted_path import Place
from webapp.core.media_root import remove
from webapp.deidjobs.models import Derivative, MeanMember
from webapp.deidjobs.queries import KIND
from webapp.deidjobs.storage import steps_dir, version_of, version_path
from webapp.jobs.models import Job, JobState, Segment, SegmentState

#: Of the parts of a version, those that show a mean, say which, or were measured on it.
DRAWN = ("cast-", "write-", "join", "audit-")


def jobs_asked_for(contributions: Collection[str]) -> list[Job]:
    """Return the jobs that were told that they may make a face of one of these."""
    asked, wanted = Job.objects.filter(kind=KIND, params__has_key="look"), set(contributions)
    return [job for job in asked if wanted & set(job.params["look"]["contributions"])] if wanted else []


def remove_drawn(recording_id: UUID, job_id: UUID) -> None:
    """Remove what a job keeps of a face; whoever goes on finds that it is to be made anew."""
    for path in _parts(recording_id, job_id):
        remove(path)
    if not Derivative.objects.filter(job=job_id).exists():
        version_path(recording_id, version_of(job_id)).unlink(missing_ok=True)


def remains_drawn(erased: Collection[str], left: QuerySet[Derivative], ended_at: datetime) -> Iterator[str]:
    """Remove what is still there of faces in which the erased ones may be, and say what was.

    erased: contributions, among other ids. left: versions that may be among those that somebody has left.
    """
    for job in jobs_asked_for(erased):
        if _is_held(job, ended_at):
            yield "a version is being made in which the face may be; the work stops within seconds"
        elif found := list(_from_before(job, ended_at)):
            yield "parts of a version in which the face may be are still in the storage"
            for path in found:
                remove(path)
    gone = MeanMember.objects.filter(contribution=None)  # asked for itself: joined, it is no member at all
    for one in left.filter(pk__in=gone.values("derivative")):
        path = version_path(one.recording_id, one.pk)
        if path.exists():
            yield "a version in whose face it is a part is still in the storage"
            remove(path)


def _is_held(job: Job, ended_at: datetime) -> bool:
    """Return whether a worker that began before consent ended holds a job or a segment of it."""
    began = Q(started_at__lte=ended_at)
    jobs = Job.objects.filter(began, pk=job.pk, state=JobState.RUNNING).exclude(lease_token=None)
    return jobs.exists() or Segment.objects.filter(began, job=job, state=SegmentState.RUNNING).exists()


def _from_before(job: Job, ended_at: datetime) -> Iterator[Place]:
    """Yield what a job keeps of a face, but for what workers have made who began after consent ended."""
    begun = Segment.objects.filter(job=job, started_at__gt=ended_at).values_list("name", "started_at")
    anew = {_stem(name): began.timestamp() for name, began in begun if began is not None}
    recording_id = UUID(job.params["recording"])
    for path in _parts(recording_id, job.pk):
        began = anew.get(_stem(path.name))
        if began is None or path.stat().st_mtime < began:
            yield path
    joined = version_path(recording_id, version_of(job.pk))
    if joined.exists() and not Derivative.objects.filter(job=job).exists():
        first = min(anew.values(), default=None)
        if first is None or joined.stat().st_mtime < first:
            yield joined


def _parts(recording_id: UUID, job_id: UUID) -> list[Place]:
    """Return where a job keeps what it drew, and what killed workers left of that."""
    found = steps_dir(recording_id, job_id).glob("*")
    return [path for path in found if _stem(path.name).startswith(DRAWN)]


def _stem(name: str) -> str:
    return name.lstrip(".").split(".")[0]
