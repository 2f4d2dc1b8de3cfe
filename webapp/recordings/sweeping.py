"""What nobody comes back for: abandoned uploads, files that wait for consent in vain, bytes without a row."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from webapp.core.encrypted_path import Place
from webapp.core.errors import AppError
from webapp.core.media_root import media_root
from webapp.core.object_path import ObjectPath, hours_ago
from webapp.core.scratch import sweep_scratch
from webapp.jobs.models import Job, JobState
from webapp.jobs.services import cancel_job
from webapp.recordings import storage
from webapp.recordings.models import Recording, RecordingState, Upload
from webapp.recordings.services import CHECK, refuse
from webapp.recordings.uploads import discard_upload, unlocked_uploads

log = structlog.get_logger(__name__)

#: Longer than any transaction and than the way from a file's first byte to its row.
ORPHAN_AFTER_S = 24 * 60 * 60
LOOK_FOR_ORPHANS_EVERY_S = 60 * 60
#: Longer than any writer pauses.
HALF_WRITTEN_AFTER_S = 60 * 60


def sweep_abandoned_uploads() -> None:
    """Discard uploads that nobody continued for UPLOAD_KEEP_DAYS, and rows of those that have long become
    recordings.
    """
    old = Upload.objects.filter(changed_at__lt=_keep_since())
    old.filter(finished=True).exclude(recording__state=RecordingState.CHECKING).delete()
    abandoned = unlocked_uploads().filter(changed_at__lt=_keep_since(), finished=False)
    for upload in abandoned.select_related("encounter"):
        try:
            discard_upload(upload=upload, actor=None)
        except AppError as error:  # another worker or the owner was faster
            log.info("upload_not_swept", upload_id=str(upload.pk), reason=error.code)


def sweep_files_without_consent() -> None:
    """Refuse files that waited UPLOAD_KEEP_DAYS for the consent to be looked at."""
    waiting = Job.objects.filter(kind=CHECK, state=JobState.WAITING_FOR_CONSENT)
    for job in waiting.filter(created_at__lt=_keep_since()):
        _expire(job)


@transaction.atomic
def _expire(job: Job) -> None:
    if not Job.objects.filter(pk=job.pk, state=JobState.WAITING_FOR_CONSENT).update(cancel_requested=False):
        return
    found = Recording.objects.select_related("encounter", "uploaded_by").filter(pk=job.params["recording"])
    recording = found.filter(state=RecordingState.CHECKING).first()
    if recording is not None:
        days = settings.UPLOAD_KEEP_DAYS
        refuse(recording, f"Consent to the recording was missing for {days} days, so the file was deleted.")
    cancel_job(job=job, actor=None, study_id=recording.encounter.study_id if recording else None)


def sweep_orphans() -> None:
    """Delete what lies in our folders for nothing: without a row, as after a power cut between a commit and
    a deletion, or of a check that failed and was not tried again for UPLOAD_KEEP_DAYS.
    """
    if not cache.add("orphans-swept", True, LOOK_FOR_ORPHANS_EVERY_S):
        return
    given_up = Q(state=RecordingState.REFUSED, created_at__lt=_keep_since())
    recordings, uploads = Recording.objects.exclude(given_up), Upload.objects.all()
    _sweep_folder("uploads", set(uploads.values_list("pk", flat=True)))
    for kind in ("recordings", "derived"):
        _sweep_folder(kind, set(recordings.values_list("pk", flat=True)))


def sweep_half_written_files() -> None:
    """Delete temporary files below the recordings that have not changed for an hour: whoever wrote them was
    killed. Looks once an hour.
    """
    if not cache.add("half-written-swept", True, LOOK_FOR_ORPHANS_EVERY_S):
        return
    sweep_scratch()
    before = time.time() - HALF_WRITTEN_AFTER_S
    root = media_root()
    if isinstance(root, ObjectPath):
        for left in root.unfinished(hours_ago(ORPHAN_AFTER_S / 3600)):
            log.warning("half_written_deleted", recording_id=left.path.parent.name)
            left.abort()
        return
    for _, folder in (*storage.entries("recordings"), *storage.entries("derived")):
        for path in folder.rglob(".*.part"):
            if path.stat().st_mtime < before:
                log.warning("half_written_deleted", recording_id=folder.name)
                path.unlink(missing_ok=True)


def _sweep_folder(kind: str, living: set[UUID]) -> None:
    for pk, path in storage.entries(kind):
        if pk not in living and _is_old(path):
            log.warning("orphan_deleted", kind=kind, entry=path.name)
            storage.remove(path)


def _is_old(path: Place) -> bool:
    try:
        changed_s = path.newest_change_s() if isinstance(path, ObjectPath) else path.stat().st_mtime
        return time.time() - changed_s > ORPHAN_AFTER_S
    except FileNotFoundError:
        return False


def _keep_since() -> datetime:
    return timezone.now() - timedelta(days=settings.UPLOAD_KEEP_DAYS)
