"""The task API over Celery: how its messages are sent, counted and taken."""

from __future__ import annotations

import signal
import sys
import uuid
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from celery import signals
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import TaskContext, TaskResult, TaskResultStatus
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task

from webapp.celery import app
from webapp.jobs import leases
from webapp.jobs.pulse import Pulse, draw_worker_name

log = structlog.get_logger(__name__)

#: In Redis 0 goes first and 9 last.
FIRST, USUAL, LAST = 0, 6, 9
ALONE = ("--pool=solo", "--loglevel=WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat")


class CeleryBackend(BaseTaskBackend):
    """Sends a message once the transaction is committed. One that the broker does not take is sent again by a
    sweep, for the ledger knows that it is missing.
    """

    supports_defer = True
    supports_priority = True

    def enqueue(self, task: Task[Any, Any], args: Any, kwargs: Any) -> TaskResult[Any]:
        self.validate_task(task)
        result = _result(task, str(uuid.uuid4()), args, kwargs)
        transaction.on_commit(partial(_send, task, result), robust=True)
        return result


def _send(task: Task[Any, Any], result: TaskResult[Any]) -> None:
    deliver.apply_async(
        (task.module_path, result.id, result.args, result.kwargs),
        task_id=result.id,
        queue=task.queue_name,
        priority=min(LAST, max(FIRST, USUAL - task.priority)),
        countdown=_seconds_until(task.run_after),
    )


@app.task(name="webapp.deliver")  # type: ignore[untyped-decorator]
def deliver(path: str, message_id: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Call the task that a message names."""
    task = import_string(path)
    result = _result(task, message_id, args, kwargs, workers=[_Living.name])
    task.call(TaskContext(task_result=result), *args, **kwargs)


def count_messages() -> int:
    """Return how many messages wait in all queues; those that workers hold do not count."""
    queues = settings.TASKS["default"]["QUEUES"]
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        return sum(channel.queue_declare(queue, passive=False).message_count for queue in queues)


def run_worker(name: str, *, queues: str) -> None:
    """Take messages in this very process, one at a time, until it is told to end."""
    queues = queues or ",".join(settings.TASKS["default"]["QUEUES"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until Celery's own answer stands
    _Living.begin(name, queues)
    try:
        app.worker_main(["--quiet", "worker", f"--hostname={name}", f"--queues={queues}", *ALONE])
    finally:
        _Living.end()


class _Living:
    """The pulse of this process: begun by run_worker, or in each child of a `celery worker`."""

    name = ""
    pulse: Pulse | None = None

    @classmethod
    def begin(cls, name: str, queues: str = "") -> None:
        if cls.pulse is None:
            cls.name, cls.pulse = name, Pulse(name, queues=queues)
            cls.pulse.start()
            log.info("worker_started", worker=name)

    @classmethod
    def end(cls) -> None:
        if cls.pulse is not None:
            cls.pulse.end()
            cls.pulse = None
            log.info("worker_ended", worker=cls.name)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def _begin_in_child(**_: Any) -> None:
    _Living.begin(draw_worker_name())


@signals.worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _end_in_child(**_: Any) -> None:
    _Living.end()


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _hand_back(**_: Any) -> None:
    leases.stopping.set()


def _result(
    task: Task[Any, Any], message_id: str, args: Any, kwargs: Any, *, workers: list[str] | None = None
) -> TaskResult[Any]:
    return TaskResult(
        task=task,
        id=message_id,
        status=TaskResultStatus.READY,
        enqueued_at=timezone.now(),
        started_at=None,
        finished_at=None,
        last_attempted_at=None,
        args=list(args),
        kwargs=dict(kwargs),
        backend=task.backend,
        errors=[],
        worker_ids=workers or [],
    )


def _seconds_until(moment: datetime | None) -> float | None:
    return None if moment is None else max(0.0, (moment - timezone.now()).total_seconds())
