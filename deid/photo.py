"""Draw a donor that is a mean of photographs (deid.average) as a person's face moves.

The donor's own shape gets the person's movement, so that no proportion of theirs is seen. What a landmark
cannot say, folds of the skin and teeth, is carried over as a ratio of light against the same face at rest
(Liu, Shan and Zhang, "Expressive expression mapping with ratio images", 2001), only where skin folds with an
expression. For the doctor's clip (shared/data) all of the face made `densenet` keep 67 % of the frames
instead of 33, at a cosine of .12 instead of -.02; the folds alone 67 % at .05. Brows and the surroundings of
the eyes are what was known by: they are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from deid.average import MeanFace
from deid.blend import to_bytes, to_linear_light
from deid.canonical import SIDE, add_rim, load_layout, shift_eyes, unwrap
from deid.draw import STEADY, Motion, Shape, fill_around
from deid.fit import turn_matrix
from deid.gaze import LARGEST_YAW
from deid.heads.raster import cut_fragments, resolve_nearest
from deid.held import hidden_texels
from deid.response import Doubles, load_response, turn_features
from emotion.geometry import similarity_transform
from emotion.labels import EMOTIONS
from emotion.types import Float, Image

CANVAS: Final = 320  # pixels of the side of the drawing, before it is laid into the picture
FURTHEST: Final = 0.6  # eye distances that a landmark moves at most
WIDEST_EYE: Final = 1.8  # of the donor's calm eye
# Upper and lower landmarks of lids, and of the inner edge of the lips.
LIDS: Final = np.array(
    [(246, 7), (161, 163), (160, 144), (159, 145), (158, 153), (157, 154), (173, 155),
     (398, 382), (384, 381), (385, 380), (386, 374), (387, 373), (388, 390), (466, 249)]
)  # fmt: skip
LIPS: Final = np.array(
    [(191, 95), (80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318), (415, 324)]
)
OPENS: Final = (
    0.02,
    0.07,
)  # eye distances between the lips: from here on, and fully, the open mouth is shown
GREY: Final = np.array([0.114, 0.587, 0.299], np.float32)
DARKEST: Final = 0.02  # of the skin's light, below which noise decides a ratio
FINE, COARSE = 1.4, 36.0  # pixels: what is finer is noise, what is coarser is the lamp
FOLD_GAIN: Final = 1.4
FOLD_RANGE: Final = (-0.45, 0.2)  # of the logarithm of the ratio; a fold is darker, its edges hardly lighter
TOOTH_SIGMA, TOOTH_RANGE = 1.8, (0.15, 3.0)
IVORY_BGR: Final = np.array([0.68, 0.92, 1.14], np.float32)  # of grey: a tooth in the light of a mean
IVORY_FROM: Final = (0.9, 1.6)  # times the donor's light
SMALLER: Final = 4  # how much smaller a picture may be for a coarse blur


@dataclass(frozen=True)
class PhotoFace:
    """A mean of photographs. rest (SIDE, SIDE): a person's face at rest as rest_of gives it, None if
    unknown."""

    mean: MeanFace
    rest: Float | None

    def draw(self, window_bgr: Image, points: Float, motion: Motion) -> Image:
        """Return (h, w, 4) as deid.draw.Face. Raises ValueError for a motion without a shape."""
        if motion.shape is None:
            raise ValueError("expected a motion with the shape of the person's face")
        look_up, filled, own = _lay_out(_pose(self.mean.calm, motion, motion.shape))
        hidden = None if motion.held is None else hidden_texels(motion.held)
        picture = self._picture(window_bgr, points, motion.shape, hidden)
        yaw = float(np.clip(motion.gaze[0], -LARGEST_YAW, LARGEST_YAW))
        picture = shift_eyes(picture, -yaw)
        face = np.asarray(cv2.remap(picture, look_up[..., 0], look_up[..., 1], cv2.INTER_LINEAR), np.float32)
        shown = cv2.remap(load_layout().shown, look_up[..., 0], look_up[..., 1], cv2.INTER_LINEAR)
        layers = np.dstack([to_bytes(face), np.asarray(shown) * filled * 255, filled * 255]).astype(np.uint8)
        matrix = similarity_transform(own[STEADY], points[STEADY])
        size = (window_bgr.shape[1], window_bgr.shape[0])
        parts = [layers[..., :4], layers[..., 4]]
        placed, known = (np.asarray(cv2.warpAffine(part, matrix, size), np.uint8) for part in parts)
        placed[..., :3] = fill_around(placed[..., :3], known)
        return placed

    def _picture(self, window_bgr: Image, points: Float, shape: Shape, hidden: Float | None) -> Float:
        """Return the donor (SIDE, SIDE, 3) with the wrinkles, folds and teeth of a moment.

        hidden: (SIDE, SIDE) 0..1, where something is before the person's face, so that nothing is taken over.
        """
        mean, layout = self.mean, load_layout()
        change = np.zeros((SIDE, SIDE), np.float32)
        for emotion, wrinkles in mean.wrinkles.items():
            change += wrinkles * np.float32(shape.probs[EMOTIONS.index(emotion)])
        light, seen = _light_of(window_bgr, points, hidden)
        if self.rest is not None:
            change += _folds(light - self.rest, seen)
        picture = mean.picture * np.exp(change)[..., None]
        inside = layout.mouth[..., None]
        theirs = inside if hidden is None else inside * (1 - hidden[..., None])
        if mean.open is not None:
            opened = _share(_gaps((shape.calm + shape.moved), LIPS)[4], OPENS) * inside
            picture = picture * (1 - opened) + mean.open * opened
        return np.asarray(picture * (1 - theirs) + _light_mouth(picture, light) * theirs, np.float32)


def rest_of(frames: Iterable[tuple[Image, Float]]) -> Float | None:
    """Return the mean logarithm of light (SIDE, SIDE) of a face at rest, 0 for its skin. None of no frame.

    frames: pictures (H, W, 3) and landmarks (468, 2) in them.
    """
    total, weight = np.zeros((SIDE, SIDE), np.float32), np.full((SIDE, SIDE), 1e-6, np.float32)
    count = 0
    for image_bgr, points in frames:
        light, seen = _light_of(image_bgr, points)
        total, weight, count = total + light * seen, weight + seen, count + 1
    return np.asarray(total / weight, np.float32) if count else None


def _light_of(image_bgr: Image, points: Float, hidden: Float | None = None) -> tuple[Float, Float]:
    """Return the logarithm of light of an unrolled face against its skin's, and how well it was seen.

    hidden: (SIDE, SIDE) 0..1, what was not seen at all.
    """
    grey = np.asarray(to_linear_light(image_bgr) @ GREY, np.float32)
    light, seen = unwrap(grey, points)
    skin_seen = load_layout().skin > 0
    if hidden is not None:
        seen = seen * (1 - hidden)
        bare = skin_seen & (hidden < 0.5)
        skin_seen = bare if bare.any() else skin_seen
    skin = max(float(np.median(light[skin_seen])), 1e-4)
    return np.asarray(np.log(np.maximum(light / skin, DARKEST)), np.float32), seen


def _folds(change: Float, seen: Float) -> Float:
    """Return what of a change in the logarithm of light (SIDE, SIDE) is a fold of the skin."""
    layout = load_layout()
    share = layout.folds * (1 - layout.eyes) * np.clip(seen / 0.3, 0, 1)
    parts = np.dstack([change * share, share])
    fine = cv2.GaussianBlur(parts, (0, 0), FINE)
    small = cv2.resize(parts, (SIDE // SMALLER, SIDE // SMALLER), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(cv2.GaussianBlur(small, (0, 0), COARSE / SMALLER), (SIDE, SIDE))
    found = fine[..., 0] / np.maximum(fine[..., 1], 0.1) - coarse[..., 0] / np.maximum(coarse[..., 1], 0.1)
    found = np.clip(found * share * FOLD_GAIN, *FOLD_RANGE) * (1 - layout.mouth)
    return np.asarray(found, np.float32)


def _light_mouth(picture: Float, light: Float) -> Float:
    """Return the donor (SIDE, SIDE, 3) everywhere as light as the person, which is right inside the mouth."""
    grey = picture @ GREY
    skin = max(float(np.median(grey[load_layout().skin > 0])), 1e-4)
    theirs = cv2.GaussianBlur(np.exp(light), (0, 0), TOOTH_SIGMA)
    ratio = theirs / np.maximum(cv2.GaussianBlur(grey / skin, (0, 0), TOOTH_SIGMA), 0.03)
    ratio = np.clip(ratio, *TOOTH_RANGE)[..., None]
    low, high = IVORY_FROM
    tooth = np.clip((ratio - low) / (high - low), 0, 1)
    return np.asarray(ratio * (picture * (1 - tooth) + grey[..., None] * IVORY_BGR * tooth), np.float32)


def _pose(calm: Float, motion: Motion, shape: Shape) -> Doubles:
    """Return the donor's landmarks and rim (504, 3) in the model's axes, moved and turned as the person's."""
    moved = np.clip(shape.moved.astype(np.float64), -FURTHEST, FURTHEST)
    face, theirs = calm + moved, shape.calm + moved
    opening = _gaps(theirs, LIDS) / np.maximum(_gaps(shape.calm.astype(np.float64), LIDS), 1e-3)
    wanted = np.clip(opening, 0, WIDEST_EYE) * _gaps(calm.astype(np.float64), LIDS)
    _set_gaps(face, LIDS, wanted)
    _set_gaps(face, LIPS, np.maximum(_gaps(theirs, LIPS), 0))
    yaw, pitch, roll = motion.turn
    face += np.tensordot(turn_features(yaw, pitch), load_response().turned, 1)
    return np.asarray(add_rim(face) @ turn_matrix(yaw, pitch, roll).T, np.float64)


def _gaps(face: Doubles | Float, pairs: np.ndarray) -> Doubles:
    """Return distances between upper and lower landmarks, negative where they have passed each other."""
    between = face[pairs[:, 0]].astype(np.float64) - face[pairs[:, 1]]
    return np.asarray(np.linalg.norm(between, axis=1) * np.sign(between[:, 1]), np.float64)


def _set_gaps(face: Doubles, pairs: np.ndarray, gaps: Doubles) -> None:
    """Move upper and lower landmarks apart or together in place, about their middle."""
    upper, lower = face[pairs[:, 0]], face[pairs[:, 1]]
    between, middle = upper - lower, (upper + lower) / 2
    length = np.linalg.norm(between, axis=1, keepdims=True)
    upright = np.array([0.0, 1.0, 0.0])
    along = np.where((between[:, 1:2] > 0) & (length > 1e-6), between / np.maximum(length, 1e-6), upright)
    face[pairs[:, 0]] = middle + along * gaps[:, None] / 2
    face[pairs[:, 1]] = middle - along * gaps[:, None] / 2


def _lay_out(posed: Doubles) -> tuple[Float, Float, Float]:
    """Return for each pixel of the canvas where in deid.canonical's picture it looks, and whether it does.

    Beside them the landmarks and the rim (504, 2) on the canvas.
    """
    layout = load_layout()
    flat = posed[:, :2] * [1, -1]
    low, high = flat.min(axis=0), flat.max(axis=0)
    own = (flat - (low + high) / 2) * ((CANVAS - 4) / float((high - low).max())) + CANVAS / 2
    own = own.astype(np.float32)
    fragments = cut_fragments(own, -posed[:, 2].astype(np.float32), layout.triangles, (CANVAS, CANVAS))
    fragments = fragments.take(resolve_nearest(fragments, CANVAS * CANVAS))
    look_up = np.full((CANVAS * CANVAS, 2), -1, np.float32)
    corners = layout.places[layout.triangles[fragments.triangle]]
    look_up[fragments.pixel] = np.einsum("nk,nkd->nd", fragments.weights, corners)
    filled = np.zeros(CANVAS * CANVAS, np.float32)
    filled[fragments.pixel] = 1
    return look_up.reshape(CANVAS, CANVAS, 2), filled.reshape(CANVAS, CANVAS), own


def _share(value: float, between: tuple[float, float]) -> float:
    low, high = between
    return float(np.clip((value - low) / (high - low), 0, 1))
