"""The other people that a face could be mistaken for: one file per person, a picture or a video."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from deid.errors import NotComparable
from deid.recognisers import Identifier
from emotion.dataset import SUFFIXES
from emotion.detect import FaceDetector
from emotion.media import read_frames, read_image
from emotion.types import Detections, Float, Image

PICTURES_PER_PERSON = 3


def enrol_gallery(
    folder: Path, *, detector: FaceDetector, identifiers: Sequence[Identifier]
) -> dict[str, Float]:
    """Return (G, D) unit vectors by identifier, one row per file, in the order of names.

    Raises NotComparable for a folder without files, and for a file in which nobody is seen: with fewer people
    than were meant, being mistaken for nobody would look likelier by chance. Hidden files do not count.
    """
    files = [path for path in sorted(folder.iterdir()) if _is_meant(path)] if folder.is_dir() else []
    if not files:
        raise NotComparable(f"expected a folder with one picture or video per person, got {folder.name}")
    people: list[list[Float]] = []
    for path in files:
        seen = [
            (image, largest(found)) for image in _pictures(path) if len(found := detector.detect(image)) > 0
        ]
        if not seen:
            raise NotComparable(f"expected a face in {path.name} of the gallery, found none")
        people.append([_mean(one, seen) for one in identifiers])
    return {
        one.name: np.stack([person[column] for person in people]) for column, one in enumerate(identifiers)
    }


def largest(found: Detections) -> Detections:
    """Return the largest of at least one face alone."""
    extents = found.boxes_px[:, 2:] - found.boxes_px[:, :2]
    at = [int(extents.prod(axis=1).argmax())]
    return Detections(found.boxes_px[at], found.scores[at], found.points_px[at])


def unit(vector: Float) -> Float:
    """Return a vector (D,) of length 1."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def _is_meant(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _pictures(path: Path) -> list[Image]:
    """Return a picture, or the first of a video. Raises UnreadableVideo for a file that is neither."""
    if path.suffix.lower() in SUFFIXES:
        return [_with_border(read_image(path))]
    frames = islice(read_frames(path, sample_fps=Fraction(1)), PICTURES_PER_PERSON)
    return [_with_border(frame.image_bgr) for frame in frames]


def _with_border(image: Image) -> Image:
    """Return a picture with room around it: detectors miss faces that fill the whole."""
    rows, columns = image.shape[0] // 3, image.shape[1] // 3
    return np.pad(image, ((rows, rows), (columns, columns), (0, 0)), mode="edge")


def _mean(identifier: Identifier, seen: Sequence[tuple[Image, Detections]]) -> Float:
    return unit(np.mean([identifier.embedder.embed(image, face)[0] for image, face in seen], axis=0))
