"""Replace each hidden face by a synthetic donor's that follows the person's head, expression and gaze.

Two passes: landmarks of every frame first, from which each person's calm face is found and the movement is
smoothed without lag; then every frame is drawn. Where a face is not seen well enough, it is covered instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from deid.anchors import find_anchors
from deid.cover import CHECKED, CoverPlan
from deid.donors import choose_donor, find_donor, make_avatar, make_donor
from deid.draw import Motion, draw_avatar, draw_donor, plain_picture
from deid.fit import (
    Doubles,
    count_from_calm,
    find_calm,
    fit_units,
    make_model,
    place,
    smooth,
    to_model_axes,
    turn_degrees,
)
from deid.fit import unplace as turn_to_front
from deid.gaze import look_of
from deid.heads.person import Person
from deid.landmarks import FaceMesh
from deid.mask import cover
from deid.observe import Faces
from emotion.errors import Cancelled
from emotion.media import read_frames
from emotion.prefetch import prefetch
from emotion.track import Indices
from emotion.types import Float, Frame, Image, MediaPath, VideoInfo

FALLBACK: Final = "blur"  # where no face can be put
LARGEST_YAW: Final = 60.0
CALM_SAMPLES: Final = 400
UNIT_SIGMA, PLACE_SIGMA, GAZE_SIGMA = 0.7, 0.8, 1.0  # frames
LEAST_CHANGE: Final = 2.5  # grey levels between the person's face and the donor's
SMALLEST_PX: Final = 20.0


class SwapHider:
    """Draws a donor's face over every hidden face, or, as avatar, donors alone before a plain background."""

    def __init__(
        self,
        weights_dir: Path | None = None,
        *,
        donor: str = "auto",
        seed: int = 0,
        device: str = "cpu",
        avatar: bool = False,
    ) -> None:
        """donor: for everybody, or "auto" for one of each person's own.

        Raises UnknownDonor, WeightsMissing, WeightsMismatch or DeviceUnavailable.
        """
        if donor != "auto":
            find_donor(donor)
        self._donor, self._seed = donor, seed
        self._make_person = make_avatar if avatar else make_donor
        self._avatar = avatar
        self._mesh = FaceMesh(weights_dir, device=device)
        self._anchors = find_anchors(weights_dir)
        self._model = make_model(self._anchors)
        self._people: dict[int, Person] = {}
        self._donors: dict[int, str] = {}
        self._motions: dict[int, Motion] = {}
        self._rows = self._drawn = 0

    def prepare(
        self,
        source: MediaPath,
        found: Faces,
        plan: CoverPlan,
        video: VideoInfo,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        """Read the landmarks of all frames, find each person's calm face, and choose donors."""
        self._motions.clear()
        self._rows, self._drawn = len(plan.frames), 0
        meshes, gazes, tones = self._read(source, found, plan, cancelled)
        for track in sorted(set(plan.tracks[~np.isnan(meshes[:, 0, 0])].tolist())):
            rows = np.flatnonzero(plan.tracks == track)
            if track not in self._people:
                name = self._donor
                if name == "auto":
                    taken = list(self._donors.values())
                    name = choose_donor(tones[track], f"{self._seed}:{track}", taken).name
                self._donors[track], self._people[track] = name, self._make_person(name)
            self._plan_motion(rows, meshes[rows], gazes[rows])

    def hide(self, frame: Frame, number: int, plan: CoverPlan) -> Image:
        """Return the frame with a donor's face at each cover, or the cover itself where none can be drawn."""
        rows = range(*plan.rows_of(number).indices(len(plan.frames)))
        drawable = [row for row in rows if row in self._motions]
        self._drawn += len(drawable)
        if self._avatar:
            image = plain_picture(frame.image_bgr.shape)
        else:
            covered = [row for row in rows if row not in self._motions]
            image = cover(frame.image_bgr, plan.boxes_px[covered], FALLBACK)
        draw = draw_avatar if self._avatar else draw_donor
        for row in drawable:
            person = self._people[int(plan.tracks[row])]
            image = draw(image, person, self._motions[row], self._anchors)
        return image if self._avatar else self._insist(frame.image_bgr, image, plan, drawable)

    def _insist(self, before: Image, after: Image, plan: CoverPlan, rows: Sequence[int]) -> Image:
        """Return the picture with a cover over every face that drawing has hardly changed."""
        bare = [row for row in rows if _change(before, after, plan.faces_px[row]) < LEAST_CHANGE]
        self._drawn -= len(bare)
        return cover(after, plan.boxes_px[bare], FALLBACK)

    def details(self) -> dict[str, Any]:
        """Return which donors were used and how often a face had to be covered instead."""
        return {
            "donors": {str(track): name for track, name in sorted(self._donors.items())},
            "faces_drawn": self._drawn,
            "faces_covered_instead": self._rows - self._drawn,
        }

    def _read(
        self, source: MediaPath, found: Faces, plan: CoverPlan, cancelled: Callable[[], bool] | None
    ) -> tuple[Float, Float, dict[int, Float]]:
        """Return meshes (R, 468, 3) and gazes (R, 2) of all rows, NaN where none, and skin tones by track."""
        meshes = np.full((len(plan.frames), 468, 3), np.nan, np.float32)
        gazes = np.full((len(plan.frames), 2), np.nan, np.float32)
        tones: dict[int, list[Float]] = {}
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
                    if number % 10 == 0:
                        tones.setdefault(track, []).append(_tone(frame.image_bgr, mesh))
        return meshes, gazes, {track: np.median(seen, axis=0) for track, seen in tones.items()}

    def _find(
        self, frame: Frame, row: int, found: Faces, plan: CoverPlan, before: tuple[int, Float] | None
    ) -> Float | None:
        sample = int(plan.samples[row])
        if sample >= 0:
            mesh = self._mesh.find(
                frame.image_bgr, found.samples.points_px[sample], found.samples.boxes_px[sample]
            )
        elif plan.kinds[row] != CHECKED and before is not None and plan.frames[row] - before[0] <= 3:
            mesh = self._mesh.follow(frame.image_bgr, before[1])
        else:
            mesh = None
        if mesh is None or not _stands_in(mesh.points_px, plan.faces_px[row]):
            return None
        return mesh.points_px

    def _plan_motion(self, rows: Indices, meshes: Float, gazes: Float) -> None:
        known = np.flatnonzero(~np.isnan(meshes[:, 0, 0]))
        points = np.full(meshes.shape, np.nan)
        points[known] = [to_model_axes(mesh) for mesh in meshes[known]]
        calm = find_calm(points[known[:: max(1, len(known) // CALM_SAMPLES)]], self._model)
        placements = {at: place(points[at], calm, self._model.stable) for at in known}
        faces = np.stack([turn_to_front(points[at], placements[at]) for at in known])
        units = np.full((len(rows), len(self._model.units)), np.nan)
        units[known] = count_from_calm(fit_units(faces, calm, self._model), self._model.units)
        turns = np.full((len(rows), 3), np.nan)
        turns[known] = [turn_degrees(placements[at].rotation) for at in known]
        units, turns = smooth(units, UNIT_SIGMA), smooth(turns, PLACE_SIGMA)
        flat = smooth(meshes[..., :2].astype(np.float64), PLACE_SIGMA)
        looks = smooth(gazes.astype(np.float64), GAZE_SIGMA)
        for at in known:
            if abs(turns[at, 0]) <= LARGEST_YAW and np.ptp(flat[at], axis=0).min() >= SMALLEST_PX:
                self._motions[int(rows[at])] = Motion(
                    flat[at].astype(np.float32),
                    (float(turns[at, 0]), float(turns[at, 1]), float(turns[at, 2])),
                    (float(looks[at, 0]), float(looks[at, 1])),
                    _named(self._model.units, units[at]),
                )


def _change(before: Image, after: Image, box_px: Float) -> float:
    """Return the mean absolute difference of two pictures inside a box (4,), in grey levels."""
    left, top, right, bottom = (int(max(0, edge)) for edge in box_px)
    pair = [picture[top : bottom + 1, left : right + 1].astype(np.int16) for picture in (before, after)]
    return float(np.abs(pair[0] - pair[1]).mean()) if pair[0].size else 0.0


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


def _named(names: tuple[str, ...], values: Doubles) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True) if value > 0.01}
