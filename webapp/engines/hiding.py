"""Recordings with their faces hidden, and what the audit measured."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings

from webapp.core.encrypted_path import StoredFile
from webapp.engines.findings import versions
from webapp.engines.translating import translated
from webapp.engines.values import HiddenVideo, HidingJob, HidingStep
from webapp.jobs.errors import PlanOutdated

if TYPE_CHECKING:
    from deid.audit import AuditTools
    from deid.task import Hiding
    from deid.work import Step, Work


def known_methods() -> tuple[str, ...]:
    from deid.hiders import METHODS

    return METHODS


def known_sounds() -> tuple[str, ...]:
    from deid.sound import AUDIO

    return AUDIO


@functools.cache
def known_donors() -> tuple[str, ...]:
    from deid.donors import list_donors

    return tuple(donor.name for donor in list_donors())


def plan_hiding(job: HidingJob) -> list[HidingStep]:
    """Return all steps that are known now; more may become known once these are done.

    Raises AppError for what cannot be done, OSError when the storage cannot be reached.
    """
    from deid.errors import ResultLost

    job.source.stat()
    with translated():
        steps: list[Step] | None = None
        while steps is None:
            with suppress(ResultLost):  # it is removed, so that each is lost once
                steps = _open(job).steps()
    return [
        HidingStep(one.kind, one.name, one.start_us, one.seconds, one.seconds * one.share, one.is_done)
        for one in steps
    ]


def hide_step(
    job: HidingJob, name: str, *, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> None:
    """Do one step and keep its result; doing it twice gives the same.

    Raises AppError for what cannot be done, Stopped once cancelled() is true, PlanOutdated when no such step
    is known, OSError when the storage cannot be reached.
    """
    from deid.errors import ResultLost, UnknownStep

    job.source.stat()
    job.folder.mkdir(parents=True, exist_ok=True)
    with translated():
        try:
            _open(job).do(name, progress=progress, cancelled=cancelled)
        except (UnknownStep, ResultLost):
            _open.cache_clear()  # whoever planned may have read other results than this process
            raise PlanOutdated from None


def forget_hiding(job: HidingJob, name: str) -> None:
    """Remove what a step kept, and whatever was read of the recording."""
    _open.cache_clear()
    for path in job.folder.glob(f"{name.rsplit('.', 1)[0]}.*"):
        path.unlink(missing_ok=True)


def finish_hiding(
    job: HidingJob,
    destination: StoredFile,
    *,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> HiddenVideo:
    """Join what all steps kept and return how it was made and what the audit measured on that file.

    progress is told the audit's share of 0..1. Raises AppError, Stopped, PlanOutdated when a step is missing
    or its result is, and OSError when the storage fails; then nothing stands under the destination's name,
    unless the audit was what went wrong.
    """
    from deid.audit import audit
    from deid.errors import ResultLost
    from deid.task import describe
    from emotion.media.source import partial_path

    if not all(step.is_done for step in plan_hiding(job)):
        raise PlanOutdated
    with translated():
        work = _open(job)
        try:
            report = work.finish(destination, cancelled=cancelled)
        except ResultLost:
            _open.cache_clear()
            raise PlanOutdated from None
        _open.cache_clear()
        found = audit(
            job.source,
            destination,
            tools=_load_tools(),
            control=partial_path(destination),
            progress=progress,
            cancelled=cancelled,
        )
    digest, size_bytes = hashlib.sha256(), 0
    with destination.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size_bytes += len(block)
    return HiddenVideo(
        recipe={**vars(report.task), "versions": versions(), "weights": _all_weights()},
        report=describe(report),
        privacy=found["privacy"],
        expression=found["expression"],
        media=found["media"],
        verdict=found["verdict"],
        reasons=found["reasons"],
        sha256=digest.hexdigest(),
        size_bytes=size_bytes,
    )


@functools.lru_cache(maxsize=1)
def _open(job: HidingJob) -> Work:
    """Return a recording's work; the next step of the same goes on with what the last one has read."""
    from deid.task import Task
    from deid.work import Work

    task = Task(job.method, audio=job.audio, donor=job.donor, seed=job.seed)
    return Work(job.source, task, hiding=_load_hiding(), keep=lambda name: job.folder / name)


@functools.cache
def _load_hiding() -> Hiding:
    from deid.task import load_hiding

    return load_hiding(settings.WEIGHTS_DIR, device=settings.DEVICE)


@functools.cache
def _load_tools() -> AuditTools:
    from deid.audit import load_tools

    return load_tools(settings.WEIGHTS_DIR, device=settings.DEVICE)


def _all_weights() -> dict[str, str]:
    from emotion.weights import WEIGHTS

    return {name: one.sha256 for name, one in WEIGHTS.items()}
