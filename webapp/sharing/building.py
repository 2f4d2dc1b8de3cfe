"""The job that builds a release. Consent is asked when it starts, at each file, while one is written, and
again when the release becomes ready; whatever goes wrong leaves no file, no row and no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from webapp.core import audit
from webapp.core.errors import AppError, Conflict
from webapp.deidjobs.queries import PURPOSE
from webapp.jobs.context import JobContext
from webapp.jobs.errors import Stopped
from webapp.jobs.models import Job, JobState
from webapp.jobs.services import Actor, create_job
from webapp.sharing import storage
from webapp.sharing.bag import verify_package
from webapp.sharing.models import Release, ReleaseItem, ReleaseKey, ReleasePerson
from webapp.sharing.packing import Contents, folder_of, pack
from webapp.sharing.planning import ReleasePlan, plan_release
from webapp.sharing.services import lock_study, move
from webapp.sharing.states import ONCE_READY, ReleaseState
from webapp.studies.services import require_activity

KIND = "build_release"
NOTHING = "Nothing of this study can be shared now. The release's page says why for each recording."
WRITING_SHARE = 0.8  # of the time; the rest is reading it again


@transaction.atomic
def start_build(*, actor: Actor, release: Release) -> Job:
    """Queue the building of a draft, or of one that failed. Raises Conflict when there is nothing to share,
    the study's state does not allow it, or somebody else was faster.
    """
    require_activity(release.study, "share")
    if not plan_release(release.study).videos:
        raise Conflict(NOTHING)
    if not move(release, ReleaseState.BUILDING, message=""):
        raise Conflict("This release is being built already, or was built.")
    job = create_job(
        kind=KIND,
        params={"release": str(release.pk)},
        subject_id=release.pk,
        requested_by=actor,
        study_id=release.study_id,
        purpose=PURPOSE,
    )
    Release.objects.filter(pk=release.pk).update(job=job)
    return job


def run_build(context: JobContext) -> None:
    """Write the package, read it again, store it, and make the release ready with all that is in it.

    Storing may take long, so nobody waits for it: the package lies there before its release names it. A
    killed worker leaves a file at most, which nothing serves and the next attempt or a sweep deletes.
    """
    release = Release.objects.select_related("study").filter(pk=context.params["release"]).first()
    if release is None:
        raise AppError("The release was discarded, so there is nothing to build.", code="no_release")
    if release.job_id != context.job.pk:
        raise AppError("Another build of this release was begun since.", code="build_outdated")
    if release.state in ONCE_READY:
        return
    move(release, ReleaseState.BUILDING, message="")  # whoever runs the server tries a failed job again
    if not Release.objects.filter(pk=release.pk, state=ReleaseState.BUILDING, job=context.job).exists():
        raise Stopped  # another worker has made it meanwhile
    require_activity(release.study, "share")
    plan = plan_release(release.study)
    if not plan.videos:
        raise AppError(NOTHING, code="nothing_to_share")
    storage.remove_all_of(release.pk)  # what an attempt left that was killed
    stored_as, target = storage.new_package(release)
    part = storage.partial_of(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("wb") as file:
            contents = pack(release, plan, file, report=partial(_report, context))
        context.stop_if_asked()
        context.progress(WRITING_SHARE, "reading the package again")
        sha256, size_bytes = verify_package(part, folder_of(release), contents.payload)
        context.progress(WRITING_SHARE, "storing the package")
        part.replace(target)  # type: ignore[arg-type]  # both plain, or both encrypted
        stored = {"sha256": sha256, "size_bytes": size_bytes, "stored_as": stored_as}
        with context.finishing():
            _make_ready(context.job, release, plan, contents, stored)
    except BaseException:
        if not Release.objects.filter(stored_as=stored_as).exists():
            target.unlink(missing_ok=True)
        raise
    finally:
        part.unlink(missing_ok=True)


def tidy_up(job: Job) -> None:
    """Mark the release of a job that failed or was cancelled, and leave nothing of its package."""
    release = Release.objects.filter(job=job, state=ReleaseState.BUILDING).first()
    if release is None:
        return
    said = "The build was cancelled." if job.state == JobState.CANCELLED else job.error_message
    move(release, ReleaseState.FAILED, message=said)
    ReleaseKey.objects.filter(release=release).delete()
    transaction.on_commit(partial(storage.remove_all_of, release.pk), robust=True)


def _make_ready(
    job: Job, release: Release, plan: ReleasePlan, contents: Contents, stored: Mapping[str, Any]
) -> None:
    """Write down what is in the package. Whoever withdraws at this moment comes before or after it."""
    lock_study(release.study)
    if not _is_still(plan, plan_release(release.study)):
        raise Stopped
    ready = {**stored, "made_at": timezone.now(), "left_out": plan.reasons}
    if not move(release, ReleaseState.READY, **ready):
        raise Stopped
    ReleasePerson.objects.bulk_create(contents.people)
    ReleaseItem.objects.bulk_create(contents.items)
    for older in Release.objects.filter(study=release.study, state=ReleaseState.READY).exclude(pk=release.pk):
        move(older, ReleaseState.SUPERSEDED)
    audit.record(
        actor=job.requested_by,
        action="release.built",
        target=release,
        study_id=release.study_id,
        details={"version": release.version, "videos": plan.videos, "sha256": stored["sha256"]},
    )


def _is_still(plan: ReleasePlan, now: ReleasePlan) -> bool:
    """Return whether everything planned may still be shared, and no more is withheld."""
    allowed = {one.encounter.pk: one for one in now.encounters}
    return all(
        one.encounter.pk in allowed
        and {video.pk for video in one.videos} <= {video.pk for video in allowed[one.encounter.pk].videos}
        and one.analysed == allowed[one.encounter.pk].analysed
        for one in plan.encounters
    )


def _report(context: JobContext, share: float) -> None:
    context.stop_if_asked()
    context.progress(WRITING_SHARE * share, "writing the package")
