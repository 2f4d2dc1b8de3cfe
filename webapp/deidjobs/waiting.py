"""What Home reminds of: versions that wait for a second person."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from webapp.core.waiting import WaitingCount, WaitingItem
from webapp.deidjobs.queries import unreviewed_in
from webapp.studies.access import Someone, visible_encounters
from webapp.studies.models import Membership, Study
from webapp.studies.roles import ALLOWED

MOST = 20


def unreviewed(user: Someone) -> Iterator[WaitingItem]:
    """Yield versions that nobody has signed off or refused, to those who may and did not ask for them."""
    if user.pk is None:
        return
    roles = [role for role, needs in ALLOWED.items() if "review_deidentified" in needs]
    studies = Membership.objects.filter(user_id=user.pk, role__in=roles).values("study")
    encounters = visible_encounters(user).filter(study__in=studies)
    for derivative in unreviewed_in(encounters).exclude(requested_by_id=user.pk)[:MOST]:
        yield WaitingItem(
            title=f"Review a de-identified version, {derivative.recording.encounter.code}",
            detail=f"{derivative.recording}, {derivative.method}; the audit says {derivative.verdict}",
            url=derivative.get_absolute_url(),
            action="Review",
            urgency=2,
        )


def counts(user: Someone, study: Study) -> Iterator[WaitingCount]:
    mine = visible_encounters(user).filter(study=study)
    waiting = unreviewed_in(mine).count()
    url = reverse("deidjobs:reviews", args=[study.slug])
    yield WaitingCount("Reviewers", "de-identified versions to review", waiting, url)
