"""manage.py worker: does queued jobs until it is told to stop."""

from __future__ import annotations

import os
import socket
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker

from webapp.jobs import leases
from webapp.jobs.models import WorkerHeartbeat
from webapp.jobs.sweeping import sweep

log = structlog.get_logger(__name__)

BEAT_EVERY_S = 5.0
SWEEP_EVERY_BEATS = 2


class GracefulWorker(Worker):
    """A queue worker that, asked to end, lets the running job hand itself back instead of waiting for its
    end.
    """

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        leases.stopping.set()
        super().shutdown(signum, frame)


class Pulse(threading.Thread):
    """Says every five seconds that this worker lives, renews its leases, and sweeps after others."""

    def __init__(self, worker: str) -> None:
        super().__init__(name="pulse", daemon=True)
        self._worker = worker
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
            if self._end.wait(BEAT_EVERY_S):
                break
        connection.close()

    def end(self) -> None:
        """Stop beating and take this worker off the list, so that nobody counts on it."""
        self._end.set()
        self.join(BEAT_EVERY_S)
        WorkerHeartbeat.objects.filter(pk=self._worker).delete()

    def _beat(self) -> None:
        leases.beat()
        WorkerHeartbeat.objects.update_or_create(
            worker=self._worker,
            defaults={
                "host": socket.gethostname(),
                "process": os.getpid(),
                "started_at": self._started_at,
                "beat_at": timezone.now(),
            },
        )


class Command(BaseCommand):
    help = "Do queued jobs until told to stop. Any number of workers may run on any number of hosts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", action="store_true", help="end when the queue is empty")
        parser.add_argument(
            "--interval", type=float, default=1.0, help="seconds between looks into an empty queue"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = f"{socket.gethostname()[:40]}-{get_random_string(12)}"
        worker = GracefulWorker(
            queue_names=["default"],
            excluded_queue_names=[],
            interval=options["interval"],
            batch=options["batch"],
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=name,
        )
        worker.configure_signals()
        pulse = Pulse(name)
        pulse.start()
        log.info("worker_started", worker=name)
        try:
            worker.run()
        finally:
            pulse.end()
            log.info("worker_ended", worker=name)
