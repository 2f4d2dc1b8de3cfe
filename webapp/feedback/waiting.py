"""What Home reminds a doctor of: encounters of their own to reflect on."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse

from webapp.core.waiting import WaitingItem
from webapp.feedback.queries import own_encounters
from webapp.studies.access import Someone

MOST = 10


def sessions_to_reflect_on(user: Someone) -> Iterator[WaitingItem]:
    """Yield the user's own encounters with something to look at and without a reflection."""
    if user.pk is None:
        return
    seen = Q(runs__isnull=False) | Q(live_sessions__ended_at__isnull=False)
    waiting = own_encounters(user).filter(seen).exclude(reflections__doctor_id=user.pk).distinct()
    for encounter in waiting[:MOST]:
        yield WaitingItem(
            title=f"Reflect on {encounter.code}",
            detail=f"{encounter.study.title}; before the numbers, your own view",
            url=reverse("feedback:session", args=[encounter.pk]),
            action="Reflect",
            urgency=4,
        )
