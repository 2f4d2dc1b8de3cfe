"""Versions that a worker finished and was killed before it could write down, and steps of ended jobs."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone

from webapp.core.encrypted_path import Place
from webapp.core.media_root import remove
from webapp.deidjobs.lending import KIND as LENDING
from webapp.deidjobs.lending import contribution_of
from webapp.deidjobs.means import FOLDER as AVERAGING
from webapp.deidjobs.models import Derivative, FaceContribution, Review
from webapp.deidjobs.queries import KIND
from webapp.deidjobs.storage import FOLDER, STEPS, version_of
from webapp.jobs.models import UNFINISHED, Job, JobState
from webapp.recordings import storage
from webapp.recordings.sweeping import LOOK_FOR_ORPHANS_EVERY_S, ORPHAN_AFTER_S

#: Work that goes on without anybody asking for consent; what waits for that keeps nothing of a face.
GOES_ON = tuple(state for state in UNFINISHED if state != JobState.WAITING_FOR_CONSENT)
#: How long the parts of a version are kept while nobody has approved it.
KEEP_PARTS = timedelta(days=30)
log = structlog.get_logger(__name__)


def sweep_what_nobody_needs() -> None:
    """Delete whole files that for a day no row has named and no job works on; looks once an hour."""
    if not cache.add("versions-swept", True, LOOK_FOR_ORPHANS_EVERY_S):
        return
    before = time.time() - ORPHAN_AFTER_S
    known = {str(pk) for pk in Derivative.objects.values_list("pk", flat=True)}
    known |= {str(version_of(pk)) for pk in _at_work(KIND)}
    known |= {str(pk) for pk in FaceContribution.objects.values_list("pk", flat=True)}
    known |= {str(contribution_of(pk)) for pk in _at_work(LENDING)}
    for _, folder in storage.entries("derived"):
        for path in (*folder.glob(f"{FOLDER}/[!.]*"), *folder.glob(f"{AVERAGING}/[!.]*")):
            if path.stem not in known and path.stat().st_mtime < before:
                log.warning("orphan_deleted", kind=path.parent.name, recording_id=folder.name)
                path.unlink(missing_ok=True)
        _sweep_steps(folder)


def _at_work(kind: str) -> QuerySet[Job, UUID]:
    return Job.objects.filter(kind=kind, state__in=GOES_ON).values_list("pk", flat=True)


def _sweep_steps(folder: Place) -> None:
    """Delete what jobs kept that ended a day ago, for one that failed may be tried again, or that wait.

    The parts of a version that nobody has approved stay for a while: another one may be made from them.
    """
    before = timezone.now() - timedelta(seconds=ORPHAN_AFTER_S)
    in_review = Q(derivative__finished_at__gt=timezone.now() - KEEP_PARTS)
    for path in (folder / STEPS).iterdir() if (folder / STEPS).is_dir() else ():
        known = Job.objects.filter(pk=path.name)
        wanted = known.filter(Q(state__in=GOES_ON) | Q(finished_at__gt=before) | in_review)
        if not wanted.exclude(derivative__reviews__decision=Review.Decision.APPROVED).exists():
            log.warning("orphan_deleted", kind=STEPS, recording_id=folder.name)
            remove(path)
