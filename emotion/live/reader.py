"""JPEG frames of any cameras -> their faces, several frames at a time. Runs in processes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emotion.detect import CenterFace
from emotion.errors import UnreadableImage
from emotion.identify import FaceFeature
from emotion.live.faces import LiveFace, LiveFrame
from emotion.media.jpeg import decode_jpeg
from emotion.quality import face_qualities
from emotion.recognise import DEFAULT_MODEL, load_recogniser
from emotion.sampling import DETECTOR_SIDE
from emotion.types import Detections, Image

Request = tuple[bytes, bool]
"""A JPEG, and whether its faces are to be described for identity as well."""


class LiveReader:
    """The networks of a live session, opened once per process."""

    def __init__(
        self,
        weights_dir: Path | None = None,
        *,
        model: str = DEFAULT_MODEL,
        device: str = "cpu",
        threads: int = 1,
    ) -> None:
        """threads: cores that one call may use. Raises WeightsMissing, WeightsMismatch, DeviceUnavailable."""
        self._detector = CenterFace(weights_dir, max_side=DETECTOR_SIDE, device=device, threads=threads)
        self._recogniser = load_recogniser(model, weights_dir, device=device, threads=threads)
        self._embedder = FaceFeature(weights_dir, device=device, threads=threads)

    def read(self, requests: Sequence[Request]) -> list[LiveFrame | None]:
        """Return the faces of each frame, best score first; None for what is no picture of a usual size.

        A frame's faces do not depend on the other frames of the call.
        """
        images = [_decode(jpeg) for jpeg, _ in requests]
        there = [index for index, image in enumerate(images) if image is not None]
        pictures = [image for image in images if image is not None]
        found = self._detector.detect_many(pictures)
        frames: list[LiveFrame | None] = [None] * len(requests)
        read = self._classify(pictures, found, [requests[index][1] for index in there])
        for index, frame in zip(there, read, strict=True):
            frames[index] = frame
        return frames

    def _classify(
        self, images: Sequence[Image], found: Sequence[Detections], identify: Sequence[bool]
    ) -> list[LiveFrame]:
        crops = [
            [self._recogniser.crop(image, faces, face) for face in range(len(faces))]
            for image, faces in zip(images, found, strict=True)
        ]
        probs = iter(self._recogniser.classify([crop for group in crops for crop in group]))
        frames: list[LiveFrame] = []
        for image, faces, group, wanted in zip(images, found, crops, identify, strict=True):
            qualities = face_qualities(group, faces)
            vectors = self._embedder.embed(image, faces) if wanted else None
            frames.append(
                LiveFrame(
                    (image.shape[1], image.shape[0]),
                    tuple(
                        LiveFace(
                            _as_box(faces.boxes_px[face]),
                            float(qualities[face]),
                            tuple(float(value) for value in next(probs)),
                            None if vectors is None else tuple(float(value) for value in vectors[face]),
                        )
                        for face in range(len(faces))
                    ),
                )
            )
        return frames


def _decode(jpeg: bytes) -> Image | None:
    try:
        return decode_jpeg(jpeg)
    except UnreadableImage:
        return None


def _as_box(edges: Sequence[float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(edge) for edge in edges)
    return left, top, right, bottom
