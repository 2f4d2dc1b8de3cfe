"""Writing and verifying the audit trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import connection, models, transaction
from django.utils import timezone

from webapp.core.models import AuditEvent

GENESIS = "0" * 64
_POSTGRES_LOCK = 0x415544  # any constant: one writer of the chain at a time


def record(
    *,
    actor: AbstractBaseUser | AnonymousUser | None,
    action: str,
    target: models.Model,
    study_id: int | None = None,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append one event inside the caller's transaction, so that change and trace stand or fall together.

    details must hold identifiers and counts only: no names, no file names, no free text about people.
    Raises TransactionManagementError outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "An audit event belongs into the transaction of its change."
        )
    _lock_chain()
    last = AuditEvent.objects.order_by("-pk").values_list("hash", flat=True).first()
    event = AuditEvent(
        at=timezone.now(),
        actor_id=getattr(actor, "pk", None),
        action=action,
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        study_id=study_id,
        reason=reason,
        details=dict(details or {}),
        previous_hash=last or GENESIS,
    )
    event.hash = chain_hash(event)
    event.save(force_insert=True)
    return event


def chain_hash(event: AuditEvent) -> str:
    """Return the SHA-256 over the previous hash and every recorded field."""
    fields = [
        event.previous_hash,
        event.at.isoformat(),
        event.actor_id,
        event.action,
        event.target_type,
        event.target_id,
        event.study_id,
        event.reason,
        event.details,
    ]
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def find_breaks() -> Iterator[tuple[int, str]]:
    """Yield (event number, what is wrong) for every edited, missing or reordered event."""
    previous = GENESIS
    for event in AuditEvent.objects.order_by("pk").iterator():
        if event.previous_hash != previous:
            yield event.pk, "an event before this one was removed or reordered"
        if event.hash != chain_hash(event):
            yield event.pk, "this event was edited"
        previous = event.hash


def _lock_chain() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_POSTGRES_LOCK])
