"""468 points of a face, and what they say of its expression in a few plain distances."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from emotion import weights
from emotion.geometry import similarity_transform
from emotion.inference import open_session
from emotion.types import Float, Image

SIDE: Final = 192
POINTS: Final = 468
MARGIN: Final = 1.5  # side of the square that the network sees, in sides of the face box
PRESENCE: Final = 0.5
CHANNELS: Final = (
    *("mouth_open", "mouth_width", "lip_corner_lift", "lip_corner_tilt"),
    *("eye_open", "brow_height", "brow_gap"),
)


@dataclass(frozen=True)
class Mesh:
    """points_px: (468, 3) in pixels of the frame, z of the same scale, smaller is nearer. score: 0..1."""

    points_px: Float
    score: float


class FaceMesh:
    """MediaPipe's face mesh on a square about the face, turned upright.

    Kartynnik et al., 2019, https://arxiv.org/abs/1907.06724.
    """

    def __init__(self, weights_dir: Path | None = None, *, device: str = "cpu", threads: int = 1) -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        path = weights.path_of("face-mesh", weights_dir)
        self._session = open_session(path, device=device, threads=threads)
        self._input_name = self._session.get_inputs()[0].name

    def find(self, image_bgr: Image, points_px: Float, box_px: Float) -> Mesh | None:
        """Return the mesh of a face, None when the network sees none.

        image_bgr: (H, W, 3), not modified. points_px: (5, 2) as in Detections. box_px: (4,).
        """
        side = MARGIN * float(max(box_px[2] - box_px[0], box_px[3] - box_px[1]))
        centre = np.asarray((box_px[:2] + box_px[2:]) / 2, np.float32)
        return self._find(image_bgr, centre, side, _roll(points_px[0], points_px[1]))

    def follow(self, image_bgr: Image, before_px: Float) -> Mesh | None:
        """Return the mesh of a face whose mesh before_px (468, 3) a moment ago is known; None as find."""
        flat = before_px[:, :2]
        low, high = flat.min(axis=0), flat.max(axis=0)
        side = MARGIN * float((high - low).max())
        return self._find(image_bgr, (low + high) / 2, side, _roll(flat[33], flat[263]))

    def _find(self, image_bgr: Image, centre: Float, side: float, roll: float) -> Mesh | None:
        if side < 1:
            return None
        turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]]) * side / SIDE
        offset = np.asarray(centre, np.float64) - turn @ np.array([SIDE / 2, SIDE / 2])
        to_frame = np.column_stack([turn, offset])
        square = cv2.warpAffine(
            image_bgr, to_frame, (SIDE, SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        inputs = square[..., ::-1].astype(np.float32).transpose(2, 0, 1)[None] / np.float32(255)
        output = self._session.run(None, {self._input_name: np.ascontiguousarray(inputs)})[0][0]
        if output[-1] < PRESENCE:
            return None
        seen = output[:-1].reshape(POINTS, 3)
        points = np.empty((POINTS, 3), np.float32)
        points[:, :2] = seen[:, :2] @ turn.T + offset
        points[:, 2] = seen[:, 2] * (side / SIDE)
        return Mesh(points, float(output[-1]))


def _roll(left: Float, right: Float) -> float:
    return float(np.arctan2(right[1] - left[1], right[0] - left[0]))


def read_channels(points_px: Float) -> Float:
    """Return the values (7,) of CHANNELS, in distances between the outer eye corners.

    points_px: (468, 3). Measured in three dimensions, so that turning the head changes little.
    """
    p = points_px.astype(np.float64)
    scale = max(float(np.linalg.norm(p[33] - p[263])), 1e-6)

    def gap(one: int, other: int) -> float:
        return float(np.linalg.norm(p[one] - p[other])) / scale

    across = (p[263] - p[33]) / scale
    down = p[152] - p[10]
    down = down - across * (down @ across)
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    lift = [float((p[13] - p[corner]) @ down) / scale for corner in (61, 291)]
    return np.array(
        [
            gap(13, 14),
            gap(61, 291),
            (lift[0] + lift[1]) / 2,
            lift[0] - lift[1],
            (gap(159, 145) + gap(386, 374)) / 2,
            (gap(105, 159) + gap(334, 386)) / 2,
            gap(55, 285),
        ],
        np.float32,
    )


def align_mesh(points_px: Float) -> Float:
    """Return the mesh in the plane (468, 2), outer eye corners moved to (-0.5, 0) and (0.5, 0)."""
    flat = points_px[:, :2].astype(np.float64)
    matrix = similarity_transform(flat[[33, 263]], [[-0.5, 0.0], [0.5, 0.0]])
    return (flat @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
