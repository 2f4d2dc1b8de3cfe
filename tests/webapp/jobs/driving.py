"""Doing jobs in this very process, step by step, as workers would."""

from __future__ import annotations

from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from webapp.jobs import running, segments
from webapp.jobs.models import Job, Segment

DOERS = {"run_job": running.run, "run_segment": segments.run}


def step() -> bool:
    """Deliver the first message that is due; False when there is none."""
    message = DBTaskResult.objects.ready().first()
    if message is None:
        return False
    DBTaskResult.objects.filter(pk=message.pk).update(status=TaskResultStatus.SUCCESSFUL)
    name = message.task_path.rsplit(".", 1)[1]
    DOERS[name](message.args_kwargs["args"][0], worker="w1")
    return True


def drive(job: Job, steps: int = 1000) -> Job:
    """Deliver messages until none is due; return the job as it is then."""
    while steps and step():
        steps -= 1
    job.refresh_from_db()
    return job


def work_through(job: Job) -> Job:
    """Do a whole job by what the ledger says, whichever engine carries the messages."""
    running.run(job.pk, worker="w1")
    for segment in Segment.objects.filter(job=job).order_by("position"):
        segments.run(segment.pk, worker="w1")
    running.run(job.pk, worker="w1")
    job.refresh_from_db()
    return job


def states(job: Job) -> list[str]:
    return list(Segment.objects.filter(job=job).values_list("state", flat=True))
