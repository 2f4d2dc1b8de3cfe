"""Paint an eyeball: sclera with faint veins, iris with fibres and a dark rim, pupil."""

from __future__ import annotations

import numpy as np

from deid.heads.curves import bump, ramp
from deid.heads.look import Look, to_linear
from deid.heads.noise import smooth_noise
from deid.heads.pack import Float, HeadPack
from deid.heads.shape import RestHead, eye_centre

EYE_SIDE = 256
IRIS_DEG = 24.5
PUPIL_DEG = 9.0
EDGE_DEG = 90.0  # the picture's half side


def nearest_eye(pack: HeadPack) -> Float:
    """Return the centre (V, 3) of the eyeball on whose side each vertex of the average head is."""
    eye = pack.vertices_of("eye")
    rest = RestHead(pack, pack.vertices, np.zeros((0, 0), np.float32), (eye, eye))
    left, right = (eye_centre(rest, eye[pack.vertices[eye, 0] * side > 0]) for side in (1, -1))
    return np.asarray(np.where(pack.vertices[:, :1] > 0, left, right), np.float32)


def eye_points(places: Float, centre: Float) -> Float:
    """Return texture points (N, 2) 0..1 of eyeball places (N, 3): angle from the axis, ahead = middle."""
    arm = places - centre
    arm = arm / np.linalg.norm(arm, axis=1, keepdims=True)
    angle = np.degrees(np.arccos(np.clip(arm[:, 2], -1, 1)))
    across = np.hypot(arm[:, 0], arm[:, 1]) + np.float32(1e-9)
    reach = np.clip(angle / EDGE_DEG, 0, 0.999)[:, None]
    flat = np.stack([arm[:, 0], -arm[:, 1]], axis=1) / across[:, None]
    points: Float = ((flat * reach + 1) / 2).astype(np.float32)
    return points


def paint_eye(look: Look) -> Float:
    """Return the eyeball's albedo (EYE_SIDE, EYE_SIDE, 3), linear RGB."""
    axis = (np.arange(EYE_SIDE, dtype=np.float32) + 0.5) / EYE_SIDE * 2 - 1
    x, y = (grid.ravel() for grid in np.meshgrid(axis, axis))
    angle = np.hypot(x, y) * np.float32(EDGE_DEG)
    around = np.arctan2(y, x)
    ring = np.stack([np.cos(around) * 9 + 16, np.sin(around) * 9 + 16, angle * 0.10], axis=1).astype(
        np.float32
    )
    fibres = (
        smooth_noise(ring, look.seed + 20) * 0.6 + smooth_noise(ring * np.float32(2.3), look.seed + 21) * 0.4
    )
    veins = smooth_noise(np.stack([x * 9 + 9, y * 26 + 9, x * 0 + 2], axis=1), look.seed + 22)
    sclera = np.tile(to_linear((0.80, 0.76, 0.73)), (len(x), 1))
    redness = ramp(angle, 30, 70) * (0.35 + 0.65 * ramp(veins, 0.55, 0.8))
    sclera = sclera * (1 - redness[:, None] * np.array([0.10, 0.34, 0.32], np.float32))
    base = to_linear(look.iris)
    depth = 0.45 + 1.1 * fibres
    collar = 1 + 0.5 * bump(angle, PUPIL_DEG + 4.5, 3.0)
    rim = 1 - 0.75 * ramp(angle, IRIS_DEG - 5.5, IRIS_DEG - 0.5)
    iris = base * (depth * collar * rim)[:, None]
    in_iris = ramp(angle, IRIS_DEG + 1.8, IRIS_DEG - 1.2)[:, None]
    in_pupil = ramp(angle, PUPIL_DEG + 1.0, PUPIL_DEG - 1.0)[:, None]
    colour = sclera * (1 - in_iris) + iris * in_iris
    colour = colour * (1 - in_pupil) + np.float32(0.006) * in_pupil
    painted: Float = colour.reshape(EYE_SIDE, EYE_SIDE, 3).astype(np.float32)
    return painted
