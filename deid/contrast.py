"""Give a donor as much contrast in small things as the person's picture has: brows, lips, folds, skin.

Rendered faces are softer than a camera's pictures, and expression networks look at what is small. On three
clips (shared/data), donors are given 1.04 to 1.8 times their own; the record of a run says how much
(`contrast`). Of the person one number passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from deid.blend import face_mask, small_contrast
from deid.draw import COVERED, Motion, RenderedFace, draw_donor, width_of
from deid.fit import OVAL
from deid.moments import spread
from emotion.types import Image

COMPARED: Final = 3  # frames
RANGE: Final = (1.0, 2.0)


def match_contrast(face: RenderedFace, frames: Sequence[tuple[Image, Motion]]) -> RenderedFace:
    """Return the face with the contrast that the person has in the median of some of the frames (H, W, 3),
    which are not modified; as it is when there are none.
    """
    bare = [one for one in frames if one[1].held is None]
    ratios = [_ratio(face, *bare[at]) for at in spread(len(bare), COMPARED)]
    known = [ratio for ratio in ratios if np.isfinite(ratio)]
    if not known:
        return face
    return replace(face, contrast=round(float(np.clip(np.median(known), *RANGE)), 3))


def _ratio(face: RenderedFace, image_bgr: Image, motion: Motion) -> float:
    """Return how many times the contrast of the drawn face the person's is, NaN when neither can be seen."""
    points = motion.points_px
    mask = face_mask(points[list(OVAL)], (image_bgr.shape[0], image_bgr.shape[1]), grow=COVERED)
    drawn = draw_donor(image_bgr, face, motion)
    own, its = (small_contrast(picture, mask, width_of(points)) for picture in (image_bgr, drawn))
    return own / its if its else float("nan")
