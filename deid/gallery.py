"""The other people that a face could be mistaken for: one file per person, a picture or a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from deid.errors import NotComparable
from deid.recognisers import Identifier
from emotion.dataset import SUFFIXES
from emotion.detect import FaceDetector
from emotion.media import read_frames, read_image
from emotion.types import Detections, Float, Image, MediaPath

PICTURES_PER_PERSON = 3
LOOKED_S = 20


def list_gallery(folder: Path) -> tuple[Path, ...]:
    """Return the files of a folder by name, without hidden ones. Raises NotComparable when there is none."""
    files = [path for path in sorted(folder.iterdir()) if _is_meant(path)] if folder.is_dir() else []
    if not files:
        raise NotComparable(f"expected a folder with one picture or video per person, got {folder.name}")
    return tuple(files)


def enrol_gallery(
    people: Sequence[MediaPath],
    *,
    detector: FaceDetector,
    identifiers: Sequence[Identifier],
    skips_unseen: bool = False,
) -> dict[str, Float]:
    """Return (G, D) unit vectors by identifier, one row per file, in the order given; empty for no file.

    A file in which nobody is seen raises NotComparable, for with fewer people than were meant, being mistaken
    for nobody would look likelier by chance; with skips_unseen it is left out.
    """
    rows: list[list[Float]] = []
    for path in people:
        seen = _sightings(path, detector)
        if not seen and skips_unseen:
            continue
        if not seen:
            raise NotComparable(f"expected a face in {path.name} of the gallery, found none")
        rows.append([_mean(one, seen) for one in identifiers])
    return {one.name: np.stack([row[at] for row in rows]) for at, one in enumerate(identifiers) if rows}


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


def pictures_of(path: MediaPath, sample_fps: Fraction) -> Iterator[Image]:
    """Yield a picture, or those of a video, with room around them: detectors miss faces that fill the whole.

    Raises UnreadableVideo for a file that is neither.
    """
    if isinstance(path, Path) and path.suffix.lower() in SUFFIXES:
        yield _with_border(read_image(path))
        return
    for frame in read_frames(path, sample_fps=sample_fps):
        yield _with_border(frame.image_bgr)


def _sightings(path: MediaPath, detector: FaceDetector) -> list[tuple[Image, Detections]]:
    """Return the first pictures in which somebody is seen, one a second."""
    images = islice(pictures_of(path, Fraction(1)), LOOKED_S)
    seen = ((image, largest(found)) for image in images if len(found := detector.detect(image)) > 0)
    return list(islice(seen, PICTURES_PER_PERSON))


def _with_border(image: Image) -> Image:
    rows, columns = image.shape[0] // 3, image.shape[1] // 3
    return np.pad(image, ((rows, rows), (columns, columns), (0, 0)), mode="edge")


def _mean(identifier: Identifier, seen: Sequence[tuple[Image, Detections]]) -> Float:
    return unit(np.mean([identifier.embedder.embed(image, face)[0] for image, face in seen], axis=0))
