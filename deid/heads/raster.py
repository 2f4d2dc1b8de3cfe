"""A z-buffer in numpy: which triangle, and where in it, each pixel sees. Deterministic, no OpenGL."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Index = NDArray[np.int32]


@dataclass(frozen=True)
class Fragments:
    """Pieces of triangles, one pixel each: pixel (N,), triangle (N,), weights (N, 3), depth (N,)"""

    pixel: Index
    triangle: Index
    weights: Float
    depth: Float

    def __len__(self) -> int:
        return len(self.pixel)

    def take(self, chosen: NDArray[np.generic]) -> Fragments:
        """Return the fragments at the given numbers or where the mask holds."""
        return Fragments(self.pixel[chosen], self.triangle[chosen], self.weights[chosen], self.depth[chosen])


def cut_fragments(
    points_px: Float, depth: Float, triangles: Index, size_hw: tuple[int, int], *, cull: bool = True
) -> Fragments:
    """Return every pixel whose centre lies in a triangle, for all triangles, hidden ones included.

    points_px: (V, 2) x right, y down; depth: (V,) grows away from the viewer. Weights are linear on screen.
    cull: leave out triangles that turn their back (clockwise on the screen is the back).
    """
    height, width = size_hw
    corners = points_px[triangles].astype(np.float32)  # (T, 3, 2)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    drawn = (area < -1e-9) if cull else (np.abs(area) > 1e-9)
    low = np.minimum(np.minimum(a, b), c)  # min(axis=1) takes ten times as long
    high = np.maximum(np.maximum(a, b), c)
    drawn &= (high[:, 0] > 0) & (high[:, 1] > 0) & (low[:, 0] < width) & (low[:, 1] < height)
    kept = np.flatnonzero(drawn).astype(np.int32)
    first_row = np.clip(np.ceil(low[kept, 1] - 0.5), 0, height).astype(np.int32)
    last_row = np.clip(np.ceil(high[kept, 1] - 0.5), 0, height).astype(np.int32)
    rows_owner, row = _ranges(first_row, last_row - first_row)
    start, count = _row_spans(corners[kept[rows_owner]], row, width)
    owner, column = _ranges(start, count)
    triangle = kept[rows_owner[owner]]
    y = row[owner]
    weights = _weights(corners, area, triangle, column, y)
    z = np.einsum("nk,nk->n", weights, np.take(depth[triangles].astype(np.float32), triangle, axis=0))
    return Fragments((y * np.int32(width) + column).astype(np.int32), triangle, weights, z)


def resolve_nearest(fragments: Fragments, pixels: int) -> Index:
    """Return the numbers of the fragments that are seen: the nearest of each pixel, ordered by pixel.

    The order of ties is fixed: of equally near fragments the later one is seen.
    """
    nearest = np.full(pixels, np.inf, np.float32)
    np.minimum.at(nearest, fragments.pixel, fragments.depth)
    seen = np.full(pixels, -1, np.int32)
    front = np.flatnonzero(fragments.depth <= nearest[fragments.pixel]).astype(np.int32)
    seen[fragments.pixel[front]] = front  # of repeated pixels numpy keeps the last
    return seen[seen >= 0]


def interpolate(values: Float, triangles: Index, fragments: Fragments) -> Float:
    """Return values (V, K) of the vertices carried to the fragments, (N, K)."""
    corners = np.take(triangles, fragments.triangle, axis=0)
    result = np.take(values, corners[:, 0], axis=0)
    result *= fragments.weights[:, 0:1]
    for corner in (1, 2):
        part = np.take(values, corners[:, corner], axis=0)
        part *= fragments.weights[:, corner : corner + 1]
        result += part
    return result


def _ranges(start: Index, count: Index) -> tuple[Index, Index]:
    """Return owner and value of the concatenated ranges start[k] .. start[k] + count[k] - 1."""
    count = np.maximum(count, 0)
    owner = np.repeat(np.arange(len(count), dtype=np.int32), count)
    before = np.cumsum(count, dtype=np.int64) - count
    value = np.arange(len(owner), dtype=np.int64) - np.repeat(before - start, count)
    return owner, value.astype(np.int32)


def _row_spans(corners: Float, row: Index, width: int) -> tuple[Index, Index]:
    """Return first column and number of columns that a row of pixel centres shares with its triangle."""
    y = row.astype(np.float32) + np.float32(0.5)
    left = np.full(len(row), np.inf, np.float32)
    right = np.full(len(row), -np.inf, np.float32)
    for k in range(3):
        p, q = corners[:, k], corners[:, (k + 1) % 3]
        crossed = (p[:, 1] <= y) != (q[:, 1] <= y)
        rise = np.where(crossed, q[:, 1] - p[:, 1], np.float32(1))
        x = p[:, 0] + (y - p[:, 1]) / rise * (q[:, 0] - p[:, 0])
        left = np.where(crossed, np.minimum(left, x), left)
        right = np.where(crossed, np.maximum(right, x), right)
    met = right >= left
    start = np.where(met, np.clip(np.ceil(np.where(met, left, 0) - 0.5), 0, width), 0).astype(np.int32)
    end = np.where(met, np.clip(np.ceil(np.where(met, right, 0) - 0.5), 0, width), 0).astype(np.int32)
    return start, end - start


def _weights(corners: Float, area: Float, triangle: Index, x: Index, y: Index) -> Float:
    """Return the barycentric weights (N, 3) of pixel centres, clipped into the triangle against rounding."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    scale = np.float32(1) / np.where(area == 0, np.float32(1), area)
    second = np.stack([(c[:, 1] - a[:, 1]) * scale, -(c[:, 0] - a[:, 0]) * scale], axis=1)
    third = np.stack([-(b[:, 1] - a[:, 1]) * scale, (b[:, 0] - a[:, 0]) * scale], axis=1)
    dx = x.astype(np.float32) + np.float32(0.5) - a[triangle, 0]
    dy = y.astype(np.float32) + np.float32(0.5) - a[triangle, 1]
    weights = np.empty((len(x), 3), np.float32)
    weights[:, 1] = dx * second[triangle, 0] + dy * second[triangle, 1]
    weights[:, 2] = dx * third[triangle, 0] + dy * third[triangle, 1]
    np.clip(weights, 0, 1, out=weights)
    weights[:, 0] = 1 - weights[:, 1] - weights[:, 2]
    return weights
