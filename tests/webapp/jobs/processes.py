"""Worker processes that share the test's database and die as they are told to."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import NoReturn

import cv2
from django.conf import settings
from django.db import connections

from webapp.jobs import leases, sweeping
from webapp.jobs.management.commands.worker import GracefulWorker
from webapp.jobs.models import UNFINISHED, Job
from webapp.jobs.pulse import Pulse, draw_worker_name

LOADED_HERE_ONCE = ["webapp.urls"]  # not in every worker
if settings.CELERY_BROKER_URL:
    LOADED_HERE_ONCE += ["celery.apps.worker", "celery.bin.worker", "celery.concurrency.solo"]
    LOADED_HERE_ONCE += ["kombu.transport.redis"]
for name in LOADED_HERE_ONCE:
    import_module(name)

PATIENCE_S = 60.0
Patch = Callable[[], None]
_living: set[int] = set()


def start(work: Callable[[], None]) -> int:
    """Do something in a process of its own, forked from this one; return its number."""
    connections.close_all()
    pid = os.fork()
    if pid:
        _living.add(pid)
        return pid
    status = 1
    try:
        leases._held.clear()
        leases.stopping.clear()
        sweeping.watcher.cache_clear()
        cv2.setNumThreads(0)  # its threads did not come along
        work()
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def start_worker(patch: Patch = lambda: None) -> int:
    """Start a worker as manage.py does; patch prepares its end."""

    def work() -> None:
        patch()
        name = draw_worker_name()
        if settings.CELERY_BROKER_URL:
            from webapp.jobs.celery_engine import run_worker

            run_worker(name, queues="")
            return
        worker = GracefulWorker(
            queue_names=["*"],
            excluded_queue_names=[],
            interval=0.02,
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=name,
        )
        worker.configure_signals()
        pulse = Pulse(name)
        pulse.start()
        try:
            worker.run()
        finally:
            pulse.end()

    return start(work)


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nothing survives SIGKILL")


def end_of(pid: int) -> int:
    """Wait for a process; return its exit status, or minus the signal that killed it."""
    _, status = os.waitpid(pid, 0)
    _living.discard(pid)
    return os.waitstatus_to_exitcode(status)


def end_all() -> None:
    """Kill what a test that failed has left running."""
    for pid in tuple(_living):
        os.kill(pid, signal.SIGKILL)
        end_of(pid)


def wait_until(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    until = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until, "it did not come to this in time"
        time.sleep(0.02)


def finish_with_another_worker(job: Job, patch: Patch = lambda: None) -> Job:
    """Let a fresh worker do what is left, until the job has ended; return the job."""
    survivor = start_worker(patch)
    try:
        wait_until(lambda: not Job.objects.filter(pk=job.pk, state__in=UNFINISHED).exists())
    finally:
        connections.close_all()
        os.kill(survivor, signal.SIGTERM)
        status = end_of(survivor)
        assert status == 0, status
    job.refresh_from_db()
    return job
