"""Detect -> track -> hide -> write -> look again -> rename. Fails closed: no doubt, no file.

hiding = load_hiding(device="cpu")
report = deidentify(Path("p.mp4"), Path("out.mp4"), Task("blur"), hiding=hiding)
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path

from deid.cover import CoverOptions
from deid.steps import Step
from deid.task import Hiding, Report, Task
from deid.work import Work
from emotion.errors import OutputUnwritable
from emotion.types import MediaPath

Progress = Callable[[float], None]


def deidentify(
    source: MediaPath,
    destination: MediaPath,
    task: Task,
    *,
    hiding: Hiding,
    options: CoverOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Write the file with its faces hidden and return what was done.

    Nothing stands under the destination's name unless everything went well. Raises UnknownMethod,
    UnknownTrack, DamagedVideo, OutputDiffers, FaceRemains, OutputUnwritable, Cancelled, and what reading a
    video raises.
    """
    if _is_same(source, destination):
        raise OutputUnwritable("expected another name than the original's, which is never overwritten")
    token = secrets.token_hex(8)
    kept: dict[str, MediaPath] = {}

    def keep(name: str) -> MediaPath:
        return kept.setdefault(name, destination.with_name(f".{token}-{name}.part"))

    work = Work(source, task, hiding=hiding, keep=keep, options=options)
    reached = _Reached(work.seconds, progress)
    try:
        while left := [step for step in work.steps() if not step.is_done]:
            for step in left:
                work.do(step.name, progress=partial(reached.tell, step), cancelled=cancelled)
                reached.tell(step, 1.0)
        return work.finish(destination, cancelled=cancelled)
    except OSError as error:
        raise OutputUnwritable(
            f"the result could not be written ({error.strerror}); free some space"
        ) from error
    finally:
        for path in kept.values():
            path.unlink(missing_ok=True)


class _Reached:
    """One fraction for all steps; what is written a second time counts no more."""

    def __init__(self, seconds: float, progress: Progress | None) -> None:
        self._seconds, self._progress = seconds, progress
        self._done: dict[str, float] = {}

    def tell(self, step: Step, fraction: float) -> None:
        """Say that so much of a step is done, 0..1."""
        self._done[step.name] = step.share * step.seconds * min(1.0, fraction)
        if self._progress is not None:
            self._progress(min(1.0, sum(self._done.values()) / self._seconds))


def _is_same(source: MediaPath, destination: MediaPath) -> bool:
    if isinstance(source, Path) and isinstance(destination, Path):
        return destination.exists() and source.samefile(destination)
    return source == destination
