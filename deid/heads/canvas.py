"""Texture space: where on the average head each texel lies, so that paint can be a function of place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from deid.heads.pack import Float, HeadPack, Index, default_pack
from deid.heads.raster import cut_fragments, interpolate, resolve_nearest

HEAD_SIZE_HW = (1408, 768)


@dataclass(frozen=True)
class Canvas:
    """The texels of a texture window that a surface covers.

    places_cm: (N, 3) on the average head, x to the person's left, y up, z forward, origin between the eyes.
    texel: (N,) flat number. nearest: (H, W) number of the covered texel closest to each texel.
    """

    size_hw: tuple[int, int]
    places_cm: Float
    texel: Index
    nearest: Index

    def fill(self, values: Float) -> Float:
        """Return a picture (H, W, K) of values (N, K) or (N,), its gaps filled from the closest texel."""
        picture: Float = np.ascontiguousarray(values[self.nearest])
        return picture

    def read(self, picture: Float) -> Float:
        """Return a mask or map of any size (H', W') at the covered texels, (N,)."""
        height, width = self.size_hw
        scaled = np.asarray(cv2.resize(picture, (width, height)), np.float32)
        read: Float = scaled.reshape(-1)[self.texel]
        return read


def window_uv(uv: Float, window: NDArray[np.floating]) -> Float:
    """Return texture coordinates (N, 2) inside a window (u0, v0, u1, v1) as 0..1, x right and y down."""
    u0, v0, u1, v1 = (np.float32(edge) for edge in window)
    inside = [(uv[:, 0] - u0) / (u1 - u0), (v1 - uv[:, 1]) / (v1 - v0)]
    return np.stack(inside, axis=1).astype(np.float32)


def lay_canvas(places_m: Float, points: Float, triangles: Index, size_hw: tuple[int, int]) -> Canvas:
    """Return the canvas of a surface: places_m (C, 3) of its corners, points (C, 2) 0..1 in the texture."""
    height, width = size_hw
    pixels = points * np.array([width, height], np.float32)
    fragments = cut_fragments(pixels, np.zeros(len(points), np.float32), triangles, size_hw, cull=False)
    covered = fragments.take(resolve_nearest(fragments, height * width))
    places_cm = interpolate(places_m, triangles, covered) * np.float32(100)
    empty = np.ones(height * width, np.uint8)
    empty[covered.pixel] = 0
    _, label = cv2.distanceTransformWithLabels(
        empty.reshape(size_hw), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number = np.zeros(int(label.max()) + 1, np.int32)
    number[label.ravel()[covered.pixel]] = np.arange(len(covered), dtype=np.int32)
    return Canvas(size_hw, places_cm, covered.pixel, number[label])


def head_triangles(pack: HeadPack) -> tuple[Index, Index]:
    """Return the skin triangles of the head's texture window, and those of neck and chest outside it."""
    triangles = pack.triangles_of("skin")
    inside = window_uv(pack.corner_uv, pack.mask_window)
    on_head = np.all((inside >= 0) & (inside <= 1), axis=1)[triangles].all(axis=1)
    return triangles[on_head], triangles[~on_head]


@cache
def head_canvas() -> Canvas:
    """Return the canvas of the head's skin; laid once per process."""
    pack = default_pack()
    triangles, _ = head_triangles(pack)
    return lay_canvas(
        pack.vertices[pack.corner_vertex],
        window_uv(pack.corner_uv, pack.mask_window),
        triangles,
        HEAD_SIZE_HW,
    )
