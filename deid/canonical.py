"""One flat picture into which every face is unrolled, so that faces can be averaged point by point.

The 468 landmarks of a calm face, its mouth and eyes opened so that their insides have a place too, are
unrolled from a cylinder; triangles between them (Delaunay) say which pixel of a photograph belongs to which
pixel of the picture. A rim beyond the landmarks stands for what they leave out of the forehead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deid.fit import OVAL
from deid.gaze import YAW_PER_WIDTH
from deid.heads.raster import Index, cut_fragments, resolve_nearest
from deid.landmarks import POINTS
from deid.response import Doubles, load_response
from emotion.types import Float

SIDE: Final = 288  # pixels of the picture; a face is about 200 of them wide
BORDER: Final = 4
OPENED: Final = {"jawOpen": 0.9, "eyeWideLeft": 0.9, "eyeWideRight": 0.9}
BEHIND: Final = 0.9  # eye distances from the deepest landmark to the axis of the cylinder
NOSE_ROOT: Final = 168
RIM, RIM_ABOVE, RIM_DEPTH = 0.12, 0.30, 0.7  # how far the rim reaches, in distances from the nose's root
CROWN: Final = (0.5, 0.9)  # of the way from the root of the nose to the top: where the rim begins to be skin
LIPS_INSIDE: Final = (
    *(78, 191, 80, 81, 82, 13, 312, 311, 310, 415),
    *(308, 324, 318, 402, 317, 14, 87, 178, 88, 95),
)
EYE_OUTLINES: Final = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
)
EYE_CORNERS: Final = ((33, 133), (362, 263))
# Where skin folds with an expression: landmarks, and how far around each, in widths of the face.
FOLDS: Final = (
    ((9, 8, 107, 336), 0.06, 0.08),  # between the brows
    ((151, 10, 108, 337), 0.15, 0.08),  # across the forehead
    ((205, 425, 206, 426, 203, 423), 0.065, 0.07),  # from nose to mouth
    ((61, 291, 0, 17, 37, 267, 84, 314), 0.07, 0.05),  # about the mouth
    ((18, 200, 199), 0.11, 0.07),  # on the chin
)


@dataclass(frozen=True)
class Layout:
    """Where everything lies in the picture of SIDE x SIDE pixels.

    places (504, 2): landmarks, then the rim. triangles (T, 3), areas (T,) in pixels. pixel (N,): those in a
    triangle, as row * SIDE + column; triangle (N,), corners (N, 3), weights (N, 3): which, and where in it.
    Pictures (SIDE, SIDE) of 0..1: inner, within the landmarks; skin, inside without eyes and mouth; mouth and
    eyes, soft; moving, how far the eyeball moves with the gaze; folds; shown, what is drawn of a donor.
    eye_width: pixels.
    """

    places: Float
    triangles: Index
    areas: Float
    pixel: Index
    triangle: Index
    corners: Index
    weights: Float
    inner: Float
    skin: Float
    mouth: Float
    eyes: Float
    moving: Float
    folds: Float
    shown: Float
    eye_width: float


def add_rim(face: Doubles) -> Doubles:
    """Return a face (468, 3) in the model's axes with a rim beyond its outline, (504, 3).

    The rim reaches up to the hair and hardly sideways, as a skull does.
    """
    away = face[list(OVAL)] - face[NOSE_ROOT]
    length = np.linalg.norm(away[:, :2], axis=1)
    grown = 1 + RIM + RIM_ABOVE * np.clip(away[:, 1] / np.maximum(length, 1e-9), 0, 1) ** 2
    rim = face[NOSE_ROOT] + away * grown[:, None]
    rim[:, 2] = face[list(OVAL), 2] - RIM_DEPTH * length * (grown - 1)
    return np.concatenate([face, rim])


@cache
def load_layout() -> Layout:
    """Return the layout; made once per process, always the same."""
    from scipy.spatial import Delaunay

    places = _unroll(add_rim(_opened_face()))
    triangles = _front_sides(places, Delaunay(places).simplices.astype(np.int32))
    fragments = cut_fragments(places, np.zeros(len(places), np.float32), triangles, (SIDE, SIDE))
    fragments = fragments.take(resolve_nearest(fragments, SIDE * SIDE))
    inner, mouth = _paint(places[list(OVAL)]), _paint(places[list(LIPS_INSIDE)])
    eyes = np.maximum(*(_paint(places[list(outline)]) for outline in EYE_OUTLINES))
    widths = [float(np.linalg.norm(places[a] - places[b])) for a, b in EYE_CORNERS]
    skin = _erode(inner, 9) * (1 - _dilate(eyes, 9)) * (1 - _dilate(mouth, 13))
    return Layout(
        places,
        triangles,
        np.abs(double_areas(places, triangles)),
        fragments.pixel,
        fragments.triangle,
        triangles[fragments.triangle],
        fragments.weights,
        inner,
        skin,
        _soften(_dilate(mouth, 3), 1.2),
        _soften(_dilate(eyes, 3), 1.2),
        _soften(_ramp(eyes, 0.1 * float(np.mean(widths))), 1.0),
        _folds(places, inner),
        _shown(places, inner),
        float(np.mean(widths)),
    )


def unwrap(picture: Float, points_px: Float, gaze_yaw_deg: float = 0.0) -> tuple[Float, Float]:
    """Return a face in the picture's layout (SIDE, SIDE[, 3]), and how well each pixel was seen.

    picture: (H, W[, 3]) float, not modified. points_px: (468, 2) or more columns. gaze_yaw_deg: where the
    eyes look; they are turned to the front. Seen, (SIDE, SIDE) from 0 to 1.5: pixels of the photograph for
    one of the picture against the middle of the face, 0 where the surface turns away. The rim holds nothing
    of use.
    """
    layout = load_layout()
    points = np.asarray(points_px[:, :2], np.float32)
    points = np.concatenate([points, points[list(OVAL)]])
    places = np.zeros((SIDE * SIDE, 2), np.float32)
    places[layout.pixel] = np.einsum("nk,nkd->nd", layout.weights, points[layout.corners])
    look_up: Float = places.reshape(SIDE, SIDE, 2)
    if gaze_yaw_deg:
        look_up = shift_eyes(look_up, gaze_yaw_deg)
    found = cv2.remap(
        picture, look_up[..., 0], look_up[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    ratio = np.clip(-double_areas(points, layout.triangles), 0, None) / layout.areas
    ratio /= max(float(np.median(ratio[ratio > 0])) if (ratio > 0).any() else 1.0, 1e-9)
    seen = np.zeros(SIDE * SIDE, np.float32)
    seen[layout.pixel] = np.clip(ratio, 0, 1.5)[layout.triangle]
    return np.asarray(found, np.float32), seen.reshape(SIDE, SIDE)


def shift_eyes(values: Float, gaze_yaw_deg: float) -> Float:
    """Return values (SIDE, SIDE, C) of a face that looks aside, moved as if it looked to the front."""
    layout = load_layout()
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    moved = columns + layout.moving * np.float32(gaze_yaw_deg / YAW_PER_WIDTH * layout.eye_width)
    return np.asarray(cv2.remap(values, moved, rows, cv2.INTER_LINEAR), np.float32)


def _opened_face() -> Doubles:
    response = load_response()
    moves = (share * response.moves[response.units.index(unit)] for unit, share in OPENED.items())
    return np.asarray(response.rest + sum(moves), np.float64)


def _unroll(face: Doubles) -> Float:
    """Return places (P, 2) in the picture of points (P, 3) in the model's axes."""
    depth = face[:, 2] - face[:, 2].min() + BEHIND
    flat = np.stack([np.arctan2(face[:, 0], depth) * np.median(depth), -face[:, 1]], axis=1)
    low, high = flat.min(axis=0), flat.max(axis=0)
    scale = (SIDE - 2 * BORDER) / float((high - low).max())
    return np.asarray((flat - (low + high) / 2) * scale + SIDE / 2, np.float32)


def _front_sides(places: Float, triangles: Index) -> Index:
    turned = double_areas(places, triangles) > 0
    triangles[turned] = triangles[turned][:, ::-1]
    return triangles


def double_areas(points: Float, triangles: Index) -> Float:
    """Return twice the signed areas (T,), negative for what faces the viewer, x right and y down."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    return np.asarray(
        (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]), np.float32
    )


def _paint(outline: Float) -> Float:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return mask.astype(np.float32)


def _folds(places: Float, inner: Float) -> Float:
    width = float(np.ptp(places[list(OVAL), 0]))
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    folds = np.zeros((SIDE, SIDE), np.float32)
    for landmarks, across, down in FOLDS:
        for x, y in places[list(landmarks)]:
            reach = ((columns - x) / (across * width)) ** 2 + ((rows - y) / (down * width)) ** 2
            folds = np.maximum(folds, np.exp(-reach))
    away_from_hair = np.minimum(1, _soften(_erode(inner, 29), 6.0) * 1.2)
    return np.asarray(np.clip(folds * 1.5, 0, 1) * away_from_hair, np.float32)


def _shown(places: Float, inner: Float) -> Float:
    """Return what is drawn of a donor: the landmarks' area, and the forehead above it."""
    top, root = float(places[list(OVAL), 1].min()), float(places[NOSE_ROOT, 1])
    risen = (root - np.arange(SIDE, dtype=np.float32)) / (root - top)
    share = np.clip((risen - CROWN[0]) / (CROWN[1] - CROWN[0]), 0, 1)
    return np.asarray(np.maximum(inner, _paint(places[POINTS:]) * share[:, None]), np.float32)


def _soften(mask: Float, sigma: float) -> Float:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.float32)


def _ramp(mask: Float, reach: float) -> Float:
    """Return 0 outside a mask, rising to 1 at a distance of reach pixels inside."""
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip(distance / reach, 0, 1), np.float32)


def _erode(mask: Float, size: int) -> Float:
    return np.asarray(cv2.erode(mask, _disc(size)), np.float32)


def _dilate(mask: Float, size: int) -> Float:
    return np.asarray(cv2.dilate(mask, _disc(size)), np.float32)


def _disc(size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
