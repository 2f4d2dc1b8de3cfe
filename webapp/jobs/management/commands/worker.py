"""manage.py worker: does queued jobs until it is told to stop."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from types import FrameType
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django_tasks_db.management.commands.db_worker import Worker

from webapp.jobs import leases
from webapp.jobs.pulse import Pulse, draw_worker_name
from webapp.jobs.supervising import Supervisor

log = structlog.get_logger(__name__)

EVERY_QUEUE = "*"


class GracefulWorker(Worker):
    """A queue worker that, asked to end, lets the running work hand itself back instead of waiting for its
    end; and that ends between two looks into the queue, never in the middle of a statement. Asked again, as
    by Ctrl-C, which reaches a whole group of processes, it goes on ending.
    """

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        leases.stopping.set()
        self.running = False


class Command(BaseCommand):
    help = "Do queued jobs until told to stop. Any number of workers may run on any number of hosts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--processes", type=int, help="how many at a time (default: WORKER_PROCESSES)")
        parser.add_argument(
            "--queues", default=EVERY_QUEUE, help="cpu, gpu or both with a comma; default all"
        )
        parser.add_argument("--batch", action="store_true", help="end when the queue is empty; one process")
        parser.add_argument(
            "--interval", type=float, default=1.0, help="seconds between looks into an empty queue"
        )
        parser.add_argument("--name", help="do the work in this very process, under this name")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] or options["name"]:
            self._work(options)
            return
        command = [sys.executable, "manage.py", "worker", "--queues", options["queues"]]
        command += ["--interval", str(options["interval"])]
        Supervisor(options["processes"] or settings.WORKER_PROCESSES, command).run()

    def _work(self, options: dict[str, Any]) -> None:
        name = options["name"] or draw_worker_name()
        queues = "" if options["queues"] == EVERY_QUEUE else options["queues"]
        if settings.CELERY_BROKER_URL:
            from webapp.jobs.celery_engine import run_worker

            run_worker(name, queues=queues)
            return
        worker = GracefulWorker(
            queue_names=options["queues"].split(","),
            excluded_queue_names=[],
            interval=options["interval"],
            batch=options["batch"],
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=name,
        )
        worker.configure_signals()
        pulse = Pulse(name, queues=queues, parent=os.getppid() if options["name"] else None)
        pulse.start()
        log.info("worker_started", worker=name)
        try:
            worker.run()
        finally:
            pulse.end()
            log.info("worker_ended", worker=name)
