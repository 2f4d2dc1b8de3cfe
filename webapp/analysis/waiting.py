"""What Home reminds of: jobs that failed and were not made good since."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from webapp.analysis.queries import encounters_by_id
from webapp.core.waiting import WaitingCount, WaitingItem
from webapp.jobs.models import Job, JobState
from webapp.jobs.registry import words_of
from webapp.studies.access import Someone, visible_encounters
from webapp.studies.models import Encounter, Membership, Study
from webapp.studies.roles import ALLOWED

MOST = 20


def failed_jobs(user: Someone) -> Iterator[WaitingItem]:
    """Yield the failed jobs of studies in which the user may run analyses."""
    if user.pk is None:
        return
    roles = [role for role, needs in ALLOWED.items() if "run_analysis" in needs]
    studies = Membership.objects.filter(user_id=user.pk, role__in=roles).values("study")
    encounters = visible_encounters(user).filter(study__in=studies)
    jobs = list(_failed(encounters)[:MOST])
    found = encounters_by_id(jobs)
    for job in jobs:
        encounter = found[job.subject_id]
        yield WaitingItem(
            title=f"{words_of(job)} failed, {encounter.code}",
            detail=job.error_message,
            url=encounter.get_absolute_url(),
            action="Look at it",
            urgency=1,
        )


def counts(user: Someone, study: Study) -> Iterator[WaitingCount]:
    url = f"{reverse('analysis:jobs', args=[study.slug])}?state=failed"
    failed = _failed(visible_encounters(user).filter(study=study)).count()
    yield WaitingCount("Coordinators", "failed jobs to look at", failed, url)


def _failed(encounters: QuerySet[Encounter]) -> QuerySet[Job]:
    """Return the failed jobs about these encounters that no newer one of their kind made good."""
    newer = Job.objects.filter(
        subject_id=OuterRef("subject_id"), kind=OuterRef("kind"), created_at__gt=OuterRef("created_at")
    )
    failed = Job.objects.filter(state=JobState.FAILED, subject_id__in=encounters.values("pk"))
    return failed.filter(~Exists(newer))
