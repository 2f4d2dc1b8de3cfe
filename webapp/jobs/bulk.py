"""One thing done to many jobs. Callers have narrowed the jobs to those that the person may steer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from webapp.core.errors import Conflict, Invalid
from webapp.jobs.models import Job
from webapp.jobs.services import Actor, cancel_job, pause_job, resume_job, retry_job

MOST = 1000
_ACTIONS = {
    "retry": (retry_job, "queued again"),
    "cancel": (cancel_job, "cancelled"),
    "pause": (pause_job, "paused"),
    "resume": (resume_job, "resumed"),
}


@dataclass(frozen=True)
class Outcome:
    """What became of it. left: jobs whose state did not allow it."""

    words: str
    changed: int
    left: int

    def __str__(self) -> str:
        jobs = f"{self.changed} job{'' if self.changed == 1 else 's'} {self.words}."
        return f"{jobs} {self.left} could not be, for their state does not allow it." if self.left else jobs


def chosen_jobs(jobs: QuerySet[Job], data: QueryDict) -> QuerySet[Job]:
    """Return those of the jobs that were ticked. Raises Invalid when none was."""
    try:
        wanted = [UUID(pk) for pk in data.getlist("job")[:MOST]]
    except ValueError:
        raise Invalid("Expected the numbers of jobs.") from None
    if not wanted:
        raise Invalid("Tick at least one job first.")
    return jobs.filter(pk__in=wanted)


def act_on(
    jobs: Iterable[Job], *, action: str, actor: Actor, study_of: Callable[[Job], int | None]
) -> Outcome:
    """Do one thing to each job on its own. Raises Invalid for an unknown action."""
    if action not in _ACTIONS:
        raise Invalid(f"Expected one of {', '.join(_ACTIONS)}, got “{action[:20]}”.")
    service, words = _ACTIONS[action]
    changed = left = 0
    for job in jobs:
        try:
            service(job=job, actor=actor, study_id=study_of(job))
            changed += 1
        except Conflict:
            left += 1
    return Outcome(words, changed, left)
