"""The one task in the queue: everything that a job needs stands in the ledger."""

from __future__ import annotations

from uuid import UUID

from django_tasks import TaskContext, task

from webapp.jobs import running


@task(takes_context=True)
def run_job(context: TaskContext, job_id: str) -> None:
    workers = context.task_result.worker_ids
    running.run(UUID(job_id), worker=workers[-1] if workers else "")
