"""What this app itself erases when somebody withdraws altogether: the scans of what they signed on paper.

The decisions and the documents stay: they prove that consent was given, with the hash of the scan.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import ConsentRecord, Purpose, ScanKey
from webapp.consent.scans import KIND, destroy_scan, with_a_scan
from webapp.studies.models import Encounter, Participant


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
    people = with_a_scan().filter(participant__in=_over()).values("participant")
    return Encounter.objects.filter(pk__in=encounters.values("pk")).filter(
        Q(doctor__in=people) | Q(patient__in=people)
    )


def _to_erase(scope: Scope) -> QuerySet[ConsentRecord]:
    """Return what was signed before consent to being recorded ended, or by whom nothing is kept any more."""
    if Purpose.RECORD not in scope.purposes:
        return ConsentRecord.objects.none()
    signed = with_a_scan().filter(signed_at__lte=scope.ended_at)
    if scope.person is not None:
        return signed.filter(participant=scope.participant)
    encounters = Encounter.objects.filter(pk__in=scope.encounters)
    met = Q(pk__in=encounters.values("doctor")) | Q(pk__in=encounters.values("patient"))
    return signed.filter(participant__in=_over().filter(met))


def _over() -> QuerySet[Participant]:
    """Return the participants of whom no encounter may be kept any longer."""
    theirs = Encounter.objects.filter(Q(doctor=OuterRef("pk")) | Q(patient=OuterRef("pk")))
    still = theirs.filter(Q(keep_until=None) | Q(keep_until__gte=timezone.localdate()))
    return Participant.objects.filter(Exists(theirs), ~Exists(still))


HOLDER = Holder("consent", preview, erase, remains, holding)
