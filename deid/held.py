"""What is held before a face, so that the face drawn over it hides it too: a hand, a cup, a sheet, an arm.

Each face is unrolled into a small picture (deid.canonical) and compared with how the same person looks in the
same half minute by a small network (deid.build_held), which also says something where it knows no such look,
for a hand may lie before a mouth all the time. Nothing that it finds is let through: it says where a person
should look, and which parts of a picture say nothing about a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deid.canonical import SIDE, double_areas, load_layout
from deid.cover import CoverPlan
from deid.fit import OVAL
from deid.heads.raster import Index
from emotion.inference import open_session
from emotion.samples import Flags
from emotion.track import Indices
from emotion.types import Float, Image

NETWORK_PATH: Final = Path(__file__).with_name("held.onnx")
TEXTURE: Final = 64  # pixels of the side of an unrolled face
CELLS: Final = 32  # of the side of what is said about it
PACKED: Final = CELLS * CELLS // 8  # bytes
FACE_PX: Final = 80  # what a face is reduced to before it is unrolled
GREY: Final = np.array([0.114, 0.587, 0.299], np.float32)
DARKEST: Final = 8.0  # grey level of skin, below which noise decides
SEEN_SCALE: Final = 170  # what deid.canonical's measure of how well a pixel is seen is multiplied by
LEAST_SEEN: Final = 0.12  # of a pixel, below which nothing is learnt from it
TOLD_FROM: Final = 0.3  # the same, of a cell, below which nothing is said about it
RIM: Final = 2  # cells along the outline, where hair and background are, about which nothing is said
LOOKS: Final = 40  # pictures of a person from which their look is taken
LEAST_LOOKS: Final = 3  # of a pixel
BARE: Final = 0.3  # probability below which a pixel belongs to the look
LIKELY: Final = 0.5
LEAST_SHARE: Final = 0.04  # of a face's cells
BRIDGED_US: Final = 400_000  # between two moments that are one
SHORTEST_US: Final = 150_000
BATCH: Final = 64
REACH: Final = 2  # frames from what was read for which it holds too

Bits = NDArray[np.uint8]
Cells = NDArray[np.bool_]


@dataclass(frozen=True)
class Glimpse:
    """A face unrolled (TEXTURE, TEXTURE, 3), and how well each pixel was seen, times SEEN_SCALE."""

    texture: Image
    seen: Image


@dataclass(frozen=True)
class Moment:
    """From when to when something is held before a face, in microseconds as a plan has them."""

    track: int
    start_us: int
    end_us: int

    def as_dict(self) -> dict[str, int]:
        """Return it in milliseconds, for a record."""
        return {"track": self.track, "start_ms": self.start_us // 1000, "end_ms": self.end_us // 1000}


@dataclass(frozen=True)
class _Grid:
    """corners, weights (N, 3), triangle (N,): where each of the N = TEXTURE² pixels lies on a face. inner,
    skin: (TEXTURE, TEXTURE). box: left, top, right, bottom of it all in deid.canonical's picture.
    """

    corners: Index
    weights: Float
    triangle: Index
    inner: Cells
    skin: Cells
    box: tuple[int, int, int, int]


class HeldFinder:
    """Finds things before faces."""

    def __init__(self, *, device: str = "cpu") -> None:
        """Raises DeviceUnavailable."""
        self._session = open_session(NETWORK_PATH, device=device, threads=1)

    def find(self, glimpses: list[Glimpse]) -> Cells:
        """Return (N, CELLS, CELLS): where something is before the face of one person."""
        if not glimpses:
            return np.zeros((0, CELLS, CELLS), np.bool_)
        textures = np.stack([one.texture for one in glimpses])
        seen = np.stack([one.seen for one in glimpses]).astype(np.float32) / np.float32(SEEN_SCALE)
        some = np.unique(np.linspace(0, len(glimpses) - 1, LOOKS).round().astype(int))
        alone = self._ask(textures[some], seen[some], None)
        look = _look_of(textures[some], seen[some], alone)
        return np.asarray((self._ask(textures, seen, look) > LIKELY) & _cells_told(seen), np.bool_)

    def _ask(self, textures: Image, seen: Float, look: Float | None) -> Float:
        """Return probabilities (N, CELLS, CELLS). look: (TEXTURE, TEXTURE, 3), NaN where it is not known."""
        found = []
        for first in range(0, len(textures), BATCH):
            part = slice(first, first + BATCH)
            (logits,) = self._session.run(None, {"faces": network_input(textures[part], seen[part], look)})
            found.append(1 / (1 + np.exp(-np.clip(logits[:, 0], -30, 30))))
        return np.asarray(np.concatenate(found), np.float32)


def network_input(textures: Image, seen: Float, look: Float | None) -> Float:
    """Return (N, 7, TEXTURE, TEXTURE): faces and the person's look against the skin's light, and seen.

    textures: (N, TEXTURE, TEXTURE, 3). seen: (N, TEXTURE, TEXTURE). look: (TEXTURE, TEXTURE, 3), NaN where it
    is not known.
    """
    skin = load_grid().skin
    faces = textures.astype(np.float32)
    if look is None or np.isnan(look[skin]).all():
        light = np.median(faces[:, skin] @ GREY, axis=1)[:, None, None, None]
        compared = np.zeros_like(faces)
    else:
        light = np.full((len(faces), 1, 1, 1), np.nanmedian(look[skin] @ GREY), np.float32)
        compared = np.broadcast_to(np.nan_to_num(_against(look, light[0]), nan=0.0), faces.shape)
    light = np.maximum(light, DARKEST)
    layers = np.concatenate([_against(faces, light), compared, seen[..., None]], axis=-1)
    return np.ascontiguousarray(layers.transpose(0, 3, 1, 2), np.float32)


def _against(values: Float, light: Float) -> Float:
    return np.asarray(np.clip(values / np.maximum(light, DARKEST) - 1, -1, 2), np.float32)


def _look_of(textures: Image, seen: Float, probs: Float) -> Float | None:
    """Return how a person looks (TEXTURE, TEXTURE, 3) where nothing is before their face, NaN elsewhere."""
    if len(textures) < LEAST_LOOKS:
        return None
    bare = np.repeat(np.repeat(probs < BARE, TEXTURE // CELLS, axis=1), TEXTURE // CELLS, axis=2)
    bare &= seen > LEAST_SEEN
    values = np.where(bare[..., None], textures.astype(np.float32), np.nan)
    often = bare.sum(axis=0) >= LEAST_LOOKS
    look = np.full(textures.shape[1:], np.nan, np.float32)
    look[often] = np.nanmedian(values[:, often], axis=0)
    return look


def _cells_told(seen: Float) -> Cells:
    """Return about which cells (N, CELLS, CELLS) something is said: well inside, and turned to the camera."""
    side = TEXTURE // CELLS
    means = seen.reshape(len(seen), CELLS, side, CELLS, side).mean(axis=(2, 4))
    return np.asarray(face_cells() & (means > TOLD_FROM), np.bool_)


@cache
def face_cells() -> Cells:
    """Return which cells (CELLS, CELLS) are a face without its rim."""
    side = TEXTURE // CELLS
    inner = load_grid().inner.reshape(CELLS, side, CELLS, side).mean(axis=(1, 3)) > 0.5
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RIM + 1, 2 * RIM + 1))
    kept = cv2.erode(inner.astype(np.uint8), disc, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(kept > 0, np.bool_)


def glimpse(image_bgr: Image, points_px: Float) -> Glimpse:
    """Return a face of a picture (H, W, 3), unrolled. points_px: (468, 2) or more columns."""
    grid, layout = load_grid(), load_layout()
    points = np.asarray(points_px[:, :2], np.float32)
    height, width = image_bgr.shape[:2]
    left, top = np.clip(np.floor(points.min(axis=0)).astype(int) - 2, 0, [width - 1, height - 1]).tolist()
    right, bottom = np.clip(np.ceil(points.max(axis=0)).astype(int) + 3, [left + 1, top + 1], [width, height])
    window = image_bgr[top:bottom, left:right]
    scale = min(1.0, FACE_PX / max(window.shape[:2]))
    size = (max(1, round(window.shape[1] * scale)), max(1, round(window.shape[0] * scale)))
    ratio = np.array([size[0] / window.shape[1], size[1] / window.shape[0]], np.float32)
    small = cv2.resize(window, size, interpolation=cv2.INTER_AREA)
    places = (points - np.array([left, top], np.float32) + 0.5) * ratio - 0.5
    places = np.concatenate([places, places[list(OVAL)]])
    look_up = np.einsum("nk,nkd->nd", grid.weights, places[grid.corners]).reshape(TEXTURE, TEXTURE, 2)
    texture = cv2.remap(
        small, look_up[..., 0], look_up[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    facing = np.clip(-double_areas(places, layout.triangles), 0, None) / layout.areas
    facing /= max(float(np.median(facing[facing > 0])) if (facing > 0).any() else 1.0, 1e-9)
    seen = np.clip(facing, 0, 1.5)[grid.triangle].reshape(TEXTURE, TEXTURE)
    return Glimpse(np.asarray(texture, np.uint8), (seen * SEEN_SCALE).astype(np.uint8))


@cache
def load_grid() -> _Grid:
    """Return where the pixels of unrolled faces lie; made once per process, always the same."""
    layout = load_layout()
    rows, columns = np.nonzero(layout.inner)
    left, top, right, bottom = (int(edge) for edge in (columns.min(), rows.min(), columns.max(), rows.max()))
    middle = (np.arange(TEXTURE) + 0.5) / TEXTURE
    across = np.round(left + middle * (right - left)).astype(int)
    down = np.round(top + middle * (bottom - top)).astype(int)
    pixel = (down[:, None] * SIDE + across[None]).ravel()
    fragment = np.full(SIDE * SIDE, -1)
    fragment[layout.pixel] = np.arange(len(layout.pixel))
    known = (fragment[pixel] >= 0).reshape(TEXTURE, TEXTURE)
    at = np.maximum(fragment[pixel], 0)
    inner, skin = (
        (mask.ravel()[pixel] > 0).reshape(known.shape) & known for mask in (layout.inner, layout.skin)
    )
    box = (left, top, right, bottom)
    return _Grid(
        layout.corners[at], layout.weights[at].astype(np.float32), layout.triangle[at], inner, skin, box
    )


def pack(cells: Cells) -> Bits:
    """Return (N, CELLS, CELLS) as (N, PACKED) bytes."""
    return np.packbits(cells.reshape(len(cells), -1), axis=1)


def unpack(bits: Bits) -> Cells:
    """Return (N, PACKED) bytes as (N, CELLS, CELLS)."""
    return np.unpackbits(bits, axis=1).reshape(len(bits), CELLS, CELLS).astype(np.bool_)


def carry(cells: Cells, read: Sequence[int], rows: Indices, frames: Indices) -> Cells:
    """Return for all rows (R,) of a person what was found in those read (N,), between two in either.

    cells: (N, CELLS, CELLS). read, rows: sorted rows, frames (R,): of rows. Rows further than REACH frames
    from what was read hold nothing.
    """
    found = np.zeros((len(rows), CELLS, CELLS), np.bool_)
    at = np.searchsorted(rows, read)
    for one, here in zip(cells, at.tolist(), strict=True):
        first, end = np.searchsorted(frames, [frames[here] - REACH, frames[here] + REACH + 1])
        found[first:end] |= one
    return found


def moments(plan: CoverPlan, rows: Indices, held: Bits) -> tuple[list[Moment], Flags]:
    """Return when something is held before one person's face, and in which of their rows (R,).

    rows: of the plan. held: (R, PACKED).
    """
    times_us = plan.frame_times_us[plan.frames[rows]]
    share = np.bitwise_count(held).sum(axis=1) / face_cells().sum()
    spans: list[list[int]] = []
    for at in np.flatnonzero(share >= LEAST_SHARE).tolist():
        if spans and times_us[at] - times_us[spans[-1][1]] <= BRIDGED_US:
            spans[-1][1] = at
        else:
            spans.append([at, at])
    found, flags = [], np.zeros(len(rows), np.bool_)
    for first, last in spans:
        start_us, end_us = int(times_us[first]), int(times_us[last])
        if end_us - start_us >= SHORTEST_US:
            flags[first : last + 1] = True
            found.append(Moment(int(plan.tracks[rows[first]]), start_us, end_us))
    return found, flags


def hidden_texels(held: Bits) -> Float:
    """Return 0..1 (SIDE, SIDE), soft: where in deid.canonical's picture something is before the face.

    held: (PACKED,).
    """
    left, top, right, bottom = load_grid().box
    cells = cv2.dilate(unpack(held[None])[0].astype(np.float32), np.ones((3, 3), np.uint8))
    hidden = np.zeros((SIDE, SIDE), np.float32)
    hidden[top : bottom + 1, left : right + 1] = cv2.resize(cells, (right + 1 - left, bottom + 1 - top))
    return hidden


def hidden_area(points: Float, held: Bits, size_hw: tuple[int, int]) -> Float:
    """Return 1 (H, W) where in a picture something is before a face, else 0. points: (468, 2) in it."""
    layout = load_layout()
    triangles = layout.triangles[(layout.triangles < len(points)).all(axis=1)]
    middle = np.round(layout.places[triangles].mean(axis=1)).astype(int)
    there = hidden_texels(held)[middle[:, 1], middle[:, 0]] > LIKELY
    area = np.zeros(size_hw, np.uint8)
    corners = np.round(points[triangles[there]]).astype(np.int32)
    for triangle in corners:
        cv2.fillConvexPoly(area, triangle, 1)
    return area.astype(np.float32)
