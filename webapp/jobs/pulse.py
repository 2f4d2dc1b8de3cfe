"""The sign of life of a worker process."""

from __future__ import annotations

import os
import signal
import socket
import threading

import structlog
from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone
from django.utils.crypto import get_random_string

from webapp.jobs import leases
from webapp.jobs.models import WorkerHeartbeat
from webapp.jobs.sweeping import sweep

log = structlog.get_logger(__name__)

BEATS_BEFORE_LOST = 9
SWEEP_EVERY_BEATS = 2


def draw_worker_name() -> str:
    return f"{socket.gethostname()[:40]}-{get_random_string(12)}"


class Pulse(threading.Thread):
    """Says every few seconds that this worker lives, renews its leases, and sweeps after others.

    parent: a supervisor's process; when it is gone, this worker ends too.
    """

    def __init__(self, worker: str, *, queues: str = "", parent: int | None = None) -> None:
        super().__init__(name="pulse", daemon=True)
        self._worker = worker
        self._queues = queues
        self._parent = parent
        self._started_at = timezone.now()
        self._end = threading.Event()

    def run(self) -> None:
        beats = 0
        while True:
            try:
                close_old_connections()
                self._beat()
                if beats % SWEEP_EVERY_BEATS == 0:
                    sweep()
            except Exception:  # a worker without a pulse would lose its jobs to others
                log.warning("pulse_skipped", worker=self._worker, exc_info=True)
            beats += 1
            if self._end.wait(settings.WORKER_LOST_AFTER_S / BEATS_BEFORE_LOST):
                break
            self._follow_parent()
        connection.close()

    def end(self) -> None:
        """Stop beating and take this worker off the list, so that nobody counts on it."""
        self._end.set()
        self.join(settings.WORKER_LOST_AFTER_S)
        WorkerHeartbeat.objects.filter(pk=self._worker).delete()

    def _follow_parent(self) -> None:
        if self._parent is not None and os.getppid() != self._parent:
            log.warning("worker_lost_its_supervisor", worker=self._worker)
            self._parent = None
            os.kill(os.getpid(), signal.SIGTERM)

    def _beat(self) -> None:
        leases.beat()
        WorkerHeartbeat.objects.update_or_create(
            worker=self._worker,
            defaults={
                "host": socket.gethostname(),
                "process": os.getpid(),
                "queues": self._queues,
                "started_at": self._started_at,
                "beat_at": timezone.now(),
            },
        )
