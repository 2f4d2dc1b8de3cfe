"""Draw a donor where a person is: as a face in the person's picture, or whole before a plain background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np

from deid.anchors import Anchors
from deid.blend import (
    face_mask,
    lay_over,
    raise_forehead,
    relight,
    sharpen,
    soften,
    to_bytes,
    to_linear_light,
)
from deid.fit import OVAL
from deid.heads.person import Person
from deid.heads.render import Camera, develop, render_person
from deid.heads.shape import Pose
from deid.held import Bits, hidden_area
from deid.response import Doubles
from emotion.geometry import similarity_transform
from emotion.types import Float, Image

FACE_CAMERA: Final = (288, 1150.0)  # side in pixels, pixels per metre: the face fills the picture
BUST_CAMERA: Final = (416, 640.0)
BACKGROUND_BGR: Final = (176, 170, 164)
# In face widths: what is always covered, and how far the donor reaches where there is one to be seen.
# Outline, hairline and light told the person as much as all the rest. Two donors each of doctor, id036, 37,
# 41 and 43 (shared/data) against 16 others, found by the worst recogniser and mean cosine: 72 % and .21
# when only the area of the landmarks was replaced and a blurred ratio lit it, 26 % and .07 as it is now.
COVERED, REACH = -0.02, 0.06
LEAST_UNIT: Final = 0.01
EDGE: Final = 0.02  # of the face's width, over which the donor's own outline is softened
# Landmarks by which a donor is laid over a person: the outline, the nose and the corners of the eyes.
TOP, NOSE_ROOT, CHIN = 10, 168, 152
STEADY: Final = [*OVAL, 168, 6, 197, 195, 5, 4, 1, 33, 133, 263, 362]


@dataclass(frozen=True)
class Shape:
    """calm (468, 3): a person's face at rest, turned to the front, in eye distances, x to the person's left,
    y up, z forward. moved (468, 3): from there in a frame. probs (7,): of expressions, as a network reads
    them.
    """

    calm: Float
    moved: Float
    probs: Float


@dataclass(frozen=True)
class Motion:
    """How a donor is to be drawn in one frame.

    points_px (468, 2): the person's landmarks. turn: yaw, pitch and roll, gaze: yaw and pitch, as in Pose, in
    degrees. units: facial units by name, 0..1. shape: for donors that are drawn without units. held: where
    something is before the face, as deid.held packs it, None where nothing is.
    """

    points_px: Float
    turn: tuple[float, float, float]
    gaze: tuple[float, float]
    units: Mapping[str, float]
    shape: Shape | None = None
    held: Bits | None = None


class Face(Protocol):
    """Whose face is drawn over somebody's."""

    def draw(self, window_bgr: Image, points: Float, motion: Motion) -> Image:
        """Return (h, w, 4): the face over a part of the picture (h, w, 3), BGR everywhere, and how far it
        reaches.

        points: (468, 2), the person's landmarks in that part. Neither is modified.
        """
        ...


@dataclass(frozen=True)
class RenderedFace:
    """A synthetic person's face. contrast: how much more of it what is small gets, as in sharpen."""

    person: Person
    anchors: Anchors
    contrast: float = 1.0

    def draw(self, window_bgr: Image, points: Float, motion: Motion) -> Image:
        """Return (h, w, 4) as Face; nothing of the picture is used."""
        drawn = _draw(self.person, motion, self.anchors, FACE_CAMERA, (points, window_bgr.shape))
        face = fill_around(drawn[..., :3], drawn[..., 3])
        if self.contrast != 1:
            face = sharpen(face, width_of(points), self.contrast)
        return np.dstack([face, drawn[..., 3]])


def name_units(names: Sequence[str], values: Float | Doubles) -> dict[str, float]:
    """Return the units (K,) that can be seen, by name."""
    return {name: float(value) for name, value in zip(names, values, strict=True) if value > LEAST_UNIT}


def draw_donor(image_bgr: Image, donor: Face, motion: Motion) -> Image:
    """Return the picture (H, W, 3) with the donor's face where the person's was; it is not modified."""
    window, origin = _window(motion.points_px, image_bgr)
    points = motion.points_px - origin
    drawn = donor.draw(window, points, motion)
    covered, alpha = _masks(points, drawn[..., 3])
    face = to_linear_light(np.ascontiguousarray(drawn[..., :3]))
    size_hw = (window.shape[0], window.shape[1])
    hidden = None if motion.held is None else hidden_area(points, motion.held, size_hw)
    lit = relight(face, to_linear_light(window), covered, hidden)
    result = image_bgr.copy()
    left, top = (int(edge) for edge in origin)
    result[top : top + window.shape[0], left : left + window.shape[1]] = lay_over(
        window, to_bytes(lit), alpha
    )
    return result


def width_of(points: Float) -> float:
    """Return how wide a face with landmarks (468, 2) is, in pixels."""
    return float(np.ptp(points[list(OVAL), 0]))


def _masks(points: Float, coverage: Image) -> tuple[Float, Float]:
    """Return 0..1 (h, w) of the landmarks' area and of all that is replaced: hairline and jaw as well.

    points: (468, 2). coverage: of the donor (h, w) 0..255; beyond it only the landmarks' area is covered.
    """
    outline, size_hw = points[list(OVAL)], (coverage.shape[0], coverage.shape[1])
    covered = face_mask(outline, size_hw, grow=COVERED)
    wide = raise_forehead(outline, points[TOP], points[NOSE_ROOT], points[CHIN])
    drawn = cv2.erode(coverage, np.ones((3, 3), np.uint8)).astype(np.float32) / np.float32(255)
    soft = soften(drawn, max(0.6, EDGE * width_of(points)))
    reached = face_mask(wide, size_hw, grow=REACH) * soft
    return covered, np.asarray(np.maximum(covered, reached), np.float32)


def draw_avatar(image_bgr: Image, person: Person, motion: Motion, anchors: Anchors) -> Image:
    """Return the picture (H, W, 3) with the whole donor, head and shoulders, over it; it is not modified."""
    drawn = _draw(person, motion, anchors, BUST_CAMERA, (motion.points_px, image_bgr.shape))
    result = image_bgr.copy()
    left, top, width, height = cv2.boundingRect(drawn[..., 3])
    inside = (slice(top, top + height), slice(left, left + width))
    alpha = drawn[inside][..., 3].astype(np.float32) / np.float32(255)
    result[inside] = lay_over(image_bgr[inside], drawn[inside][..., :3].astype(np.float32), alpha)
    return result


def plain_picture(shape: tuple[int, ...]) -> Image:
    """Return a picture of one colour, of a shape (H, W, 3)."""
    picture = np.empty(shape, np.uint8)
    picture[0] = BACKGROUND_BGR
    picture[1:] = picture[0]  # rows at once: colour by colour takes ten times as long
    return picture


def _draw(
    person: Person,
    motion: Motion,
    anchors: Anchors,
    view: tuple[int, float],
    window: tuple[Float, tuple[int, ...]],
) -> Image:
    """Return the donor (h, w, 4), BGR and coverage 0..255, in a window of the picture.

    view: side and pixels per metre of the rendering; window: landmarks (468, 2) in it, and its shape (h, w,
    3).
    """
    yaw, pitch, roll = motion.turn
    pose = Pose(yaw, pitch, roll, gaze_yaw_deg=motion.gaze[0], gaze_pitch_deg=motion.gaze[1])
    places = anchors.posed(person.rest, motion.units, pose)
    middle = places.mean(axis=0)
    side, scale = view
    camera = Camera((side, side), scale, (float(middle[0]), float(middle[1]), 0.0))
    picture = render_person(person, motion.units, pose, camera, oversampling=1.0)
    own, _ = camera.project(places)
    matrix = similarity_transform(own[STEADY], window[0][STEADY])
    seen = np.flatnonzero(picture.alpha)  # fully, without oversampling
    colours = develop(np.take(picture.rgb.reshape(-1, 3), seen, axis=0))
    layers = np.zeros((side * side, 4), np.uint8)
    layers[seen] = np.column_stack([colours, np.full(len(seen), 255, np.uint8)])
    size, picture_bgra = (window[1][1], window[1][0]), layers.reshape(side, side, 4)
    return np.asarray(cv2.warpAffine(picture_bgra, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)


def _window(points_px: Float, image_bgr: Image) -> tuple[Image, Float]:
    """Return the part of a picture around a face, and its upper left corner (2,)."""
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    margin = 0.25 * float((high - low).max())
    height, width = image_bgr.shape[:2]
    left, top = (int(max(0, np.floor(edge - margin))) for edge in low)
    right, bottom = int(min(width, np.ceil(high[0] + margin))), int(min(height, np.ceil(high[1] + margin)))
    return image_bgr[top:bottom, left:right], np.array([left, top], np.float32)


def fill_around(face_bgr: Image, alpha: Image) -> Image:
    """Return the face with its surroundings filled by its mean colour, so that no edge shows black."""
    seen = alpha > 200
    if not seen.any():
        return face_bgr
    mean = np.array(cv2.mean(face_bgr, mask=seen.view(np.uint8))[:3], np.float32)
    filled = face_bgr - mean
    filled *= (alpha.astype(np.float32) / np.float32(255))[..., None]
    filled += mean
    return filled.astype(np.uint8)
