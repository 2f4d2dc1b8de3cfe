"""The two tasks in the queue: everything that the work needs stands in the ledger."""

from __future__ import annotations

from uuid import UUID

from django_tasks import TaskContext, task

from webapp.jobs import running, segments


@task(takes_context=True, queue_name="cpu")
def run_job(context: TaskContext, job_id: str) -> None:
    running.run(UUID(job_id), worker=_worker(context))


@task(takes_context=True, queue_name="cpu")
def run_segment(context: TaskContext, segment_id: str) -> None:
    segments.run(UUID(segment_id), worker=_worker(context))


def _worker(context: TaskContext) -> str:
    workers = context.task_result.worker_ids
    return workers[-1] if workers else ""
