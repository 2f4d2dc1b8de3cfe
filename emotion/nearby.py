"""Find the faces of neighbouring frames: one look at the whole, then looks at where the faces just were.

A face moves little between two samples, and the part of the frame around it costs a fifth of the frame. So
only the first frame is looked at as a whole, and every frame in which somebody who was there is missing: a
face that is lost, turns away or leaves is searched for everywhere. Who comes into the picture beside somebody
else is found with the next first frame, which sampling.py makes once a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from emotion.detect import FaceDetector
from emotion.geometry import iou_matrix, non_maximum_suppression
from emotion.types import Detections, Image

SAME_FACE: Final = 0.3  # overlap of two boxes of one face in one frame
MOST_FACES: Final = 4  # so many looks cost what a look at the whole frame does


def detect_along(detector: FaceDetector, images_bgr: Sequence[Image]) -> list[Detections]:
    """Return the faces of each of some neighbouring frames of one size (H, W, 3), each best score first."""
    found: list[Detections] = []
    most = 0
    for image in images_bgr:
        everybody = bool(found) and 0 < len(found[-1]) == most <= MOST_FACES
        near = _detect_near(detector, image, found[-1]) if everybody else None
        found.append(detector.detect(image) if near is None else near)
        most = max(most, len(found[-1]))
    return found


def _detect_near(detector: FaceDetector, image: Image, before: Detections) -> Detections | None:
    """Return the faces near those of the frame before, None when one of them is not there any more."""
    looks = [detector.detect_around(image, box_px) for box_px in before.boxes_px]
    boxes_px, scores, points_px = (
        np.concatenate([getattr(look, name) for look in looks])
        for name in ("boxes_px", "scores", "points_px")
    )
    best = non_maximum_suppression(boxes_px, scores, SAME_FACE)
    faces = Detections(boxes_px, scores, points_px).only(best)
    stays = (iou_matrix(before.boxes_px, faces.boxes_px) > 0).any(axis=1)
    return faces if stays.all() and len(faces) >= len(before) else None
