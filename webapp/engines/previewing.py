"""One frame of a recording with its faces hidden, before anybody waits for all of it."""

from __future__ import annotations

import functools
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from webapp.core.encrypted_path import StoredFile
from webapp.engines.translating import translated

if TYPE_CHECKING:
    from deid.preview import Previewer

WIDTH = 960
SMALL = 112
QUALITY = 85
MOST_REMEMBERED = 100
_ONE_AT_A_TIME = threading.Lock()
_is_warming = threading.Lock()  # never released: once is enough
_moments: dict[str, int] = {}  # by place of a recording; only with _ONE_AT_A_TIME


@dataclass(frozen=True)
class HiddenFrame:
    """A picture as JPEG. donor: whose face is in it, None where none is drawn. time_us: of the frame."""

    jpeg: bytes
    donor: str | None
    faces: int
    time_us: int


@dataclass(frozen=True)
class FaceAt:
    """A moment of a recording at which a face was found, and that face as it is, as a small JPEG."""

    time_us: int
    jpeg: bytes


def preview_hiding(
    source: StoredFile,
    method: str,
    *,
    donor: str,
    seed: int,
    taken: tuple[str, ...],
    at_us: int | None = None,
) -> HiddenFrame:
    """Return a frame as a method shows it. at_us: which, None for one that shows a face well. Raises AppError
    for what cannot be shown.
    """
    from deid.donor_rules import DonorRules
    from emotion.media.jpeg import encode_jpeg

    with translated(), _ONE_AT_A_TIME:
        rules = DonorRules(donor, seed, frozenset(taken), in_study=True)
        wanted_us = _moments.get(str(source)) if at_us is None else at_us
        shown = _load_previewer().show(source, method, rules, at_us=wanted_us)
        if at_us is None:
            _remember(str(source), shown.time_us)
    jpeg = encode_jpeg(shown.image_bgr, max_width=WIDTH, quality=QUALITY)
    return HiddenFrame(jpeg, shown.donor, shown.faces, shown.time_us)


def preview_moments(source: StoredFile) -> list[FaceAt]:
    """Return moments of a recording at which a face was found. Raises AppError for what cannot be read."""
    from emotion.media.jpeg import encode_jpeg

    with translated(), _ONE_AT_A_TIME:
        found = _load_previewer().moments(source)
    small = [encode_jpeg(one.image_bgr, max_width=SMALL, quality=QUALITY) for one in found]
    return [FaceAt(one.time_us, jpeg) for one, jpeg in zip(found, small, strict=True)]


def warm_previews() -> None:
    """Begin to load what a preview needs, so that nobody waits for it; once for each process."""
    if _is_warming.acquire(blocking=False):
        threading.Thread(target=_warm_up, name="warm-previews", daemon=True).start()


def _warm_up() -> None:
    from emotion.errors import EmotionError

    with _ONE_AT_A_TIME, suppress(EmotionError):  # said to whoever asks for a preview
        _load_previewer().warm_up()


def _remember(source: str, time_us: int) -> None:
    """Keep which frame of a recording shows a face best, and nothing of the frame. Originals never change."""
    _moments.pop(source, None)
    _moments[source] = time_us
    if len(_moments) > MOST_REMEMBERED:
        del _moments[next(iter(_moments))]


@functools.cache
def _load_previewer() -> Previewer:
    from deid.preview import Previewer

    return Previewer(settings.WEIGHTS_DIR, device=settings.DEVICE)
