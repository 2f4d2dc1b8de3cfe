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

    def take(self, chosen: NDArray[np.generic] | slice) -> Fragments:
        """Return the fragments at the given numbers, where the mask holds, or of a slice."""
        return Fragments(self.pixel[chosen], self.triangle[chosen], self.weights[chosen], self.depth[chosen])


def cut_fragments(
    points_px: Float, depth: Float, triangles: Index, size_hw: tuple[int, int], *, cull: bool = True
) -> Fragments:
    """Return every pixel whose centre lies in a triangle, for all triangles, hidden ones included.

    points_px: (V, 2) x right, y down; depth: (V,) grows away from the viewer. Weights are linear on screen.
    cull: leave out triangles that turn their back (clockwise on the screen is the back).
    """
    height, width = size_hw
    corners = np.ascontiguousarray(triangles.T)
    x, y = (np.take(points_px[:, axis].astype(np.float32), corners) for axis in (0, 1))  # (3, T) each
    area = (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0])
    drawn = (area < -1e-9) if cull else (np.abs(area) > 1e-9)
    (low_x, high_x), (low_y, high_y) = _reach(x), _reach(y)
    drawn &= (high_x > 0) & (high_y > 0) & (low_x < width) & (low_y < height)
    kept = np.flatnonzero(drawn).astype(np.int32)
    x, y = np.take(x, kept, axis=1), np.take(y, kept, axis=1)
    first_row = np.clip(np.ceil(low_y[kept] - 0.5), 0, height).astype(np.int32)
    last_row = np.clip(np.ceil(high_y[kept] - 0.5), 0, height).astype(np.int32)
    rows_owner, row = _ranges(first_row, last_row - first_row)
    start, count = _row_spans(np.take(x, rows_owner, axis=1), np.take(y, rows_owner, axis=1), row, width)
    owner, column = _ranges(start, count)
    which, line = np.take(rows_owner, owner), np.take(row, owner)  # of those kept
    weights = _weights(x, y, area[kept], which, (column, line))
    far = np.take(depth.astype(np.float32), np.take(corners, kept, axis=1))
    z = weights[:, 0] * far[0, which] + weights[:, 1] * far[1, which] + weights[:, 2] * far[2, which]
    return Fragments((line * np.int32(width) + column).astype(np.int32), kept[which], weights, z)


def _reach(along: Float) -> tuple[Float, Float]:
    """Return the least and the largest (T,) of three corners (3, T); min(axis=0) takes longer."""
    return np.minimum(np.minimum(*along[:2]), along[2]), np.maximum(np.maximum(*along[:2]), along[2])


def resolve_nearest(fragments: Fragments, pixels: int) -> Index:
    """Return the numbers of the fragments that are seen: the nearest of each pixel, ordered by pixel.

    The order of ties is fixed: of equally near fragments the later one is seen.
    """
    nearest = nearest_depth(fragments, pixels)
    seen = np.full(pixels, -1, np.int32)
    front = np.flatnonzero(fragments.depth <= nearest[fragments.pixel]).astype(np.int32)
    seen[fragments.pixel[front]] = front  # of repeated pixels numpy keeps the last
    return seen[seen >= 0]


def nearest_depth(fragments: Fragments, pixels: int) -> Float:
    """Return how near the nearest fragment of each pixel is, (pixels,); infinite where there is none."""
    nearest = np.full(pixels, np.inf, np.float32)
    np.minimum.at(nearest, fragments.pixel, fragments.depth)
    return nearest


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


def _row_spans(x: Float, y: Float, row: Index, width: int) -> tuple[Index, Index]:
    """Return first column and number of columns that a row of pixel centres shares with its triangle.

    x, y: (3, R), corners of the triangle of each row.
    """
    middle = row.astype(np.float32) + np.float32(0.5)
    left = np.full(len(row), np.inf, np.float32)
    right = np.full(len(row), -np.inf, np.float32)
    is_above = y <= middle
    for k in range(3):
        after = (k + 1) % 3
        crossed = is_above[k] != is_above[after]
        rise = np.where(crossed, y[after] - y[k], np.float32(1))
        at = x[k] + (middle - y[k]) / rise * (x[after] - x[k])
        np.minimum(left, at, out=left, where=crossed)
        np.maximum(right, at, out=right, where=crossed)
    met = right >= left
    start = np.where(met, np.clip(np.ceil(np.where(met, left, 0) - 0.5), 0, width), 0).astype(np.int32)
    end = np.where(met, np.clip(np.ceil(np.where(met, right, 0) - 0.5), 0, width), 0).astype(np.int32)
    return start, end - start


def _weights(x: Float, y: Float, area: Float, triangle: Index, pixel: tuple[Index, Index]) -> Float:
    """Return the barycentric weights (N, 3) of pixel centres, clipped into the triangle against rounding.

    x, y: (3, T), corners of triangles of twice an area (T,). pixel: column (N,) and row (N,).
    """
    column, row = pixel
    scale = np.float32(1) / np.where(area == 0, np.float32(1), area)
    dx = column.astype(np.float32) + np.float32(0.5) - x[0, triangle]
    dy = row.astype(np.float32) + np.float32(0.5) - y[0, triangle]
    weights = np.empty((len(column), 3), np.float32)
    for corner, (one, other, sign) in ((1, (2, 0, 1)), (2, (1, 0, -1))):
        across = np.float32(sign) * (y[one] - y[other]) * scale
        down = np.float32(-sign) * (x[one] - x[other]) * scale
        weights[:, corner] = dx * across[triangle] + dy * down[triangle]
    np.clip(weights, 0, 1, out=weights)
    weights[:, 0] = 1 - weights[:, 1] - weights[:, 2]
    return weights
