"""What waits in a study before anything is recorded: its approval, and people who were invited."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone

from webapp.core.waiting import WaitingCount, WaitingItem
from webapp.studies.access import Someone, site_of, studies_where, visible_encounters
from webapp.studies.models import Encounter, Study
from webapp.studies.protocol import missing_for_approval
from webapp.studies.states import StudyState

MOST = 20


def studies_to_approve(user: Someone) -> Iterator[WaitingItem]:
    """Yield the studies in review that lack nothing but the approval that this user may enter."""
    for study in studies_where(user, "approve_study").filter(state=StudyState.DRAFT)[:MOST]:
        if not missing_for_approval(study):
            yield WaitingItem(
                title=f"{study.title} waits for its approval",
                detail="Protocol and consent text are complete. Nobody is enrolled before.",
                url=study.get_absolute_url(),
                action="Look at it",
                urgency=2,
            )


def counts(user: Someone, study: Study) -> Iterator[WaitingCount]:
    """Yield the approval, unanswered invitations, and consultations that are over and have no file yet."""
    if study.state == StudyState.DRAFT:
        missing = missing_for_approval(study)
        url = reverse("studies:protocol", args=[study.slug]) if missing else study.get_absolute_url()
        whose, what = ("Coordinators", "to complete before approval") if missing else ("Owners", "to approve")
        yield WaitingCount(whose, what, len(missing) or 1, url)
    if site_of(user, study) is None:
        invited = study.invitations.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
        yield WaitingCount(
            "Invited people",
            "invitations to accept",
            invited.count(),
            reverse("studies:members", args=[study.slug]),
        )
    over = visible_encounters(user).filter(
        study=study, status=Encounter.Status.PLANNED, held_on__lt=timezone.localdate()
    )
    url = f"{reverse('studies:encounters', args=[study.slug])}?status=planned&sort=date"
    yield WaitingCount("Coordinators", "consultations of past days without a file", over.count(), url)
