"""Many participants at once: asked anew, their encounters found, their codes taken along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from webapp.accounts.models import User
from webapp.core import audit
from webapp.studies.models import Attribute, Encounter, Participant, Study
from webapp.studies.queries import with_consent

COLUMNS = ("participant", "kind", "site", "sex", "age", "consent_to_recording", "added_on")
_CONSENT = {True: "yes", False: "no", None: "never asked"}


@transaction.atomic
def ask_anew(*, actor: User, study: Study, participants: QuerySet[Participant]) -> int:
    """Put participants who agree to be recorded into the queue of those to be asked anew; return how many.

    They leave it with their next answer. Whoever refused or was never asked is not in it.
    """
    agreeing = list(with_consent(participants.filter(study=study)).filter(Q(records=True)))
    now = timezone.now()
    for participant in agreeing:
        Participant.objects.filter(pk=participant.pk).update(ask_anew_at=now)
        audit.record(actor=actor, action="participant.ask_anew", target=participant, study_id=study.pk)
    return len(agreeing)


def encounters_with(participants: QuerySet[Participant]) -> QuerySet[Encounter]:
    """Return the encounters in which any of them takes part."""
    return Encounter.objects.filter(Q(doctor__in=participants) | Q(patient__in=participants))


@transaction.atomic
def export_participants(
    *, actor: User, study: Study, participants: QuerySet[Participant]
) -> list[Participant]:
    """Return the participants for a file. Taking them along is an event itself."""
    found = list(with_consent(participants).select_related("site").order_by("kind", "code"))
    audit.record(
        actor=actor,
        action="participants.exported",
        target=study,
        study_id=study.pk,
        details={"participants": len(found)},
    )
    return found


def exported_rows(people: Iterable[Participant], attributes: list[Attribute]) -> Iterator[list[object]]:
    for one in people:
        consent = _CONSENT[getattr(one, "records", None)]
        day = timezone.localtime(one.created_at).date()
        own = [one.attributes.get(attribute.name, "") for attribute in attributes]
        yield [one.code, one.kind, one.site or "", one.sex, one.age_words, consent, day, *own]
