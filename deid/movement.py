"""What one person's face does over a recording: where it is turned, its calm shape, and how it differs from
that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from deid.expected import expect_units, fill_between
from deid.fit import FaceModel, find_calm, mean_face, to_model_axes, turn_to_front
from deid.response import Doubles
from emotion.samples import Flags
from emotion.track import Indices
from emotion.types import Float

CALM_SAMPLES: Final = 400


@dataclass(frozen=True)
class Movement:
    """known (K,): rows in which the face was seen, of R. calm (468, 3): the face at rest, turned to the
    front.

    faces (K, 468, 3): turned to the front; turns (K, 3): yaw, pitch and roll in degrees. likely (R, 7):
    probabilities of expressions, expected (R, U): what they let expect of the model's units, 0 where unknown.
    """

    known: Indices
    calm: Doubles
    faces: Doubles
    turns: Doubles
    likely: Doubles | None
    expected: Doubles


def follow(meshes: Float, probs: Float, model: FaceModel, is_calm: Flags | None = None) -> Movement:
    """Return how a face moves, seen in at least one of the R rows. meshes, probs: as in Watched.

    is_calm (R,): rows in which the face is known to be at rest; otherwise that is found out.
    """
    known = np.flatnonzero(~np.isnan(meshes[:, 0, 0]))
    points = to_model_axes(meshes[known])
    likely = fill_between(probs.astype(np.float64))
    expected = np.zeros((len(meshes), len(model.units)))
    if likely is not None:
        expected = expect_units(likely, model.units)
    if is_calm is not None and is_calm.any():
        calm = mean_face(points[is_calm[known]], model)
    else:
        step = max(1, len(known) // CALM_SAMPLES)
        calm = find_calm(points[::step], model, expected[known[::step]])
    faces, turns = turn_to_front(points, calm, model)
    return Movement(known, calm, faces, turns, likely, expected)


def whole(values: Doubles, movement: Movement, rows: int) -> Doubles:
    """Return values (K, ...) of the rows in which the face was seen as (rows, ...), NaN in the others."""
    filled = np.full((rows, *values.shape[1:]), np.nan)
    filled[movement.known] = values
    return filled
