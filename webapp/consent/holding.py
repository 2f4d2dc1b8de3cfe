"""What this app itself erases when somebody withdraws altogether: the scans of what they signed on paper.

The decisions and the documents stay: they prove that consent was given, with the hash of the scan.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import ConsentDecision, ConsentRecord, Purpose, ScanKey
from webapp.consent.scans import KIND, destroy_scan, with_a_scan
from webapp.studies.models import Encounter


def preview(scope: Scope) -> Iterator[Effect]:
    why = "The paper stays where it was signed; the hash that is kept tells whether it is that paper."
    yield Effect("delete", "scans of forms signed on paper", _to_erase(scope).count(), why)


def erase(scope: Scope) -> list[Erased]:
    gone = []
    for record in _to_erase(scope):
        gone.append(Erased(KIND, str(record.pk), record.attachment_sha256))
        gone += [Erased("encryption key", str(pk)) for pk in destroy_scan(record)]
    return gone


def remains(_scope: Scope, erased: frozenset[str]) -> Iterator[str]:
    """Look at the keys. Files are named after their records, which a look through the storage finds."""
    if keys := ScanKey.objects.filter(pk__in=erased).count():
        yield f"{keys} keys of scans are still in the database"


def holding(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    people = _out_of_time().values("participant")
    return Encounter.objects.filter(pk__in=encounters.values("pk")).filter(
        Q(doctor__in=people) | Q(patient__in=people)
    )


def _to_erase(scope: Scope) -> QuerySet[ConsentRecord]:
    """Return what was signed before consent to being recorded ended, or by whom nothing is kept any more.

    A form that itself says no to being recorded stays as long as encounters may: it shows who ended it.
    """
    if Purpose.RECORD not in scope.purposes:
        return ConsentRecord.objects.none()
    if scope.person is not None:
        refusals = ConsentDecision.objects.filter(purpose=Purpose.RECORD, granted=False).exclude(record=None)
        signed = with_a_scan().filter(participant=scope.participant, signed_at__lte=scope.ended_at)
        return signed.exclude(pk__in=refusals.values("record"))
    encounters = Encounter.objects.filter(pk__in=scope.encounters)
    met = Q(participant__in=encounters.values("doctor")) | Q(participant__in=encounters.values("patient"))
    return _out_of_time().filter(met)


def _out_of_time() -> QuerySet[ConsentRecord]:
    """Return the scans of participants of whom no encounter may be kept any longer. What they have signed
    since is for a visit to come.
    """
    theirs = Encounter.objects.filter(Q(doctor=OuterRef("participant")) | Q(patient=OuterRef("participant")))
    last = theirs.order_by(F("keep_until").desc(nulls_first=True)).values("keep_until")[:1]
    scans = with_a_scan().annotate(last_day=Subquery(last))
    return scans.filter(last_day__lt=timezone.localdate(), signed_at__date__lte=F("last_day"))


HOLDER = Holder("consent", preview, erase, remains, holding)
