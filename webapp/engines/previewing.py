"""One frame of a recording with its faces hidden, before anybody waits for all of it."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from webapp.core.encrypted_path import StoredFile
from webapp.engines.translating import translated

if TYPE_CHECKING:
    from deid.preview import Previewer

WIDTH = 960
QUALITY = 85
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class HiddenFrame:
    """A picture as JPEG. donor: whose face is in it, None where none is drawn."""

    jpeg: bytes
    donor: str | None
    faces: int


def preview_hiding(
    source: StoredFile, method: str, *, donor: str, seed: int, taken: tuple[str, ...]
) -> HiddenFrame:
    """Return a frame as a method shows it. Raises AppError for what cannot be shown."""
    from deid.donor_rules import DonorRules
    from emotion.media.jpeg import encode_jpeg

    with translated(), _ONE_AT_A_TIME:
        rules = DonorRules(donor, seed, frozenset(taken), in_study=True)
        shown = _load_previewer().show(source, method, rules)
    jpeg = encode_jpeg(shown.image_bgr, max_width=WIDTH, quality=QUALITY)
    return HiddenFrame(jpeg, shown.donor, shown.faces)


@functools.cache
def _load_previewer() -> Previewer:
    from deid.preview import Previewer

    return Previewer(settings.WEIGHTS_DIR, device=settings.DEVICE)
