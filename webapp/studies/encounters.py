"""What becomes of encounters: recorded, excluded with a reason, and taken in again."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from webapp.accounts.models import User
from webapp.core import audit
from webapp.core.errors import Invalid
from webapp.studies.models import Encounter, Study

#: What a coordinator may give as a reason; the others follow from withdrawals and retention dates.
GIVEN = (
    Encounter.Reason.VIDEO_DAMAGED,
    Encounter.Reason.NOT_ELIGIBLE,
    Encounter.Reason.DID_NOT_HAPPEN,
    Encounter.Reason.OTHER,
)


def mark_recorded(encounter: Encounter) -> None:
    """Note that something was recorded. What a coordinator excluded stays excluded."""
    given = Encounter.objects.filter(pk=encounter.pk, status=Encounter.Status.EXCLUDED, reason__in=GIVEN)
    if not given.exists():
        Encounter.objects.filter(pk=encounter.pk).update(status=Encounter.Status.RECORDED, reason="", note="")


@transaction.atomic
def exclude_encounters(
    *, actor: User, study: Study, encounters: QuerySet[Encounter], reason: str, note: str = ""
) -> int:
    """Exclude encounters for a reason; return how many were not excluded before."""
    if reason not in GIVEN:
        raise Invalid("Choose why the encounters are excluded.", fields={"reason": ["Choose a reason."]})
    changing = list(encounters.filter(study=study).exclude(status=Encounter.Status.EXCLUDED))
    for encounter in changing:
        _change(encounter, actor, Encounter.Status.EXCLUDED, reason=reason, note=note)
    return len(changing)


@transaction.atomic
def include_encounters(*, actor: User, study: Study, encounters: QuerySet[Encounter]) -> int:
    """Take excluded encounters in again, where a coordinator had excluded them; return how many."""
    changing = list(encounters.filter(study=study, status=Encounter.Status.EXCLUDED, reason__in=GIVEN))
    recorded = set(
        Encounter.objects.filter(pk__in=[one.pk for one in changing], recordings__state="ready").values_list(
            "pk", flat=True
        )
    )
    for encounter in changing:
        status = Encounter.Status.RECORDED if encounter.pk in recorded else Encounter.Status.PLANNED
        _change(encounter, actor, status)
    return len(changing)


def exclude_erased(pks: Collection[UUID], reason: str) -> None:
    """Note that nothing of these encounters may be used any more. The erasure has its own audit event."""
    Encounter.objects.filter(pk__in=pks).update(status=Encounter.Status.EXCLUDED, reason=reason, note="")


def _change(encounter: Encounter, actor: User, status: str, *, reason: str = "", note: str = "") -> None:
    Encounter.objects.filter(pk=encounter.pk).update(status=status, reason=reason, note=note)
    audit.record(
        actor=actor,
        action="encounter.excluded" if status == Encounter.Status.EXCLUDED else "encounter.included",
        target=encounter,
        study_id=encounter.study_id,
        reason=str(Encounter.Reason(reason).label) if reason else "",
    )
