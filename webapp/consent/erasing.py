"""Erasing what consent no longer covers, looking whether it is gone, and certifying that it is."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from webapp.consent.holders import Scope, holders
from webapp.consent.models import Erasure, Purpose, Tombstone
from webapp.core import audit
from webapp.jobs.models import Job, JobState, Segment, SegmentState

log = structlog.get_logger(__name__)
BATCH = 500


def finish_erasure(pk: UUID) -> bool:
    """Erase, look again, and certify; return whether it is done. Call outside of a transaction.

    Whatever keeps it from its end, a job that has yet to stop or a file that cannot be deleted, the next
    sweep tries again.
    """
    erasure = _erase(pk)
    if erasure is None or _waits(erasure):
        return False
    return _certify(pk)


def finish_open_erasures() -> int:
    """Try to finish every erasure that is under way; return how many were."""
    open_ones = Erasure.objects.filter(state=Erasure.State.OPEN).values_list("pk", flat=True)
    return sum(_try_to_finish(pk) for pk in list(open_ones))


def scope_of_erasure(erasure: Erasure) -> Scope:
    entire = Purpose.RECORD in erasure.purposes
    return Scope(
        encounters=tuple(UUID(pk) for pk in erasure.encounters),
        person=erasure.person or None,
        purposes=frozenset(Purpose.values if entire else erasure.purposes),
        ended_at=erasure.requested_at,
        participant=erasure.participant_id,
    )


def erased_counts(erasure: Erasure) -> dict[str, int]:
    """Return how many things of each kind have been erased, in the order in which they went."""
    counts: Counter[str] = Counter()
    for kind, count in erasure.tombstones.values_list("kind", "count"):
        counts[kind] += count
    return dict(counts)


def certificate_hash(certificate: dict[str, Any]) -> str:
    """Return the SHA-256 of a certificate's canonical JSON, so that a copy can be checked."""
    return hashlib.sha256(json.dumps(certificate, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _try_to_finish(pk: UUID) -> bool:
    try:
        return finish_erasure(pk)
    except Exception:  # one that fails keeps no other from being finished
        log.exception("erasure_failed", target_id=str(pk))
        return False


@transaction.atomic
def _erase(pk: UUID) -> Erasure | None:
    erasure = Erasure.objects.select_for_update().filter(pk=pk, state=Erasure.State.OPEN).first()
    if erasure is None:
        return None
    scope, now = scope_of_erasure(erasure), timezone.now()
    Tombstone.objects.bulk_create(
        (
            Tombstone(
                erasure=erasure,
                kind=gone.kind,
                object_id=gone.object_id,
                sha256=gone.sha256,
                size_bytes=gone.size_bytes,
                count=gone.count,
                erased_at=now,
            )
            for holder in holders()
            for gone in holder.erase(scope)
        ),
        batch_size=BATCH,
    )
    return erasure


def _waits(erasure: Erasure) -> bool:
    """Return whether a job or segment that ran when consent ended is still held under the lease of then."""
    tokens = [token for _, token in erasure.waits_for]
    return (
        Job.objects.filter(lease_token__in=tokens, state=JobState.RUNNING).exists()
        or Segment.objects.filter(lease_token__in=tokens, state=SegmentState.RUNNING).exists()
    )


@transaction.atomic
def _certify(pk: UUID) -> bool:
    erasure = (
        Erasure.objects.select_for_update(of=("self",)).select_related("study", "participant").get(pk=pk)
    )
    if erasure.state == Erasure.State.DONE:
        return True
    scope = scope_of_erasure(erasure)
    ids = frozenset(filter(_is_uuid, erasure.tombstones.values_list("object_id", flat=True)))
    erasure.remaining = [sentence for holder in holders() for sentence in holder.remains(scope, ids)]
    erasure.checked_at = timezone.now()
    if not erasure.remaining:
        erasure.state = Erasure.State.DONE
        erasure.done_at = erasure.checked_at
        erasure.certificate = _certificate(erasure)
        erasure.certificate_sha256 = certificate_hash(erasure.certificate)
        audit.record(
            actor=erasure.requested_by,
            action="erasure.certified",
            target=erasure,
            study_id=erasure.study_id,
            details={"erased": erased_counts(erasure), "sha256": erasure.certificate_sha256},
        )
    erasure.save()
    return erasure.state == Erasure.State.DONE


def _is_uuid(pk: str) -> bool:
    """Return whether a tombstone names something that keys and files can be named after; many have a number,
    and what was counted has nothing.
    """
    try:
        UUID(pk)
    except ValueError:
        return False
    return True


def _certificate(erasure: Erasure) -> dict[str, Any]:
    return {
        "erasure": str(erasure.pk),
        "study": erasure.study.slug,
        "protocol_number": erasure.study.protocol_number,
        "participant": erasure.participant.code if erasure.participant else None,
        "cause": erasure.cause,
        "purposes": erasure.purposes,
        "requested_at": erasure.requested_at.isoformat(),
        "due_at": erasure.due_at.isoformat(),
        "done_at": erasure.done_at.isoformat() if erasure.done_at else None,
        "erased": [
            {
                "kind": one.kind,
                "id": one.object_id,
                "sha256": one.sha256,
                "size_bytes": one.size_bytes,
                "count": one.count,
            }
            for one in erasure.tombstones.all()
        ],
    }
