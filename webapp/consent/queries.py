"""What the newest decisions allow. Asked wherever something is about to be used."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db.models import BooleanField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from webapp.consent.models import ConsentDecision, ConsentForm, Purpose
from webapp.studies.models import Participant, Study

#: So long before an agreement ends it is asked for again.
RENEW_BEFORE = datetime.timedelta(days=30)


def newest_decision(
    participant: str | OuterRef, purpose: str, at: datetime.datetime | None = None
) -> Subquery:
    """Return a subquery: whether the newest answer of a participant to a purpose is yes and still valid, NULL
    when never asked.

    participant: the outer query's field that holds the participant's id, e.g. "encounter__patient_id".
    """
    outer = OuterRef(participant) if isinstance(participant, str) else participant
    at = at or timezone.now()
    in_force = Q(granted=True) & _valid_on(timezone.localdate(at))
    decisions = (
        ConsentDecision.objects.filter(participant_id=outer, purpose=purpose, decided_at__lte=at)
        .order_by("-decided_at", "-pk")
        .annotate(in_force=ExpressionWrapper(in_force, output_field=BooleanField()))
    )
    return Subquery(decisions.values("in_force")[:1], output_field=BooleanField())


def _valid_on(day: datetime.date) -> Q:
    return Q(valid_until=None) | Q(valid_until__gte=day)


def granting(purpose: str, at: datetime.datetime | None = None) -> QuerySet[Participant]:
    """Return the participants whose newest decision on the purpose is yes."""
    return Participant.objects.annotate(_newest=newest_decision("pk", purpose, at)).filter(Q(_newest=True))


def lapsed(purpose: str) -> QuerySet[Participant]:
    """Return the participants whose newest decision on the purpose is a yes whose last day is over."""
    newest = ConsentDecision.objects.filter(participant=OuterRef("pk"), purpose=purpose).order_by(
        "-decided_at", "-pk"
    )
    people = Participant.objects.annotate(
        _granted=Subquery(newest.values("granted")[:1]), _until=Subquery(newest.values("valid_until")[:1])
    )
    return people.filter(_granted=True, _until__lt=timezone.localdate())


def state_of(participant: Participant, at: datetime.datetime | None = None) -> dict[str, bool]:
    """Return {purpose: whether it is granted and still valid} for every purpose that was ever decided."""
    at = at or timezone.now()
    day = timezone.localdate(at)
    decisions = ConsentDecision.objects.filter(participant=participant, decided_at__lte=at).order_by(
        "decided_at", "pk"
    )
    return {
        decision.purpose: decision.granted and (decision.valid_until is None or decision.valid_until >= day)
        for decision in decisions
    }


def granted_pairs(participants: Iterable[int], at: datetime.datetime | None = None) -> set[tuple[int, str]]:
    """Return the (participant id, purpose) pairs that `granting` would find: one question for all of them."""
    at = at or timezone.now()
    day = timezone.localdate(at)
    decisions = ConsentDecision.objects.filter(participant__in=participants, decided_at__lte=at)
    rows = decisions.order_by("decided_at", "pk").values_list(
        "participant_id", "purpose", "granted", "valid_until"
    )
    newest = {
        (participant, purpose): granted and (valid_until is None or valid_until >= day)
        for participant, purpose, granted, valid_until in rows
    }
    return {pair for pair, in_force in newest.items() if in_force}


def forms_for(participant: Participant) -> QuerySet[ConsentForm]:
    """Return the newest version that is meant for this participant, in every language there is."""
    meant = ConsentForm.objects.filter(study_id=participant.study_id, kind__in=("", participant.kind))
    newest = meant.order_by("-version").values("version")[:1]
    return meant.filter(version=Subquery(newest)).order_by("language")


#: In the queue because there is a newer text than the one agreed to.
OUTDATED = Q(version__lt=F("newest_version"))
#: Because a coordinator had them asked anew since.
MARKED = Q(ask_anew_at__gt=F("answered_at"))


def ending() -> Q:
    """Return what is in the queue because the agreement ends soon, or has ended."""
    return Q(ends_on__lte=timezone.localdate() + RENEW_BEFORE)


def reconsent_queue(study: Study) -> QuerySet[Participant]:
    """Return the participants whose agreement to be recorded rests on an older version than there is now, or
    ends within a month, or has ended, or who are marked since: `version`, `newest_version`, `ends_on` and
    `answered_at` say which.
    """
    latest = ConsentDecision.objects.filter(participant=OuterRef("pk"), purpose=Purpose.RECORD).order_by(
        "-decided_at", "-pk"
    )
    meant = ConsentForm.objects.filter(study=study).filter(Q(kind="") | Q(kind=OuterRef("kind")))
    people = Participant.objects.filter(study=study).annotate(
        agreed=Subquery(latest.values("granted")[:1]),
        version=Subquery(latest.values("form__version")[:1]),
        answered_at=Subquery(latest.values("decided_at")[:1]),
        ends_on=Subquery(latest.values("valid_until")[:1]),
        newest_version=Subquery(meant.order_by("-version").values("version")[:1]),
    )
    return people.filter(agreed=True).filter(OUTDATED | ending() | MARKED)
