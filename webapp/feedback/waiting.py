"""What Home reminds a doctor of: encounters of their own to reflect on."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse

from webapp.core.waiting import WaitingCount, WaitingItem
from webapp.feedback.queries import own_encounters
from webapp.studies.access import Someone, visible_encounters
from webapp.studies.models import Study

MOST = 10
#: There is something to look at.
SEEN = Q(runs__isnull=False) | Q(live_sessions__ended_at__isnull=False)


def sessions_to_reflect_on(user: Someone) -> Iterator[WaitingItem]:
    """Yield the user's own encounters with something to look at and without a reflection."""
    if user.pk is None:
        return
    waiting = own_encounters(user).filter(SEEN).exclude(reflections__doctor_id=user.pk).distinct()
    for encounter in waiting[:MOST]:
        yield WaitingItem(
            title=f"Reflect on {encounter.code}",
            detail=f"{encounter.study.title}; before the numbers, your own view",
            url=reverse("feedback:session", args=[encounter.pk]),
            action="Reflect",
            urgency=4,
        )


def counts(user: Someone, study: Study) -> Iterator[WaitingCount]:
    """Yield how many encounters wait for a reflection, without saying whose."""
    waiting = visible_encounters(user).filter(SEEN, study=study, doctor__user__isnull=False, reflections=None)
    url = reverse("studies:encounters", args=[study.slug])
    yield WaitingCount("Doctors", "sessions to reflect on", waiting.distinct().count(), url)
