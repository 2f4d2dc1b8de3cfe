"""A second, different face detector, which looks only for what the first one missed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from emotion import weights
from emotion.geometry import clip_boxes, non_maximum_suppression
from emotion.inference import open_session
from emotion.types import Float, Image

INPUT_WH: Final = (320, 240)
SCORE_LIMIT: Final = 0.8
IOU_LIMIT: Final = 0.4


class UltraLight:
    """The RFB-320 network: another architecture, other training and another input than CenterFace.

    Ultra-Light-Fast-Generic-Face-Detector-1MB, version RFB, 2019.
    """

    def __init__(
        self, weights_dir: Path | None = None, *, score_limit: float = SCORE_LIMIT, device: str = "cpu"
    ) -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        path = weights.path_of("ultralight", weights_dir)
        self._session = open_session(path, device=device, threads=1)
        self._input_name = self._session.get_inputs()[0].name
        self._score_limit = score_limit

    def find(self, image_bgr: Image) -> tuple[Float, Float]:
        """Return the faces of a frame (H, W, 3): boxes (N, 4) in its pixels and scores (N,), best first."""
        squeezed = cv2.resize(image_bgr, INPUT_WH, interpolation=cv2.INTER_LINEAR)
        inputs = (squeezed[..., ::-1].astype(np.float32) - 127) / 128
        scores, boxes = self._session.run(None, {self._input_name: inputs.transpose(2, 0, 1)[None]})
        faces = scores[0, :, 1]
        likely = np.flatnonzero(faces > self._score_limit)
        height, width = image_bgr.shape[:2]
        boxes_px = boxes[0, likely] * np.array([width, height, width, height], np.float32)
        keep = non_maximum_suppression(boxes_px, faces[likely], IOU_LIMIT)
        return clip_boxes(boxes_px[keep], (height, width)), faces[likely][keep]
