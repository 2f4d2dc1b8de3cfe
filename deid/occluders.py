"""Things held before faces, drawn at random: hands, arms, cups, sheets, microphones, cloth.

They stand in for what no data set of ours shows with an outline: to train and to measure what finds such
things, and for tests. None of them is a picture of anybody's hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from deid.response import Doubles
from emotion.types import Float, Image

FINER: Final = 2  # times the picture's resolution, in which outlines are drawn
CHEEKS: Final = (50, 280, 205, 425, 151)
TOP, CHIN, LEFT, RIGHT, NOSE = 10, 152, 234, 454, 1
LOWER_FACE: Final = (1, 13, 14, 17, 61, 291, 152, 205, 425, 172, 397, 50, 280, 4, 199)
# Of a hand that points upwards, wrist at the origin, in hand lengths: where fingers begin, how long they are.
FINGERS: Final = ((-0.165, 0.50, 0.38), (-0.055, 0.53, 0.46), (0.055, 0.52, 0.43), (0.16, 0.47, 0.34))
FINGER_WIDTH: Final = 0.098
NAIL: Final = np.array([1.02, 1.0, 1.12])  # against the skin about it
KINDS: Final = ("hand", "hand", "hand", "fist", "arm", "cup", "microphone", "sheet", "blob")


@dataclass(frozen=True)
class Held:
    """Something in a picture. bgr: (H, W, 3) 0..255. mask: (H, W) 0..1, how far it hides the rest."""

    bgr: Float
    mask: Float

    def over(self, image_bgr: Image) -> Image:
        """Return the picture (H, W, 3) with the thing and its shadow; it is not modified."""
        alpha = self.mask[..., None]
        sigma = 0.03 * min(self.mask.shape)
        shade = 1 - 0.3 * cv2.GaussianBlur(self.mask, (0, 0), max(1.0, sigma))[..., None]
        return np.asarray(np.clip(image_bgr * shade * (1 - alpha) + self.bgr * alpha, 0, 255), np.uint8)


@dataclass(frozen=True)
class _Place:
    """target (2,): what is hidden. towards (2,): the way the thing points, of length 1. face: its height in
    pixels. skin (3,): colour of hands.
    """

    target: Doubles
    towards: Doubles
    face: float
    skin: Float

    @property
    def across(self) -> Doubles:
        return np.array([-self.towards[1], self.towards[0]], np.float64)


class _Canvas:
    """Parts drawn over one another, each round at its edges; coordinates are the picture's."""

    def __init__(self, size_hw: tuple[int, int], rng: np.random.Generator) -> None:
        height, width = size_hw[0] * FINER, size_hw[1] * FINER
        self.bgr, self.mask = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
        self._rng, self._size = rng, size_hw
        lamp = rng.uniform(0, 2 * np.pi)
        self._lamp = np.array([np.cos(lamp), np.sin(lamp)])

    def draw(self, paint: Callable[[Image], None], bgr: Float, *, roundness: float) -> None:
        """Add what paint leaves in an empty mask. roundness: how much darker it is at its edges, 0..1."""
        stencil = np.zeros(self.mask.shape, np.uint8)
        paint(stencil)
        left, top, width, height = cv2.boundingRect(stencil)
        if not width:
            return
        window = (slice(top, top + height), slice(left, left + width))
        stencil = np.ascontiguousarray(stencil[window])
        depth = cv2.distanceTransform(stencil, cv2.DIST_L2, 3)
        deepest = max(float(np.percentile(depth[stencil > 0], 95)), 1.0)
        bulge = np.sqrt(np.clip(depth / deepest, 0, 1))
        across = (
            cv2.Sobel(bulge, cv2.CV_32F, 1, 0) * self._lamp[0]
            + cv2.Sobel(bulge, cv2.CV_32F, 0, 1) * self._lamp[1]
        )
        light = 1 - roundness * (1 - bulge) + roundness * 0.6 * np.clip(across * deepest / 8, -0.5, 0.5)
        inside = stencil > 0
        self.bgr[window][inside] = (bgr * light[..., None])[inside]
        self.mask[window][inside] = 1

    def line(
        self, points: Sequence[Doubles], widths: Sequence[float], bgr: Float, *, roundness: float = 0.4
    ) -> None:
        """Add a tapering tube along points."""

        def paint(stencil: Image) -> None:
            for at in range(len(points) - 1):
                long = float(np.linalg.norm(points[at + 1] - points[at]))
                for share in np.linspace(0, 1, 2 + int(8 * long / min(widths))):
                    middle = (points[at] * (1 - share) + points[at + 1] * share) * FINER
                    radius = (widths[at] * (1 - share) + widths[at + 1] * share) * FINER / 2
                    cv2.circle(
                        stencil, tuple(np.round(middle).astype(int).tolist()), max(1, round(radius)), 1, -1
                    )

        self.draw(paint, bgr, roundness=roundness)

    def shape(self, outline: Doubles, bgr: Float, *, roundness: float = 0.2) -> None:
        """Add a polygon (N, 2)."""
        corners = np.round(outline * FINER).astype(np.int32)

        def paint(stencil: Image) -> None:
            cv2.fillPoly(stencil, [corners], 1)

        self.draw(paint, bgr, roundness=roundness)

    def finish(self) -> Held:
        """Return what was drawn, uneven as cloth and skin are, as sharp as a picture is."""
        rng, shape = self._rng, self.mask.shape
        for cells, strength in ((4, 0.10), (24, 0.04)):
            noise = rng.normal(0, strength, (cells, cells, 1)).astype(np.float32)
            self.bgr *= 1 + cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC)[..., None]
        sigma = FINER * rng.uniform(0.3, 1.0)
        known = cv2.GaussianBlur(self.mask, (0, 0), sigma)
        bgr = (
            cv2.GaussianBlur(self.bgr * self.mask[..., None], (0, 0), sigma)
            / np.maximum(known, 1e-3)[..., None]
        )
        size = self._size[::-1]
        small = [cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (bgr, known)]
        grain = rng.normal(0, rng.uniform(0, 3), small[0].shape)
        return Held(np.clip(small[0] + grain, 0, 255).astype(np.float32), np.asarray(small[1], np.float32))


def hold(
    image_bgr: Image,
    points_px: Float,
    rng: np.random.Generator,
    *,
    kind: str | None = None,
    textures: Sequence[Image] = (),
) -> Held:
    """Return something before a face of a picture (H, W, 3), which is not modified.

    points_px: (468, 2) or more columns. kind: of KINDS, any if None. textures: pictures of which a thing may
    take its look.
    """
    kind = kind or str(rng.choice(KINDS))
    canvas = _Canvas((image_bgr.shape[0], image_bgr.shape[1]), rng)
    points = points_px[:, :2].astype(np.float64)
    size = float(np.linalg.norm(points[TOP] - points[CHIN]))
    if rng.random() < 0.7:
        target = points[rng.choice(LOWER_FACE)] + rng.normal(0, 0.05 * size, 2)
    else:
        target = points[rng.integers(len(points))] + rng.normal(0, 0.05 * size, 2)
    upright = np.arctan2(*(points[TOP] - points[CHIN])[::-1])
    turn = upright + (rng.normal(0, 0.7) if rng.random() < 0.85 else rng.uniform(-np.pi, np.pi))
    towards = np.array([np.cos(turn), np.sin(turn)])
    skin = _skin(image_bgr, points, rng)
    place = _Place(target, towards, size, skin)
    if kind in ("hand", "fist"):
        _draw_hand(canvas, place, rng, is_fist=kind == "fist")
    else:
        draw = {"arm": _draw_arm, "cup": _draw_cup, "microphone": _draw_microphone, "sheet": _draw_sheet}
        draw.get(kind, _draw_blob)(canvas, place, rng)
    held = canvas.finish()
    if textures and (kind == "blob" or (kind == "sheet" and rng.random() < 0.4)):
        held = Held(_texture(textures, held.mask.shape, rng), held.mask)
    return held


def _skin(image_bgr: Image, points: Doubles, rng: np.random.Generator) -> Float:
    """Return a colour (3,) like the face's own, seldom that of a glove or of somebody else."""
    if rng.random() < 0.08:
        return rng.uniform(20, 240, 3).astype(np.float32)
    height, width = image_bgr.shape[:2]
    places = np.clip(np.round(points[list(CHEEKS)]).astype(int), 0, [width - 1, height - 1])
    colour = np.median(image_bgr[places[:, 1], places[:, 0]].astype(np.float32), axis=0)
    return np.asarray(colour * rng.uniform(0.7, 1.3) * rng.normal(1, 0.05, 3), np.float32)


def _cloth(rng: np.random.Generator) -> Float:
    return np.asarray(rng.uniform(10, 245) * rng.normal(1, 0.15, 3), np.float32).clip(0, 250)


def _draw_hand(canvas: _Canvas, place: _Place, rng: np.random.Generator, *, is_fist: bool) -> None:
    """A hand whose middle finger ends at, or whose palm lies on, the place.target."""
    length = place.face * rng.uniform(0.75, 1.1)
    curl = rng.uniform(0.15, 0.35) if is_fist else rng.uniform(0.5, 1.0)
    side = -1.0 if rng.random() < 0.5 else 1.0
    across = place.across * side
    wrist = place.target - place.towards * length * (0.5 + 0.46 * curl) * rng.uniform(0.55, 1.05)

    def at(x: float, y: float) -> Doubles:
        return np.asarray(wrist + (across * x + place.towards * y) * length, np.float64)

    sleeve = _cloth(rng) if rng.random() < 0.6 else place.skin * 0.95
    canvas.line([at(0, -2.0), at(0, -0.02)], [0.42 * length, 0.27 * length], sleeve, roundness=0.3)
    corners = [
        (-0.14, -0.05),
        (-0.23, 0.15),
        (-0.23, 0.50),
        (-0.1, 0.57),
        (0.1, 0.56),
        (0.22, 0.46),
        (0.21, 0.12),
        (0.13, -0.05),
    ]
    canvas.shape(np.array([at(x, y) for x, y in corners]), place.skin, roundness=0.25)
    spread, bend = rng.uniform(0, 0.55), rng.uniform(-0.25, 0.25)
    order = rng.permutation(len(FINGERS)) if rng.random() < 0.5 else np.arange(len(FINGERS))
    for finger in order.tolist():
        x, y, long = FINGERS[finger]
        width = FINGER_WIDTH * length * rng.uniform(0.9, 1.1)
        lean = spread * x / 0.16 + bend * rng.uniform(0.5, 1.5)
        reach = long * curl * rng.uniform(0.85, 1.1)
        knuckle = at(x, y)
        middle = at(x + np.sin(lean) * reach * 0.55, y + np.cos(lean) * reach * 0.55)
        further = lean + bend
        end = at(
            x + np.sin(lean) * reach * 0.55 + np.sin(further) * reach * 0.45,
            y + np.cos(lean) * reach * 0.55 + np.cos(further) * reach * 0.45,
        )
        tone = place.skin * rng.uniform(0.9, 1.07)
        canvas.line(
            [knuckle, middle, end], [width * 1.1, width, width * 0.75], tone, roundness=rng.uniform(0.25, 0.6)
        )
        if rng.random() < 0.4:
            nail = [end, end + (end - middle) * 0.12]
            canvas.line(nail, [width * 0.5, width * 0.5], np.asarray(tone * NAIL, np.float32), roundness=0.1)
    tip = (0.2 + np.sin(0.8) * 0.3 * curl, 0.25 + np.cos(0.8) * 0.34)
    if rng.random() < 0.8:
        canvas.line(
            [at(0.13, 0.12), at(*tip)], [0.13 * length, 0.09 * length], place.skin * rng.uniform(0.9, 1.05)
        )


def _draw_arm(canvas: _Canvas, place: _Place, rng: np.random.Generator) -> None:
    along = place.across if rng.random() < 0.5 else place.towards
    width = place.face * rng.uniform(0.2, 0.5)
    colour = place.skin if rng.random() < 0.4 else _cloth(rng)
    ends = [
        place.target - along * place.face * 3,
        place.target + along * place.face * (3 if rng.random() < 0.5 else rng.uniform(0, 0.4)),
    ]
    canvas.line([ends[0], place.target, ends[1]], [width * 1.2, width, width * 0.9], colour, roundness=0.4)


def _draw_cup(canvas: _Canvas, place: _Place, rng: np.random.Generator) -> None:
    across = place.across
    wide, high = place.face * rng.uniform(0.15, 0.3), place.face * rng.uniform(0.25, 0.5)
    low = place.target - place.towards * high * rng.uniform(0.3, 1.0)
    corners = [
        low - across * wide * 0.85,
        low + place.towards * high - across * wide,
        low + place.towards * high + across * wide,
        low + across * wide * 0.85,
    ]
    canvas.shape(np.array(corners), _cloth(rng), roundness=0.3)
    if rng.random() < 0.7:
        side = across * (1 if rng.random() < 0.5 else -1)
        for finger in range(4):
            start = low + place.towards * high * (0.1 + 0.2 * finger) + side * wide * 1.2
            thick = FINGER_WIDTH * place.face
            canvas.line(
                [start, start - side * wide * rng.uniform(0.8, 1.8)],
                [thick, thick * 0.85],
                place.skin * rng.uniform(0.9, 1.07),
            )


def _draw_microphone(canvas: _Canvas, place: _Place, rng: np.random.Generator) -> None:
    thick = place.face * rng.uniform(0.1, 0.3)
    dark = np.full(3, rng.uniform(10, 90), np.float32)
    canvas.line(
        [place.target - place.towards * place.face * 2.5, place.target],
        [thick * 0.6, thick * 0.6],
        dark * 0.8,
        roundness=0.5,
    )
    canvas.line(
        [place.target, place.target + place.towards * thick * 0.5],
        [thick, thick],
        dark * rng.uniform(0.8, 1.5),
        roundness=0.5,
    )


def _draw_sheet(canvas: _Canvas, place: _Place, rng: np.random.Generator) -> None:
    across = place.across
    wide, high = place.face * rng.uniform(0.2, 0.9), place.face * rng.uniform(0.3, 1.2)
    shift = across * wide * rng.uniform(-0.7, 0.7)
    corners = np.array(
        [
            place.target + shift + across * x * wide - place.towards * y * high
            for x, y in ((-1, 0), (1, 0), (1, 1.5), (-1, 1.5))
        ]
    )
    canvas.shape(corners + rng.normal(0, 0.03 * place.face, (4, 2)), _cloth(rng), roundness=0.05)


def _draw_blob(canvas: _Canvas, place: _Place, rng: np.random.Generator) -> None:
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    reach = place.face * rng.uniform(0.12, 0.4) * rng.uniform(0.6, 1.4, (9, 1))
    outline = place.target + np.column_stack([np.cos(angles), np.sin(angles)]) * reach
    canvas.shape(outline, _cloth(rng), roundness=0.2)


def _texture(textures: Sequence[Image], size_hw: tuple[int, ...], rng: np.random.Generator) -> Float:
    """Return a part (H, W, 3) of one of the pictures, turned and scaled."""
    picture = textures[int(rng.integers(len(textures)))]
    height, width = size_hw[:2]
    turn = cv2.getRotationMatrix2D(
        (picture.shape[1] * rng.uniform(0.2, 0.8), picture.shape[0] * rng.uniform(0.2, 0.8)),
        float(rng.uniform(0, 360)),
        float(rng.uniform(0.6, 2.0)),
    )
    part = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(part.astype(np.float32) * rng.uniform(0.7, 1.3), np.float32).clip(0, 255)
