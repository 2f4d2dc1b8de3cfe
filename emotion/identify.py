"""Who is who within one recording: embeddings that join the pieces of a person's track. Never stored with
results.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from emotion import weights
from emotion.geometry import similarity_transform
from emotion.inference import open_session
from emotion.types import Detections, Float, Image

SIDE: Final = 112
# Where the five points of a face go in a 112 px crop: Deng et al., ArcFace, 2019, arXiv:1801.07698.
TEMPLATE: Final = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float32,
)


class Embedder(Protocol):
    """Describes faces so that the same person's lie close together."""

    @property
    def size(self) -> int:
        """How many values describe a face."""
        ...

    def embed(self, image_bgr: Image, detections: Detections) -> Float:
        """Return unit vectors (N, size), one per face."""
        ...


class FaceFeature:
    """The 512-value MobileFaceNet of the record "identity", on faces aligned by their five points."""

    size = 512

    def __init__(self, weights_dir: Path | None = None, *, device: str = "cpu", threads: int = 0) -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        self._session = open_session(weights.path_of("identity", weights_dir), device=device, threads=threads)
        self._input_name = self._session.get_inputs()[0].name

    def embed(self, image_bgr: Image, detections: Detections) -> Float:
        """Return unit vectors (N, 512), one per face; image_bgr (H, W, 3) is not modified."""
        if len(detections) == 0:
            return np.zeros((0, self.size), np.float32)
        faces = np.stack(
            [_align(image_bgr, points) for points in detections.points_px]
        )  # (N, 112, 112, 3) BGR
        inputs = (faces[..., ::-1].astype(np.float32) - 127.0) / 128.0
        output = self._session.run(None, {self._input_name: inputs.transpose(0, 3, 1, 2)})[0]  # (N, 512)
        lengths = np.linalg.norm(output, axis=1, keepdims=True)
        return np.asarray(output / np.maximum(lengths, 1e-9), np.float32)


def _align(image_bgr: Image, points_px: Float) -> Image:
    if float(np.ptp(points_px, axis=0).max()) < 1.0:
        return np.zeros((SIDE, SIDE, 3), np.uint8)
    matrix = similarity_transform(points_px, TEMPLATE)
    return np.asarray(cv2.warpAffine(image_bgr, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8)
