"""What a handler may do with the job that it works on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from webapp.jobs import leases
from webapp.jobs.errors import Stopped
from webapp.jobs.eta import RemainingTime
from webapp.jobs.models import Job, JobState

REPORT_EVERY_S = 1.0
LOOK_EVERY_S = 2.0


class JobContext:
    """A claimed job in the hands of its handler. Everything it writes is conditional on still holding the
    lease.
    """

    def __init__(self, job: Job, token: UUID) -> None:
        self.job = job
        self.params: dict[str, Any] = job.params
        self._token = token
        self._eta = RemainingTime()
        self._reported_s = self._looked_s = time.monotonic()
        self._stopped = False
        self._finished = False

    @property
    def finished(self) -> bool:
        return self._finished

    def progress(self, fraction: float, message: str = "") -> None:
        """Report how much is done, 0..1; also renews the lease. Written at most once per second."""
        now = time.monotonic()
        if now - self._reported_s < REPORT_EVERY_S and message in ("", self.job.message):
            return
        self._reported_s = now
        remaining = self._eta.report(at_s=now, fraction=fraction)
        values: dict[str, Any] = {"progress": min(1.0, max(0.0, fraction)), "heartbeat_at": timezone.now()}
        if message:
            self.job.message = values["message"] = message
        if remaining is not None:
            values["expected_end_at"] = timezone.now() + timedelta(seconds=remaining)
        self._write(**values)

    def cancelled(self) -> bool:
        """Return whether the handler should stop. Asks the database every two seconds, so call it as often
        as you like.
        """
        if not self._stopped and time.monotonic() - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = time.monotonic()
            wanted = self._mine().filter(cancel_requested=False, pause_requested=False)
            self._stopped = not wanted.exists()
        return self._stopped or leases.stopping.is_set()

    def stop_if_asked(self) -> None:
        """Raise Stopped when the handler should stop."""
        if self.cancelled():
            raise Stopped

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Write the result and the end of the job in one transaction; raise Stopped when the lease is no
        longer ours.

        After a crash either both are there or neither, so that a result is never written twice.
        """
        with transaction.atomic():
            if not self._mine().filter(cancel_requested=False).update(heartbeat_at=timezone.now()):
                raise Stopped
            yield
            self._mine().update(
                state=JobState.DONE,
                progress=1.0,
                message="",
                lease_token=None,
                expected_end_at=None,
                finished_at=timezone.now(),
            )
        self._finished = True

    def _mine(self) -> QuerySet[Job]:
        return Job.objects.filter(pk=self.job.pk, state=JobState.RUNNING, lease_token=self._token)

    def _write(self, **values: Any) -> None:
        if not self._mine().update(**values):
            self._stopped = True
