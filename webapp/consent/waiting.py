"""What Home and a study remind of: people to be asked, and erasures with the day they must be done by."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone

from webapp.consent.access import visible_erasures
from webapp.consent.models import Erasure
from webapp.consent.queries import MARKED, OUTDATED, ending, reconsent_queue
from webapp.core.waiting import WaitingCount, WaitingItem
from webapp.studies.access import Someone, studies_where, visible_participants
from webapp.studies.models import Study

MOST = 20
ASK_ANEW = {
    "text": "participants to ask anew about a newer text",
    "ending": "consents that end soon or have ended",
    "marked": "participants marked to be asked anew",
}


def open_erasures(user: Someone) -> Iterator[WaitingItem]:
    """Yield the erasures under way in studies where the user sees to consent."""
    found = Erasure.objects.filter(state=Erasure.State.OPEN, study__in=studies_where(user, "manage_consent"))
    for erasure in found.select_related("study", "participant").order_by("due_at")[:MOST]:
        late = erasure.overdue
        whose = erasure.participant.code if erasure.participant else erasure.study.title
        yield WaitingItem(
            title=f"Erasure of {whose} {'is overdue' if late else 'under way'}",
            detail=f"{erasure.get_cause_display()}. Due on {timezone.localtime(erasure.due_at):%-d %B %Y}.",
            url=erasure.get_absolute_url(),
            action="Look at it",
            urgency=0 if late else 2,
        )


def people_to_ask(user: Someone) -> Iterator[WaitingItem]:
    """Yield, per study where the user sees to consent, how many are to be asked anew."""
    for study in studies_where(user, "manage_consent")[:MOST]:
        count = _due(user, study)
        if count:
            yield WaitingItem(
                title=f"Ask {count} participant{'' if count == 1 else 's'} anew",
                detail=f"{study.title}; a newer text is there, or their consent ends soon.",
                url=f"{reverse('consent:board', args=[study.slug])}?due=yes",
                action="Show who",
                urgency=3,
            )


def counts(user: Someone, study: Study) -> Iterator[WaitingCount]:
    """Yield who is to be asked, anew or at all, and what is being erased."""
    board = reverse("consent:board", args=[study.slug])
    never = visible_participants(user, study).filter(decisions=None).count()
    due = reconsent_queue(study).filter(pk__in=visible_participants(user, study).values("pk"))
    for why, condition in (("text", OUTDATED), ("ending", ending()), ("marked", MARKED)):
        yield WaitingCount("Coordinators", ASK_ANEW[why], due.filter(condition).count(), f"{board}?due={why}")
    yield WaitingCount("Coordinators", "participants who were never asked", never, f"{board}?state=never")
    under_way = visible_erasures(user, study).filter(state=Erasure.State.OPEN).count()
    yield WaitingCount(
        "Workers", "erasures under way", under_way, reverse("consent:erasures", args=[study.slug])
    )


def _due(user: Someone, study: Study) -> int:
    return reconsent_queue(study).filter(pk__in=visible_participants(user, study).values("pk")).count()
