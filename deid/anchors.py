"""Where the 468 landmarks lie on the parametric head, as build_anchors.py found it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from deid.heads.raster import Float, Index
from deid.heads.shape import Pose, RestHead, express, pose_head

ANCHORS_PATH: Final = Path(__file__).with_name("landmark_anchors.npz")


@dataclass(frozen=True)
class Anchors:
    """Landmarks as places on the mesh, and how far facial units move these places.

    corners (468, 3): vertices around each; weights (468, 3). moves (K, 468, 3): metres, by a full facial
    unit, of units. What the landmark network reports of such a movement is another matter: deid.response.
    """

    corners: Index
    weights: Float
    units: tuple[str, ...]
    moves: Float

    def on(self, surface: Float) -> Float:
        """Return the landmarks (468, 3) of a surface (V, 3)."""
        return self._between(surface[self.corners])

    def posed(self, rest: RestHead, expression: Mapping[str, float], pose: Pose) -> Float:
        """Return the landmarks (468, 3) of a head that moves; only what lies around them is moved."""
        around = self.corners.ravel()
        surface = pose_head(rest, express(rest, expression, around), pose, around)
        return self._between(surface.reshape(*self.corners.shape, 3))

    def _between(self, corners: Float) -> Float:
        places: Float = np.einsum("pk,pkd->pd", self.weights, corners).astype(np.float32)
        return places


@cache
def load_anchors() -> Anchors:
    """Return the anchors of the head pack."""
    with np.load(ANCHORS_PATH, allow_pickle=False) as stored:
        units = tuple(stored["units"].tolist())
        return Anchors(stored["corners"], stored["weights"], units, stored["moves"])
