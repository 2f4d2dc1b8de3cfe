"""From landmarks to an expression: place of the head, the person's own calm face, and facial units.

The calm face is found over the whole recording together with the expressions, as a point among the faces
that the head can have plus what no facial unit could explain: neither the first frame nor the mean frame,
which smiles when the person mostly does.

Units are the most probable ones given what the landmark network reports (deid.response) and, where it is
known, what an expression network expects of the picture: it sees folds and teeth, which landmarks do not.

How much each side is believed was chosen on 16 people of the training faces (shared/data/faces/train), by how
often `human` and `face-api` read the same in the result. Neither takes part in an audit, nor do those people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deid.anchors import Anchors
from deid.heads.curves import ramp
from deid.response import Doubles, Response, turn_features
from emotion.types import Float

DEPTH_WEIGHT: Final = 0.35  # the network guesses depth from one picture
STABLE_SHARE: Final = 0.35  # of the landmarks that facial units move least
UNIT_VARIANCE: Final = 0.06  # of a unit around what is expected of it
FREE_VARIANCE: Final = 0.25  # of those that speech moves whatever the emotion
FREE: Final = ("jawOpen", "browInnerUp", "browOuterUpLeft", "browOuterUpRight")
BLINK_VARIANCE: Final = 1.0  # as the others', held against what it moves: lids that meet were left ajar
BOTH_SIDES: Final = 0.7  # correlation of a unit with that of the other side of the face
WINK: Final = (0.4, 0.7)  # differences between fitted eyes: what is less is none, what is more is meant
REAL_NOISE: Final = 6.0  # of landmarks on people, against the variance on rendered heads
IDENTITY_RIDGE: Final = 0.02
UNEXPLAINED: Final = (
    0.5  # share of the mean that units could explain but are not expected to show, so is calm
)
CALM_QUANTILE: Final = 0.05
CALM_MOST: Final = 0.3
UPPER_FACE: Final = ("brow", "eye", "nose", "cheek")
SWEEPS: Final = 25
ROUNDS: Final = 4
BLOCK: Final = 256  # faces that are turned at once
LIPS: Final = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415),
)
EYES: Final = (
    *(33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),
    *(263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
)
BROWS: Final = (
    *(46, 53, 52, 65, 55, 70, 63, 105, 66, 107),
    *(276, 283, 282, 295, 285, 300, 293, 334, 296, 336),
)
OVAL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)


@dataclass(frozen=True)
class Placement:
    """A head in the picture: scale (pixels per eye distance), rotation (3, 3), shift (3,) in pixels.

    Of a stack of heads, all three have its first axis.
    """

    scale: Doubles
    rotation: Doubles
    shift: Doubles


@dataclass(frozen=True)
class FaceModel:
    """What the landmark network reports of a face, as in Response, made ready to be turned round.

    weights (468, 3): how much each coordinate counts for the calm face. stable: numbers of landmarks that
    hardly move. listener (468 * 3, K): takes moved landmarks to units, before the prior; gram (K, K): the
    same of the moves themselves; prior (K, K): inverse covariance of units around what is expected.
    """

    units: tuple[str, ...]
    rest: Doubles
    moves: Doubles
    shapes: Doubles
    turned: Doubles
    weights: Doubles
    stable: NDArray[np.int64]
    listener: Doubles
    gram: Doubles
    prior: Doubles


def make_model(anchors: Anchors, response: Response) -> FaceModel:
    """Return the model of what was measured. Raises ValueError when both do not speak of the same units."""
    if anchors.units != response.units:
        raise ValueError(
            "expected landmark_response.npz of this head pack; run python -m deid.build_response"
        )
    weights = np.ones(response.rest.shape)
    for group, weight in ((LIPS, 2.0), (EYES, 2.5), (BROWS, 2.5), (OVAL, 0.3)):
        weights[list(group)] = weight
    weights[:, 2] *= DEPTH_WEIGHT
    basis = response.basis.reshape(len(response.basis), -1)  # (B, 468 * 3)
    heard = response.moves.reshape(len(response.moves), -1) @ basis.T  # (K, B)
    precise = np.linalg.inv(REAL_NOISE * response.noise)
    return FaceModel(
        response.units,
        response.rest,
        response.moves,
        response.shapes,
        response.turned,
        weights,
        stable_landmarks(anchors),
        basis.T @ precise @ heard.T,
        heard @ precise @ heard.T,
        np.asarray(np.linalg.inv(_unit_covariance(response.units)), np.float64),
    )


def _unit_covariance(names: Sequence[str]) -> Doubles:
    alike = np.eye(len(names))
    for row, name in enumerate(names):
        other = name.removesuffix("Left") + "Right"
        if name.endswith("Left") and other in names and not name.startswith(("jaw", "mouthLeft")):
            column = names.index(other)
            alike[row, column] = alike[column, row] = BOTH_SIDES
    spread = np.sqrt([_variance(name) for name in names])
    covariance: Doubles = alike * np.outer(spread, spread)
    return covariance


def _variance(unit: str) -> float:
    if unit.startswith("eyeBlink"):
        return BLINK_VARIANCE
    return FREE_VARIANCE if unit in FREE else UNIT_VARIANCE


def stable_landmarks(anchors: Anchors) -> NDArray[np.int64]:
    """Return the numbers of the landmarks that facial units move least."""
    moving = np.linalg.norm(anchors.moves.astype(np.float64), axis=2).max(axis=0)
    moving[list(OVAL)] = np.inf  # the outline slides over the cheeks when the head turns
    return np.flatnonzero(moving < np.quantile(moving, STABLE_SHARE))


def to_model_axes(points_px: Float) -> Doubles:
    """Return landmarks of the picture (468, 3) in the model's axes, still in pixels."""
    return np.asarray(points_px.astype(np.float64) * [1.0, -1.0, -1.0], np.float64)


def place(points: Doubles, calm: Doubles, stable: NDArray[np.int64]) -> Placement:
    """Return where the head is: the similarity that takes the calm face closest to the stable landmarks.

    points: (..., 468, 3), calm: (468, 3). Umeyama, PAMI 1991, equations 40 to 43.
    """
    source, target = calm[stable], points[..., stable, :]
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=-2)
    a, b = source - source_mean, target - target_mean[..., None, :]
    left, singular, right = np.linalg.svd(np.swapaxes(b, -1, -2) @ a)
    signs = np.ones_like(singular)
    signs[..., 2] = np.sign(np.linalg.det(left @ right))
    rotation = (left * signs[..., None, :]) @ right
    scale = (singular * signs).sum(axis=-1) / (a**2).sum()
    return Placement(scale, rotation, target_mean - scale[..., None] * (rotation @ source_mean))


def unplace(points: Doubles, placement: Placement) -> Doubles:
    """Return landmarks (..., 468, 3) in the model's axes and size, the heads turned back to the front."""
    back: Doubles = (points - placement.shift[..., None, :]) @ placement.rotation
    return back / placement.scale[..., None, None]


def to_front(points: Doubles, placement: Placement, model: FaceModel) -> Doubles:
    """Return landmarks (..., 468, 3) of placed heads turned to the front, without what turning adds."""
    turns = turn_degrees(placement.rotation)
    return unplace(points, placement) - np.tensordot(
        turn_features(turns[..., 0], turns[..., 1]), model.turned, 1
    )


def turn_to_front(points: Doubles, calm: Doubles, model: FaceModel) -> tuple[Doubles, Doubles]:
    """Return the faces (T, 468, 3) of a recording as to_front, and how each was turned (T, 3), in degrees."""
    faces, turns = np.empty_like(points), np.empty((len(points), 3))
    for start in range(0, len(points), BLOCK):
        some = slice(start, start + BLOCK)
        placed = place(points[some], calm, model.stable)
        faces[some], turns[some] = to_front(points[some], placed, model), turn_degrees(placed.rotation)
    return faces, turns


def fit_units(faces: Doubles, calm: Doubles, model: FaceModel, expected: Doubles | None = None) -> Doubles:
    """Return the most probable facial units (T, K) in 0..1 of faces (T, 468, 3) whose calm face is (468, 3).

    expected (T, K): units that something else lets expect, 0 when None. Least squares weighted by the noise
    of the landmarks and pulled towards what is expected (generalised ridge), kept in bounds by cyclic
    coordinate descent, all frames at once.
    """
    gram = model.gram + model.prior
    target = (faces - calm).reshape(len(faces), -1) @ model.listener  # (T, K)
    if expected is not None:
        target = target + expected @ model.prior
    units = np.zeros_like(target)
    for _ in range(SWEEPS):
        for k in range(len(gram)):
            gradient = target[:, k] - units @ gram[k]
            units[:, k] = np.clip(units[:, k] + gradient / gram[k, k], 0.0, 1.0)
    return _without_half_winks(units, model.units)


def _without_half_winks(units: Doubles, names: Sequence[str]) -> Doubles:
    """Return units (T, K) whose eyes do alike what they do nearly alike.

    Of a head turned aside, the network reads one eye as closed sooner.
    """
    evened = units.copy()
    for left, right in pairs_of_sides(names):
        if names[left].startswith("eye"):
            middle, apart = (units[:, left] + units[:, right]) / 2, (units[:, left] - units[:, right]) / 2
            kept = apart * ramp(np.abs(2 * apart), *WINK)
            evened[:, left], evened[:, right] = middle + kept, middle - kept
    return evened


def pairs_of_sides(names: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of units that differ in their side alone, left and right.

    >>> pairs_of_sides(["jawOpen", "eyeWideRight", "eyeWideLeft"])
    [(2, 1)]
    """
    lefts = [name for name in names if name.endswith("Left") and name.replace("Left", "Right") in names]
    return [(names.index(name), names.index(name.replace("Left", "Right"))) for name in lefts]


def find_calm(points: Doubles, model: FaceModel, expected: Doubles | None = None) -> Doubles:
    """Return the person's calm face (468, 3) from meshes (T, 468, 3) in the model's axes, T at least 1.

    expected (T, K): as in fit_units; it settles what of a lasting smile is the person's mouth.
    """
    calm = model.rest
    shapes = (model.shapes * model.weights).reshape(len(model.shapes), -1).T  # (468 * 3, C)
    gram = shapes.T @ shapes + IDENTITY_RIDGE * np.eye(shapes.shape[1])
    explained, _ = np.linalg.qr((model.moves * model.weights).reshape(len(model.units), -1).T)
    kept = UNEXPLAINED if expected is not None else 0.0
    for _ in range(ROUNDS):
        faces, _ = turn_to_front(points, calm, model)
        units = fit_units(faces, calm, model, expected)
        left = (faces - np.einsum("tk,kpd->tpd", units, model.moves)).mean(axis=0) - model.rest
        weighted = (left * model.weights).reshape(-1)
        share = np.linalg.solve(gram, shapes.T @ weighted)
        rest = weighted - shapes @ share
        rest -= (1 - kept) * (explained @ (explained.T @ rest))
        calm = model.rest + np.tensordot(share, model.shapes, 1) + rest.reshape(calm.shape) / model.weights
    return calm


def mean_face(points: Doubles, model: FaceModel) -> Doubles:
    """Return the mean (468, 3), turned to the front, of meshes (T, 468, 3) of a face that is calm in all."""
    calm = model.rest
    for _ in range(ROUNDS):
        calm = turn_to_front(points, calm, model)[0].mean(axis=0)
    return np.asarray(calm, np.float64)


def count_from_calm(units: Doubles, names: Sequence[str]) -> Doubles:
    """Return units (T, K) without what brows, eyes and nose show all the time, which is the person's own.

    What is below the CALM_QUANTILE over the recording, at most CALM_MOST of it, becomes 0, and 1 stays 1. The
    mouth keeps its values: somebody may well smile throughout.
    """
    upper = np.array([name.startswith(UPPER_FACE) for name in names])
    always = np.minimum(np.quantile(units, CALM_QUANTILE, axis=0), CALM_MOST) * upper
    moment: Doubles = np.clip((units - always) / (1 - always), 0, 1)
    return moment


def turn_degrees(rotation: Doubles) -> Doubles:
    """Return (..., 3) yaw to the person's left, pitch up and roll to the left shoulder of rotations (..., 3,
    3), in degrees.

    >>> turn_degrees(np.eye(3)).tolist()
    [0.0, 0.0, 0.0]
    """
    from scipy.spatial.transform import Rotation

    vector = np.degrees(Rotation.from_matrix(rotation).as_rotvec())
    return np.asarray(vector[..., [1, 0, 2]] * [1.0, -1.0, -1.0] + 0.0, np.float64)


def turn_matrix(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Doubles:
    """Return the rotation (3, 3) of which turn_degrees gives these angles.

    >>> np.round(turn_degrees(turn_matrix(30.0, -10.0, 5.0)), 6).tolist()
    [30.0, -10.0, 5.0]
    """
    from scipy.spatial.transform import Rotation

    return np.asarray(
        Rotation.from_rotvec(np.radians([-pitch_deg, yaw_deg, -roll_deg])).as_matrix(), np.float64
    )


def smooth(values: Doubles, sigma_frames: float) -> Doubles:
    """Return values (T, ...) smoothed over time without lag; rows that are NaN take no part and stay."""
    from scipy.ndimage import gaussian_filter1d

    known = ~np.isnan(values.reshape(len(values), -1)).any(axis=1)
    filled = np.where(known.reshape(-1, *[1] * (values.ndim - 1)), values, 0.0)
    total = gaussian_filter1d(filled, sigma_frames, axis=0, mode="constant")
    weight = gaussian_filter1d(known.astype(np.float64), sigma_frames, mode="constant")
    smoothed = total / np.maximum(weight, 1e-9).reshape(-1, *[1] * (values.ndim - 1))
    smoothed[~known] = np.nan
    return np.asarray(smoothed, np.float64)
