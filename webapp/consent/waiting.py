"""What Home reminds of: erasures that are not yet done, with the day until which they must be."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from webapp.consent.models import Erasure
from webapp.core.waiting import WaitingItem
from webapp.studies.access import Someone, studies_where

MOST = 20


def open_erasures(user: Someone) -> Iterator[WaitingItem]:
    """Yield the erasures under way in studies where the user sees to consent."""
    found = Erasure.objects.filter(state=Erasure.State.OPEN, study__in=studies_where(user, "manage_consent"))
    for erasure in found.select_related("study", "participant").order_by("due_at")[:MOST]:
        late = erasure.due_at < timezone.now()
        whose = erasure.participant.code if erasure.participant else erasure.study.title
        yield WaitingItem(
            title=f"Erasure of {whose} {'is overdue' if late else 'under way'}",
            detail=f"{erasure.get_cause_display()}. Due on {timezone.localtime(erasure.due_at):%-d %B %Y}.",
            url=erasure.get_absolute_url(),
            action="Look at it",
            urgency=0 if late else 2,
        )
