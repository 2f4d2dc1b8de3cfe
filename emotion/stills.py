"""Expressions in single pictures: photographs with any number of faces, or ready face crops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from emotion.detect import CenterFace, FaceDetector
from emotion.geometry import box_areas, clip_boxes
from emotion.labels import EMOTIONS
from emotion.media import read_image
from emotion.recognise import DEFAULT_MODEL, Recogniser, load_recogniser
from emotion.types import Detections, Float, Image

CROPS: Final = ("auto", "full")
# A face that fills its picture is found when the picture is set into grey: of 400 FER2013 pictures 97.5 % as
# 96 of 192 pixels, 70 % as they are, 92 % enlarged twice without a border.
INSET_SIDE: Final = 96
CANVAS_SIDE: Final = 192
GREY: Final = 127


@dataclass(frozen=True)
class FaceReading:
    """One face of a picture. score: the detector's, None when the whole picture was taken for the face.

    probs: (7,) in the order of EMOTIONS.
    """

    box_px: tuple[float, float, float, float]
    score: float | None
    probs: Float

    @property
    def emotion(self) -> str:
        """Return the most probable expression."""
        return EMOTIONS[int(self.probs.argmax())]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "box_px": [round(edge, 1) for edge in self.box_px],
            "score": None if self.score is None else round(self.score, 4),
            "emotion": self.emotion,
            "confidence": round(float(self.probs.max()), 6),
            "probs": {name: round(float(p), 6) for name, p in zip(EMOTIONS, self.probs, strict=True)},
        }


def classify_images(
    paths: Sequence[Path],
    *,
    model: str = DEFAULT_MODEL,
    weights_dir: Path | None = None,
    crop: str = "auto",
    device: str = "auto",
    threads: int = 0,
    progress: Callable[[float], None] | None = None,
) -> list[dict[str, Any]]:
    """Return for each file its name, size and faces as plain values; a picture without a face has none.

    crop: "auto" finds the faces, "full" takes the whole picture for one. progress is told the fraction done.
    Raises ValueError for another crop, UnreadableImage for the first file that is not a picture, and what
    loading raises.
    """
    recogniser = load_recogniser(model, weights_dir, device=device, threads=threads)
    detector = open_still_detector(crop, weights_dir, device=device, threads=threads)
    pictures = []
    for number, path in enumerate(paths, start=1):
        image = read_image(path)
        faces = classify_image(image, recogniser=recogniser, detector=detector)
        height, width = image.shape[:2]
        found = [face.as_dict() for face in faces]
        pictures.append({"file": str(path), "width": width, "height": height, "faces": found})
        if progress is not None:
            progress(number / len(paths))
    return pictures


def classify_image(
    image_bgr: Image, *, recogniser: Recogniser, detector: FaceDetector | None
) -> list[FaceReading]:
    """Return the faces of a picture (H, W, 3), best score first; without a detector all of it is one face."""
    if detector is None:
        height, width = image_bgr.shape[:2]
        probs = recogniser.classify([image_bgr])[0]
        return [FaceReading((0.0, 0.0, float(width), float(height)), None, probs)]
    found = detect_still(image_bgr, detector)
    rows = recogniser.classify([recogniser.crop(image_bgr, found, face) for face in range(len(found))])
    return [
        FaceReading((box[0], box[1], box[2], box[3]), score, probs)
        for box, score, probs in zip(found.boxes_px.tolist(), found.scores.tolist(), rows, strict=True)
    ]


def open_still_detector(
    crop: str, weights_dir: Path | None = None, *, device: str = "auto", threads: int = 0
) -> CenterFace | None:
    """Return the detector that a way of cropping needs, None for "full".

    Raises ValueError for an unknown way, WeightsMissing, WeightsMismatch or DeviceUnavailable.
    """
    if crop not in CROPS:
        raise ValueError(f"expected a crop of {', '.join(CROPS)}, got {crop!r}")
    return CenterFace(weights_dir, device=device, threads=threads) if crop == "auto" else None


def detect_still(image_bgr: Image, detector: FaceDetector) -> Detections:
    """Return the faces of a picture, also one that a face fills; image_bgr (H, W, 3) is not modified."""
    if max(image_bgr.shape[:2]) >= CANVAS_SIDE:
        found = detector.detect(image_bgr)
        if len(found):
            return found
    return _detect_inset(image_bgr, detector)


def largest_face(detections: Detections) -> int:
    """Return the index of the face with the greatest area. Raises ValueError when there is none."""
    if len(detections) == 0:
        raise ValueError("expected at least one face, got none")
    return int(box_areas(detections.boxes_px).argmax())


def _detect_inset(image_bgr: Image, detector: FaceDetector) -> Detections:
    """Detect in the picture scaled and set into the middle of a grey square."""
    height, width = image_bgr.shape[:2]
    scale = INSET_SIDE / max(height, width)
    inset_height, inset_width = max(1, round(height * scale)), max(1, round(width * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    left, top = (CANVAS_SIDE - inset_width) // 2, (CANVAS_SIDE - inset_height) // 2
    canvas = np.full((CANVAS_SIDE, CANVAS_SIDE, 3), GREY, np.uint8)
    canvas[top : top + inset_height, left : left + inset_width] = cv2.resize(
        image_bgr, (inset_width, inset_height), interpolation=interpolation
    )
    found = detector.detect(canvas)
    shift = np.array([left, top], np.float32)
    boxes = (found.boxes_px - np.tile(shift, 2)) / np.float32(scale)
    points = (found.points_px - shift) / np.float32(scale)
    return Detections(clip_boxes(boxes, (height, width)), found.scores, points)
