"""Recordings with their faces hidden, and what the audit measured."""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from webapp.core.encrypted_path import EncryptedPath, StoredFile
from webapp.core.encryption import KEY_BYTES
from webapp.core.errors import AppError
from webapp.core.scratch import scratch_dir
from webapp.engines.averaging import describe_look, look_of
from webapp.engines.drawing import drawn as _drawn
from webapp.engines.findings import versions
from webapp.engines.sounding import MARKED
from webapp.engines.sounding import span as _span
from webapp.engines.translating import translated
from webapp.engines.values import HiddenVideo, HidingJob, HidingStep, Judging
from webapp.jobs.errors import PlanOutdated

if TYPE_CHECKING:
    from deid.audit import AuditTools
    from deid.delivery import Delivery
    from deid.steps import Step
    from deid.task import Hiding, Task

MOST_LOST: Final = 100  # parts of one job that may turn out damaged before somebody has to look


def known_methods() -> tuple[str, ...]:
    from deid.hiders import METHODS

    return METHODS


def known_sounds() -> tuple[str, ...]:
    """Return what may become of the sound. MARKED is mask in marked spans, of which there must be one."""
    from deid.sound import AUDIO

    return (*AUDIO, MARKED)


@functools.cache
def known_donors() -> tuple[str, ...]:
    from deid.donors import donor_names

    return donor_names()


def donor_methods() -> tuple[str, ...]:
    """Return the methods that put a donor in place of a face."""
    from deid.hiders import DONORS_DRAWN

    return DONORS_DRAWN


def donors_of_people() -> tuple[str, ...]:
    """Return the donors that people of a study may get; the others are for those who pass by."""
    from deid.donors import study_donors

    return tuple(name for name in known_donors() if name in study_donors())


def main_donor(job: HidingJob, name: str) -> str | None:
    """Return the donor that a casting chose for the person whom the camera is pointed at, None for none.

    Raises PlanOutdated when it is damaged, which is removed then, OSError when the storage cannot be reached.
    """
    from deid.json_files import read_json

    try:
        said = read_json(job.folder / name)
        chosen = [said["donors"][str(track)] for track in said["main_tracks"]]
    except (ValueError, KeyError, TypeError):
        forget_hiding(job, name)
        raise PlanOutdated from None
    return chosen[0] if chosen else None


def plan_hiding(job: HidingJob) -> list[HidingStep]:
    """Return all steps that are known now; more may become known once these are done.

    Raises AppError for what cannot be done, OSError when the storage cannot be reached.
    """
    from deid.errors import ResultLost

    job.source.stat()
    with translated():
        for _ in range(MOST_LOST):
            with suppress(ResultLost):  # it is removed, so that each is lost once
                return [_as_step(one) for one in _take_over(job).steps()]
        return [_as_step(one) for one in _take_over(job).steps()]


def _as_step(one: Step) -> HidingStep:
    return HidingStep(one.kind, one.name, one.start_us, one.seconds, one.seconds * one.share, one.is_done)


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


def keep_parts(folder: StoredFile) -> None:
    """Remove what a job that is done kept, but for what another one on the same recording may use again."""
    from deid.steps import CAST, LOOK, WATCH, WRITE

    parts = tuple(f"{kind}-" for kind in (LOOK, WATCH, CAST, WRITE))
    for path in folder.glob("*"):
        if not path.name.startswith(parts) or path.name.endswith(".part"):
            path.unlink(missing_ok=True)


def usual_limits() -> dict[str, float]:
    """Return what is asked of a file by a study that set nothing of its own."""
    from deid.verdict import Thresholds

    return asdict(Thresholds())


def finish_hiding(
    job: HidingJob,
    judging: Judging,
    *,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> HiddenVideo:
    """Return how the file was made and what the audit measured on it, once all steps are done.

    Raises AppError, Stopped once cancelled() is true, PlanOutdated when a step or its result is missing, and
    OSError when the storage fails.
    """
    from deid.audit import AuditOptions
    from deid.errors import ResultLost
    from deid.verdict import Thresholds

    options = AuditOptions(
        judging.others, skips_unseen=True, with_strangers=True, thresholds=Thresholds(**judging.limits)
    )
    if not all(step.is_done for step in plan_hiding(job)):
        raise PlanOutdated
    with translated():
        try:
            found = _open(job).conclude(options=options, progress=progress, cancelled=cancelled)
        except ResultLost:
            raise PlanOutdated from None
        finally:
            _open.cache_clear()
    digest, size_bytes = hashlib.sha256(), 0
    with job.destination.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size_bytes += len(block)
    return HiddenVideo(
        recipe=_recipe(_task(job)),
        report=found["report"],
        privacy=found["privacy"],
        expression=found["expression"],
        media=found["media"],
        verdict=found["verdict"],
        reasons=found["reasons"],
        limits=judging.limits,
        sha256=digest.hexdigest(),
        size_bytes=size_bytes,
    )


def _task(job: HidingJob) -> Task:
    """Return what the library is to do. Raises AppError for a sound that is marked nowhere, of which mask
    would make noise, and for spans that some other sound would leave to be heard.
    """
    from deid.task import Task

    if (job.audio == MARKED) != bool(job.spans):
        raise AppError("Spans of the sound and what becomes of it do not go together.", code="no_spans")
    return Task(
        job.method,
        exempt=job.exempt,
        audio="mask" if job.audio == MARKED else job.audio,
        donor=job.donor,
        seed=job.seed,
        taken=job.taken,
        in_study=True,
        neutral_s=job.neutral_s,
        covers=tuple(_drawn(cover) for cover in job.covers),
        spans=tuple(_span(one) for one in job.spans),
        look=None if job.look is None else look_of(job.look),
    )


def _recipe(task: Task) -> dict[str, Any]:
    """Return all that the bytes of a result rest on beside the recording, as plain values."""
    covers = [cover.as_dict() for cover in task.covers]
    spans = [asdict(one) for one in task.spans]
    said = {"covers": covers, "spans": spans, "look": describe_look(task.look)}
    return {**vars(task), **said, "versions": versions(), "weights": _all_weights()}


def _take_over(job: HidingJob) -> Delivery:
    """Return a recording's work, with whatever an earlier job left of it.

    Raises AppError when somebody is left as they are whose number is from faces that are gone: looked for
    again, the number may be that of somebody else.
    """
    from deid.steps import LOOK

    found, earlier = _open(job), job.earlier
    if earlier is not None:
        job.folder.mkdir(parents=True, exist_ok=True)
        found.take_over(lambda name: earlier / name)
    if job.exempt and not all(step.is_done for step in found.steps() if step.kind == LOOK):
        raise AppError(
            "The faces of the version before are gone, so people would be numbered anew. Nobody is left as "
            "they are. Make a version that hides everybody first.",
            code="numbered_anew",
        )
    return found


@functools.lru_cache(maxsize=1)
def _open(job: HidingJob) -> Delivery:
    """Return a recording's work; the next step of the same goes on with what the last one has read."""
    from deid.delivery import AUDIT, JOIN, Delivery
    from deid.steps import CAST, LOOK, WATCH, WRITE, kind_of
    from deid.work import Work

    kept, nobodys = (LOOK, WATCH, CAST, WRITE, JOIN, AUDIT), secrets.token_bytes(KEY_BYTES)

    def keep(name: str) -> StoredFile:
        if kind_of(name) in kept:
            return job.folder / name
        # Frames of other people, for a moment: not among this person's files, under a key that nobody keeps.
        return EncryptedPath(scratch_dir() / name, nobodys, name)

    work = Work(job.source, _task(job), hiding=load_hiding_networks(), keep=keep)
    return Delivery(work, job.source, job.destination, tools=_load_tools, keep=keep)


@functools.cache
def load_hiding_networks() -> Hiding:
    """Return the networks of a de-identification, loaded once for each process."""
    from deid.task import load_hiding

    return load_hiding(settings.WEIGHTS_DIR, device=settings.DEVICE)


@functools.cache
def _load_tools() -> AuditTools:
    from deid.audit import load_tools

    return load_tools(settings.WEIGHTS_DIR, device=settings.DEVICE)


def _all_weights() -> dict[str, str]:
    from emotion.weights import WEIGHTS

    return {name: one.sha256 for name, one in WEIGHTS.items()}
