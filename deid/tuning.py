"""Read a donor as the person was read, and correct the units by what reads differently.

Units are fitted with what the landmark network reports of rendered heads in the mean (deid.response). Of one
head in one light it reports something else: where the head nods, brows seem to rise. On the three clips
(shared/data) most of the difference is a linear function of what was asked for and of the turn of the head,
the same all over a recording. So the donor is drawn over a few of its frames and read; what is foretold from
these for all others is led back through the units.

Only movement is corrected: the mean of every channel over the recording stays the donor's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from deid.draw import Face, Motion, draw_donor, name_units
from deid.fit import FaceModel, pairs_of_sides, smooth
from deid.landmarks import CHANNELS, FaceMesh, read_channels
from deid.moments import frames_at, spread
from deid.response import Doubles
from emotion.inference import available_cores
from emotion.prefetch import map_ahead
from emotion.types import Detections, Float, Frame, MediaPath

ROUNDS: Final = 2
DRAWN: Final = 50  # frames in each round
LEAST: Final = 24  # fewer say too little of eleven numbers
RIDGE: Final = 0.05  # of a feature's variance
MOVED: Final = ("brow", "eyeBlink", "eyeWide", "jawOpen", "mouthSmile", "mouthFrown", "mouthStretch")
UNIT_SPREAD: Final = 0.35  # by which units may be corrected where a channel is off by its own spread
STILL: Final = 0.004  # eye distances; what moves less is corrected less
STEP: Final = 0.3  # of a unit, over which its effect on a channel is measured
SWEEPS: Final = 25
TILT: Final = CHANNELS.index("lip_corner_tilt")
CHANNEL_SIGMA: Final = 0.5  # frames


@dataclass(frozen=True)
class Scene:
    """A frame in which a person is drawn. channels (7,): of the person, as channels_of; face: as the detector
    found it, None where it did not.
    """

    time_us: int
    motion: Motion
    channels: Float
    face: Detections | None


class Tuner:
    """Tunes how donors move."""

    def __init__(self, model: FaceModel, weights_dir: Path | None = None, *, device: str = "cpu") -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        self._mesh = FaceMesh(weights_dir, device=device)
        self._model = model
        self._effects = _effects(model)

    def tune(
        self, source: MediaPath, donor: Face, scenes: Sequence[Scene], known: Sequence[Doubles] | None
    ) -> tuple[list[Motion], list[Doubles]]:
        """Return the motions of a person's scenes, corrected, and what was learnt for it.

        known: what was learnt before, which is then used and not learnt again. Raises UnreadableVideo.
        """
        rounds: list[Doubles] = []
        tuned = list(scenes)
        for at in range(ROUNDS if known is None else len(known)):
            found = self._learn(source, donor, tuned) if known is None else known[at]
            if found is None:
                break
            rounds.append(found)
            motions = self._correct(tuned, found)
            tuned = [replace(one, motion=motion) for one, motion in zip(tuned, motions, strict=True)]
        return [one.motion for one in tuned], rounds

    def _learn(self, source: MediaPath, donor: Face, scenes: Sequence[Scene]) -> Doubles | None:
        """Return weights (11, 7) that foretell the donor's channels from _features, None of too little."""
        seen = [one for one in scenes if one.face is not None and one.motion.held is None]
        if len(seen) < LEAST:
            return None
        chosen = {seen[at].time_us: seen[at] for at in spread(len(seen), DRAWN)}
        read = partial(self._read, donor, chosen)
        drawn = map_ahead(read, frames_at(source, list(chosen)), workers=available_cores())
        pairs = [(chosen[frame.time_us], found) for frame, found in drawn if found is not None]
        if len(pairs) < LEAST:
            return None
        features = _features([one for one, _ in pairs])
        return np.round(ridge(features, np.array([found for _, found in pairs], np.float64)), 9)

    def _read(self, donor: Face, chosen: dict[int, Scene], frame: Frame) -> Float | None:
        """Return the donor's channels, read in the same crop as the person's were."""
        scene = chosen[frame.time_us]
        if scene.face is None:
            return None
        drawn = draw_donor(frame.image_bgr, donor, scene.motion)
        mesh = self._mesh.find(drawn, scene.face.points_px[0], scene.face.boxes_px[0])
        return None if mesh is None else read_channels(mesh.points_px)

    def _correct(self, scenes: Sequence[Scene], weights: Doubles) -> list[Motion]:
        features = _features(scenes)
        off = _centred(features[:, 1:8]) - _centred(features @ weights)
        names = self._model.units
        units = np.array([[one.motion.units.get(name, 0.0) for name in names] for one in scenes])
        scale = np.maximum(features[:, 1:8].std(axis=0), STILL)
        moved = lead_back(units, off / scale, self._effects / scale)
        return [
            replace(one.motion, units=name_units(names, row)) for one, row in zip(scenes, moved, strict=True)
        ]


def lead_back(units: Doubles, off: Doubles, effects: Doubles) -> Doubles:
    """Return units (T, K) in 0..1, moved as little as may be so that channels move by off (T, C).

    effects (K, C): of a full unit, 0 for those that stay. Ridge regression with bounds, by cyclic coordinate
    descent, as deid.fit.
    """
    free = np.flatnonzero(np.abs(effects).max(axis=1) > 0)
    gram = effects[free] @ effects[free].T + np.eye(len(free)) / UNIT_SPREAD**2
    before, target = units[:, free], off @ effects[free].T
    after = before.copy()
    for _ in range(SWEEPS):
        for at in range(len(free)):
            gradient = target[:, at] - (after - before) @ gram[at]
            after[:, at] = np.clip(after[:, at] + gradient / gram[at, at], 0.0, 1.0)
    moved = units.copy()
    moved[:, free] = after
    return moved


def ridge(features: Doubles, values: Doubles) -> Doubles:
    """Return weights (F, C) that foretell values (N, C) from features (N, F), the first of which is 1."""
    middle, spread_of = features.mean(axis=0), features.std(axis=0) + 1e-9
    scaled = ((features - middle) / spread_of)[:, 1:]
    gram = scaled.T @ scaled + RIDGE * len(scaled) * np.eye(scaled.shape[1])
    slopes = np.linalg.solve(gram, scaled.T @ (values - values.mean(axis=0))) / spread_of[1:, None]
    level = values.mean(axis=0) - middle[1:] @ slopes
    return np.vstack([level, slopes])


def _features(scenes: Sequence[Scene]) -> Doubles:
    """Return (N, 11): 1, the person's channels, and the turn of the head."""
    rows = [[1.0, *one.channels.tolist(), *one.motion.turn] for one in scenes]
    return np.array(rows, np.float64)


def _centred(values: Doubles) -> Doubles:
    return np.asarray(values - values.mean(axis=0), np.float64)


def _effects(model: FaceModel) -> Doubles:
    """Return what a full unit of each changes of the channels (K, 7); 0 for those that are not corrected.

    What the network reports of one side more than of the other is its own; led back, it made a face wink.
    """

    def read(face: Doubles) -> Doubles:
        return read_channels((face * [1, -1, -1]).astype(np.float32)).astype(np.float64)

    calm = read(model.rest)
    rows = [
        (read(model.rest + STEP * move) - calm) / STEP * name.startswith(MOVED)
        for name, move in zip(model.units, model.moves, strict=True)
    ]
    effects = np.array(rows)
    for left, right in pairs_of_sides(model.units):
        mean, apart = (effects[left] + effects[right]) / 2, (effects[left] - effects[right]) / 2
        effects[left] = effects[right] = mean
        tilt = apart[TILT] if model.units[left].startswith("mouth") else 0.0
        effects[left, TILT], effects[right, TILT] = tilt, -tilt
    return effects


def channels_of(meshes: Float) -> Float:
    """Return the channels (R, 7) of meshes (R, 468, 3), smoothed as the units are; NaN where nothing was
    seen.
    """
    rows = [read_channels(mesh) if mesh[0, 0] == mesh[0, 0] else np.full(7, np.nan) for mesh in meshes]
    return smooth(np.array(rows, np.float64), CHANNEL_SIGMA).astype(np.float32)
