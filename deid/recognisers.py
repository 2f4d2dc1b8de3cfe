"""Who is it: two independent recognition networks, each with what it takes for one person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from emotion import weights
from emotion.geometry import similarity_transform
from emotion.identify import SIDE, TEMPLATE, Embedder, FaceFeature
from emotion.inference import open_session
from emotion.types import Detections, Float, Image

DLIB_SIDE: Final = 150
DLIB_SCALE: Final = 0.9  # of the template within the picture: best of five on 21 people
MEAN_RGB: Final = np.array([122.782, 117.001, 104.298], np.float32)


class DlibIdentity:
    """dlib's ResNet with 128 values, as face-api ships it, on faces aligned by their five points.

    King, "High quality face recognition with deep metric learning", 2017.
    """

    size = 128

    def __init__(self, weights_dir: Path | None = None, *, device: str = "cpu", threads: int = 0) -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        path = weights.path_of("identity-dlib", weights_dir)
        self._session = open_session(path, device=device, threads=threads)
        self._input_name = self._session.get_inputs()[0].name
        self._template = (TEMPLATE - SIDE / 2) / SIDE * DLIB_SIDE * DLIB_SCALE + DLIB_SIDE / 2

    def embed(self, image_bgr: Image, detections: Detections) -> Float:
        """Return unit vectors (N, 128), one per face; image_bgr (H, W, 3) is not modified."""
        if len(detections) == 0:
            return np.zeros((0, self.size), np.float32)
        faces = np.stack([self._align(image_bgr, points) for points in detections.points_px])
        inputs = (faces[..., ::-1].astype(np.float32) - MEAN_RGB) / 256
        output = self._session.run(None, {self._input_name: inputs.transpose(0, 3, 1, 2)})[0]
        lengths = np.linalg.norm(output, axis=1, keepdims=True)
        return np.asarray(output / np.maximum(lengths, 1e-9), np.float32)

    def _align(self, image_bgr: Image, points_px: Float) -> Image:
        if float(np.ptp(points_px, axis=0).max()) < 1.0:
            return np.zeros((DLIB_SIDE, DLIB_SIDE, 3), np.uint8)
        matrix = similarity_transform(points_px, self._template)
        size = (DLIB_SIDE, DLIB_SIDE)
        return np.asarray(cv2.warpAffine(image_bgr, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)


@dataclass(frozen=True)
class Identifier:
    """A network and the cosine that 1 % of pairs of different people reach."""

    name: str
    embedder: Embedder
    far_1e2: float


def load_identifiers(weights_dir: Path | None = None, *, device: str = "cpu") -> tuple[Identifier, ...]:
    """Return both networks. Raises WeightsMissing, WeightsMismatch or DeviceUnavailable.

    Thresholds: measured by us on 63 pictures of 21 talking people.
    """
    return (
        Identifier("identity", FaceFeature(weights_dir, device=device), 0.242),
        Identifier("identity-dlib", DlibIdentity(weights_dir, device=device), 0.921),
    )
