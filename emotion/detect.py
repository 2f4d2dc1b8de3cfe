"""Find faces: one protocol, and CenterFace behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from emotion import weights
from emotion.geometry import clip_boxes, non_maximum_suppression, square_around
from emotion.inference import available_cores, open_session
from emotion.resize import shrink
from emotion.types import Detections, Float, Image

STRIDE: Final = 4  # pixels of the network's input per cell of its output
SIDE_MULTIPLE: Final = 32
FACE_SIDE: Final = 75  # pixels of the network's input for the longer side of a face that is looked at closely
EDGE_PX: Final = 1.0
MARGIN: Final = 0.35  # of that side, all around: together 128 pixels


class FaceDetector(Protocol):
    """Finds the faces of upright BGR frames and says where in pixels of those frames."""

    def detect(self, image_bgr: Image) -> Detections:
        """Return the faces of one frame (H, W, 3), best score first."""
        ...

    def detect_around(self, image_bgr: Image, box_px: Float) -> Detections:
        """Return the whole faces in the part of one frame around a box (4,), best score first, in pixels of
        the frame.
        """
        ...

    def detect_many(self, images_bgr: Sequence[Image]) -> list[Detections]:
        """Return the faces of each frame, in the order of the frames."""
        ...


class CenterFace:
    """CenterFace on frames shrunk to max_side pixels.

    Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019,
    https://arxiv.org/abs/1911.03599. Frames run side by side, one thread each: on two cores that was 1.2 to
    1.9 times as fast as two threads in one frame, and batches gained nothing.
    """

    def __init__(
        self,
        weights_dir: Path | None = None,
        *,
        max_side: int = 448,
        score_limit: float = 0.5,
        iou_limit: float = 0.3,
        device: str = "cpu",
        threads: int = 0,
    ) -> None:
        """Open the network. threads: frames at once, 0 for as many as there are cores.

        Raises WeightsMissing, WeightsMismatch or DeviceUnavailable.
        """
        path = weights.path_of("centerface", weights_dir)
        self._session = open_session(path, device=device, threads=1)
        self._pool = ThreadPoolExecutor(threads or available_cores(), thread_name_prefix="detect")
        self._max_side = max_side
        self._score_limit = score_limit
        self._iou_limit = iou_limit
        self._input_name = self._session.get_inputs()[0].name

    def detect(self, image_bgr: Image) -> Detections:
        """Return the faces of one frame (H, W, 3), best score first; image_bgr is not modified."""
        return self._detect(image_bgr, shrink_scale(image_bgr, self._max_side))

    def detect_around(self, image_bgr: Image, box_px: Float) -> Detections:
        """Return the whole faces around a box (4,) of a frame (H, W, 3), best score first.

        The part of the frame is shrunk as the whole frame would be, or further, to FACE_SIDE pixels for the
        box: as surely found, and always cheap.
        """
        longer = max(float((box_px[2:] - box_px[:2]).max()), 1.0)
        scale = min(shrink_scale(image_bgr, self._max_side), FACE_SIDE / longer)
        grain_px = SIDE_MULTIPLE / scale
        side_px = grain_px * max(2, math.ceil(longer * (1 + 2 * MARGIN) / grain_px))
        left, top, right, bottom = square_around(box_px, side_px, image_bgr.shape[:2])
        found = self._detect(image_bgr[top:bottom, left:right], scale)
        return _without_cut_off(found.moved_by(left, top), (left, top, right, bottom), image_bgr.shape[:2])

    def _detect(self, image_bgr: Image, scale: float) -> Detections:
        prepared = prepare_frame(image_bgr, scale)
        outputs = self._session.run(None, {self._input_name: prepared})
        return decode_faces(
            [output[0] for output in outputs],
            scale=scale,
            size_hw=(image_bgr.shape[0], image_bgr.shape[1]),
            score_limit=self._score_limit,
            iou_limit=self._iou_limit,
        )

    def detect_many(self, images_bgr: Sequence[Image]) -> list[Detections]:
        """Return the faces of each frame, in the order of the frames, which may differ in size."""
        return list(self._pool.map(self.detect, images_bgr))


def decode_faces(
    maps: Sequence[Float], *, scale: float, size_hw: tuple[int, int], score_limit: float, iou_limit: float
) -> Detections:
    """Return the faces of one frame from what the network says of it, best score first.

    maps: heat (1, h, w), log sizes (2, h, w), offsets (2, h, w) and points (10, h, w), all y before x, in
    cells of STRIDE pixels of the network's input; points in box sizes from the upper left corner (section 3.2
    of the paper). scale: input pixels per frame pixel. size_hw: of the frame, to which boxes are clipped.
    """
    heat, log_sizes, offsets, relative_points = maps
    rows, columns = np.nonzero(heat[0] > score_limit)
    scores = heat[0, rows, columns]
    cells = np.stack([rows, columns], axis=1).astype(np.float32)  # (N, 2) yx
    centres = (cells + offsets[:, rows, columns].T + 0.5) * STRIDE
    sizes = np.exp(log_sizes[:, rows, columns].T) * STRIDE  # (N, 2) hw
    corners = centres - sizes / 2
    points = relative_points[:, rows, columns].T.reshape(-1, 5, 2) * sizes[:, None] + corners[:, None]
    boxes = np.concatenate([corners[:, ::-1], (corners + sizes)[:, ::-1]], axis=1)
    keep = non_maximum_suppression(boxes, scores, iou_limit)
    return Detections(
        clip_boxes(boxes[keep] / np.float32(scale), size_hw),
        scores[keep],
        points[keep][..., ::-1] / np.float32(scale),
    )


def _without_cut_off(
    found: Detections, part: tuple[int, int, int, int], size_hw: tuple[int, int]
) -> Detections:
    """Return the faces that do not reach the edge of the part where the frame goes on beyond it."""
    left, top, right, bottom = part
    height, width = size_hw
    goes_on = np.array([left > 0, top > 0, right < width, bottom < height])
    at_edge = np.abs(found.boxes_px - np.array(part, np.float32)) <= EDGE_PX
    return found.only(~(at_edge & goes_on).any(axis=1))


def shrink_scale(image: Image, max_side: int) -> float:
    """Return the factor that makes the longer side of an image max_side pixels; never enlarges.

    >>> shrink_scale(np.zeros((720, 1280, 3), np.uint8), 640)
    0.5
    """
    return min(1.0, max_side / float(max(image.shape[:2])))


def prepare_frame(image_bgr: Image, scale: float) -> Float:
    """Return what the network sees of a picture: (1, 3, h, w) RGB float32 0..255, shrunk to scale, then
    filled up with black to multiples of 32. image_bgr is not modified.
    """
    height, width = (max(1, round(side * scale)) for side in image_bgr.shape[:2])
    padded_height, padded_width = (-(-side // SIDE_MULTIPLE) * SIDE_MULTIPLE for side in (height, width))
    resized = shrink(image_bgr, (height, width))
    prepared = np.zeros((1, 3, padded_height, padded_width), np.float32)
    prepared[0, :, :height, :width] = resized[..., ::-1].transpose(2, 0, 1)
    return prepared
