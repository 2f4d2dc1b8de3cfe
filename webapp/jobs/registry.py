"""Kinds of jobs. Each app adds its own from AppConfig.ready, so that jobs knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webapp.jobs.context import JobContext
    from webapp.jobs.models import Job
    from webapp.jobs.segments import SegmentContext


def _always(_job: Job) -> bool:
    return True


def _nothing_yet(_job: Job) -> float:
    return 0.0


def _nothing(_job: Job) -> None:
    return None


def _no_more(_job: Job) -> str:
    return ""


@dataclass(frozen=True)
class PlannedSegment:
    """A stretch of a job. name: unique in the job. label: where it lies, in words without personal data.

    media_s: seconds of recording. is_done: its result is kept already, from this job or an earlier one.
    """

    name: str
    label: str
    input: Mapping[str, Any]
    media_s: float
    is_done: bool = False


@dataclass(frozen=True)
class Segmented:
    """How a job is cut. plan: every stretch that the result needs, asked anew whenever the job is taken up.

    work: does one stretch and keeps its result where plan finds it; doing it twice does no harm. queue: "cpu"
    or "gpu", asked when a segment is queued. whole_s: seconds of recording that all segments and what follows
    come to, where plan does not know all of them at first.
    """

    plan: Callable[[JobContext], Sequence[PlannedSegment]]
    work: Callable[[SegmentContext], None]
    queue: Callable[[], str]
    whole_s: Callable[[Job], float] = _nothing_yet


@dataclass(frozen=True)
class JobKind:
    """What a kind is called, how its work is done, when a waiting job may go on, and what follows a failure.

    label: words for the page. run: does the work, raises AppError with a sentence for what cannot be done.
    segmented: None for short work; else run only joins what the segments kept. may_start: False keeps the job
    waiting for consent. on_failed: called in the transaction that marks the job failed or cancelled. about:
    which of several on one subject a job is, in words without personal data and without asking the database.
    """

    name: str
    label: str
    run: Callable[[JobContext], None]
    segmented: Segmented | None = None
    may_start: Callable[[Job], bool] = _always
    on_failed: Callable[[Job], None] = _nothing
    about: Callable[[Job], str] = _no_more


_KINDS: dict[str, JobKind] = {}


def register_kind(kind: JobKind) -> None:
    _KINDS[kind.name] = kind


def find_kind(name: str) -> JobKind | None:
    return _KINDS.get(name)


def label_of(name: str) -> str:
    """Return the words for a kind; its bare name when the app that knew it is gone."""
    kind = _KINDS.get(name)
    return kind.label if kind else name.replace("_", " ")


def words_of(job: Job) -> str:
    """Return what a job is called: its kind, and which one it is where there are several on one subject."""
    kind = _KINDS.get(job.kind)
    about = kind.about(job) if kind else ""
    return f"{label_of(job.kind)}: {about}" if about else label_of(job.kind)


def known_kinds() -> tuple[JobKind, ...]:
    return tuple(_KINDS.values())


_SWEEPS: list[Callable[[], object]] = []


def register_sweep(sweep: Callable[[], object]) -> None:
    """Have every worker call this several times a minute; it must be cheap when there is nothing to do."""
    _SWEEPS.append(sweep)


def sweeps() -> tuple[Callable[[], object], ...]:
    return tuple(_SWEEPS)
