"""The first look of a swap: what every hidden face does in every frame, and how its owner looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from deid.age_sex import AgeSexReader
from deid.cover import CHECKED, CoverPlan
from deid.donors import Looks
from deid.expected import NETWORK, READ_EVERY
from deid.gallery import unit
from deid.gaze import look_of
from deid.landmarks import POINTS, FaceMesh
from deid.observe import Faces
from deid.recognisers import DlibIdentity
from emotion.errors import Cancelled
from emotion.labels import EMOTIONS
from emotion.media import read_frames
from emotion.prefetch import prefetch
from emotion.recognise import load_recogniser
from emotion.types import Detections, Float, Frame, Image, MediaPath

LOOK_EVERY: Final = 10  # frames between two readings of tone, age and sex, at least
SECOND_READINGS: Final = 12  # by the slower of both recognisers
FOLLOWED: Final = 3  # frames that a mesh is followed without a detection


@dataclass(frozen=True)
class Watched:
    """meshes (R, 468, 3), gazes (R, 2) and probs (R, 7) of a plan's rows, NaN where none; looks by track."""

    meshes: Float
    gazes: Float
    probs: Float
    looks: dict[int, Looks]


class Watcher:
    """Reads landmarks, gaze, expression and looks of the faces of a recording."""

    def __init__(self, weights_dir: Path | None = None, *, device: str = "cpu") -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        self._mesh = FaceMesh(weights_dir, device=device)
        self._expression = load_recogniser(NETWORK, weights_dir, device=device, threads=1)
        self._second = DlibIdentity(weights_dir, device=device)
        self._age_sex = AgeSexReader(weights_dir, device=device)

    def watch(
        self, source: MediaPath, found: Faces, plan: CoverPlan, cancelled: Callable[[], bool] | None
    ) -> Watched:
        """Return what the faces of a plan do. Raises UnreadableVideo, Cancelled."""
        count = len(plan.frames)
        meshes = np.full((count, POINTS, 3), np.nan, np.float32)
        gazes = np.full((count, 2), np.nan, np.float32)
        probs = np.full((count, len(EMOTIONS)), np.nan, np.float32)
        glances: dict[int, list[Float]] = {}
        second: dict[int, list[Float]] = {}
        due: dict[int, int] = {}
        before: dict[int, tuple[int, Float]] = {}
        with prefetch(lambda: read_frames(source), ahead=4) as frames:
            for number, frame in enumerate(frames):
                if cancelled is not None and cancelled():
                    raise Cancelled("The de-identification was cancelled.")
                rows = plan.rows_of(number)
                for row in range(rows.start, rows.stop):
                    track = int(plan.tracks[row])
                    mesh = self._find(frame, row, found, plan, before.get(track))
                    if mesh is None:
                        continue
                    before[track] = (number, mesh)
                    meshes[row] = mesh
                    gazes[row] = look_of(frame.image_bgr, mesh)
                    face = sighting(found, int(plan.samples[row]))
                    if face is not None and number % READ_EVERY == 0:
                        crop = self._expression.crop(frame.image_bgr, face, 0)
                        probs[row] = self._expression.classify([crop])[0]
                    if face is not None and number >= due.get(track, 0):
                        due[track] = number + LOOK_EVERY
                        if len(second.setdefault(track, [])) < SECOND_READINGS:
                            second[track].append(self._second.embed(frame.image_bgr, face)[0])
                        age_sex = self._age_sex.read(frame.image_bgr, face)
                        glances.setdefault(track, []).append(
                            np.concatenate([_tone(frame.image_bgr, mesh), age_sex])
                        )
        looks = {track: _looks(seen, found, track, second.get(track, [])) for track, seen in glances.items()}
        return Watched(meshes, gazes, probs, looks)

    def _find(
        self, frame: Frame, row: int, found: Faces, plan: CoverPlan, before: tuple[int, Float] | None
    ) -> Float | None:
        face = sighting(found, int(plan.samples[row]))
        if face is not None:
            mesh = self._mesh.find(frame.image_bgr, face.points_px[0], face.boxes_px[0])
        elif plan.kinds[row] != CHECKED and before is not None and plan.frames[row] - before[0] <= FOLLOWED:
            mesh = self._mesh.follow(frame.image_bgr, before[1])
        else:
            mesh = None
        if mesh is None or not _stands_in(mesh.points_px, plan.faces_px[row]):
            return None
        return mesh.points_px


def sighting(found: Faces, sample: int) -> Detections | None:
    """Return the face of one sample alone, None for -1."""
    if sample < 0:
        return None
    samples, at = found.samples, [sample]
    return Detections(samples.boxes_px[at], samples.scores[at], samples.points_px[at])


def _looks(glances: list[Float], found: Faces, number: int, second: list[Float]) -> Looks:
    """Return the median of glances (5,), each a tone, an age and a sex, with the embeddings of a track."""
    middle = np.median(glances, axis=0)
    first = [track.embedding for track in found.tracks if track.number == number]
    embeddings: dict[str, Float] = {}
    if first and first[0] is not None:
        embeddings["identity"] = first[0]
    if second:
        embeddings["identity-dlib"] = unit(np.mean(second, axis=0))
    return Looks(middle[:3], float(middle[3]), float(middle[4]), embeddings)


def _stands_in(points_px: Float, face_px: Float) -> bool:
    """Return whether a mesh is the face of a box: its middle inside, its size alike."""
    low, high = points_px[:, :2].min(axis=0), points_px[:, :2].max(axis=0)
    middle = (low + high) / 2
    inside = bool((middle >= face_px[:2]).all() and (middle <= face_px[2:]).all())
    ratio = float((high - low).max() / max(float((face_px[2:] - face_px[:2]).max()), 1.0))
    return inside and 0.5 < ratio < 2.0


def _tone(image_bgr: Image, points_px: Float) -> Float:
    """Return the mean colour (3,) of both cheeks and the forehead."""
    height, width = image_bgr.shape[:2]
    places = np.round(points_px[[50, 280, 151, 205, 425], :2]).astype(int)
    inside = [(x, y) for x, y in places if 0 <= x < width and 0 <= y < height]
    patches = [image_bgr[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].reshape(-1, 3) for x, y in inside]
    colours = np.concatenate([*patches, np.full((1, 3), 128, np.uint8)])
    return np.asarray(colours.mean(axis=0), np.float32)
