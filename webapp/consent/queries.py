"""What the newest decisions allow. Asked wherever something is about to be used."""

from __future__ import annotations

import datetime

from django.db.models import BooleanField, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from webapp.consent.models import ConsentDecision
from webapp.studies.models import Participant


def newest_decision(
    participant: str | OuterRef, purpose: str, at: datetime.datetime | None = None
) -> Subquery:
    """Return a subquery: the newest answer of a participant to a purpose, NULL when never asked.

    participant: the outer query's field that holds the participant's id, e.g. "encounter__patient_id".
    """
    outer = OuterRef(participant) if isinstance(participant, str) else participant
    decisions = ConsentDecision.objects.filter(
        participant_id=outer, purpose=purpose, decided_at__lte=at or timezone.now()
    ).order_by("-decided_at", "-pk")
    return Subquery(decisions.values("granted")[:1], output_field=BooleanField())


def granting(purpose: str, at: datetime.datetime | None = None) -> QuerySet[Participant]:
    """Return the participants whose newest decision on the purpose is yes."""
    return Participant.objects.annotate(_newest=newest_decision("pk", purpose, at)).filter(Q(_newest=True))


def state_of(participant: Participant, at: datetime.datetime | None = None) -> dict[str, bool]:
    """Return {purpose: granted} for every purpose that was ever decided."""
    decisions = ConsentDecision.objects.filter(
        participant=participant, decided_at__lte=at or timezone.now()
    ).order_by("decided_at", "pk")
    return {decision.purpose: decision.granted for decision in decisions}
