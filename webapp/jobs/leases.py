"""Which jobs and segments this process holds, and whether it has been asked to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.utils import timezone

from webapp.jobs.models import Job, Segment

stopping = threading.Event()
_held: set[UUID] = set()
_guard = threading.Lock()


@contextmanager
def holding(token: UUID) -> Iterator[None]:
    """Keep a lease among those that beat() renews, so that long steps without a report do not look like a
    dead worker.
    """
    with _guard:
        _held.add(token)
    try:
        yield
    finally:
        with _guard:
            _held.discard(token)


def beat() -> int:
    """Renew every lease of this process; return how many are still ours."""
    with _guard:
        tokens = set(_held)
    if not tokens:
        return 0
    now = timezone.now()
    return sum(
        work.objects.filter(lease_token__in=tokens).update(heartbeat_at=now) for work in (Segment, Job)
    )
