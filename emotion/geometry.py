"""Boxes, crops and similarity transforms in pure numpy. Boxes are xyxy pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotion.types import Float, Image

Floats = NDArray[np.floating]


def clip_boxes(boxes_px: Floats, size_hw: tuple[int, int]) -> Float:
    """Return boxes (N, 4) cut off at the frame's edges; boxes_px is not modified.

    Raises ValueError when boxes_px is not (N, 4).

    >>> clip_boxes(np.array([[-5.0, 10.0, 50.0, 300.0]]), (200, 100)).tolist()
    [[0.0, 10.0, 50.0, 200.0]]
    """
    boxes = _as_boxes(boxes_px)
    height, width = size_hw
    limits = np.array([width, height, width, height], np.float32)
    return np.clip(boxes, 0, limits)


def expand_boxes(boxes_px: Floats, margin_ratio: float, size_hw: tuple[int, int]) -> Float:
    """Return boxes grown about their centres and clipped to the frame.

    boxes_px: (N, 4) float xyxy pixels, N may be 0; not modified. margin_ratio: growth of a whole side, so 0.3
    makes a 100 px face 130 px wide. Raises ValueError when boxes_px is not (N, 4) or margin_ratio is
    negative.

    >>> expand_boxes(np.array([[100.0, 100.0, 200.0, 200.0]]), 0.3, (720, 1280)).tolist()
    [[85.0, 85.0, 215.0, 215.0]]
    """
    if margin_ratio < 0:
        raise ValueError(f"expected a margin of at least 0, got {margin_ratio}")
    boxes = _as_boxes(boxes_px)
    growth = (boxes[:, 2:] - boxes[:, :2]) * (margin_ratio / 2)
    return clip_boxes(np.concatenate([boxes[:, :2] - growth, boxes[:, 2:] + growth], axis=1), size_hw)


def square_around(box_px: Floats, side_px: float, size_hw: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the square around a box's centre, in whole pixels of the frame.

    At the frame's edge it moves inwards; it is cut only where it is larger than the frame.

    >>> square_around(np.array([90.0, 40.0, 110.0, 60.0]), 40, (200, 100))
    (60, 30, 100, 70)
    """
    lengths = size_hw[::-1]
    centre = (box_px[:2] + box_px[2:]) / 2
    sides = [min(round(side_px), length) for length in lengths]
    starts = [
        round(min(max(float(middle) - side / 2, 0), length - side))
        for middle, side, length in zip(centre, sides, lengths, strict=True)
    ]
    return starts[0], starts[1], starts[0] + sides[0], starts[1] + sides[1]


def box_areas(boxes_px: Floats) -> Float:
    """Return the areas (N,) in square pixels; a box turned inside out has none."""
    boxes = _as_boxes(boxes_px)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    areas: Float = sides[:, 0] * sides[:, 1]
    return areas


def iou_matrix(first_px: Floats, second_px: Floats) -> Float:
    """Return the intersection over union (N, M) of every box of the first set with every one of the second.

    >>> iou_matrix(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2], [5, 5, 6, 6]])).round(3).tolist()
    [[0.3330000042915344, 0.0]]
    """
    first, second = _as_boxes(first_px), _as_boxes(second_px)
    low = np.maximum(first[:, None, :2], second[None, :, :2])  # (N, M, 2)
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(high - low, 0)
    shared = sides[..., 0] * sides[..., 1]  # (N, M)
    union = box_areas(first)[:, None] + box_areas(second)[None, :] - shared
    overlaps: Float = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlaps


def non_maximum_suppression(boxes_px: Floats, scores: Floats, iou_limit: float) -> NDArray[np.intp]:
    """Return the indices of boxes to keep, best first: of boxes that overlap more, only the best survives.

    boxes_px: (N, 4); scores: (N,). Equal scores keep the order given.

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])
    >>> non_maximum_suppression(boxes, np.array([0.8, 0.9, 0.7]), 0.3).tolist()
    [1, 2]
    """
    overlaps = iou_matrix(boxes_px, boxes_px)
    order = np.argsort(-scores, kind="stable")
    alive = np.ones(len(order), bool)
    kept = []
    for index in order:
        if alive[index]:
            kept.append(index)
            alive &= overlaps[index] <= iou_limit
    return np.array(kept, np.intp)


def similarity_transform(source: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    """Return the (2, 3) matrix of the rotation, one scale and shift that takes source closest to target.

    source, target: (N, 2) points, N >= 2. Least squares after Umeyama, "Least-squares estimation of
    transformation parameters between two point patterns", PAMI 1991, equations 40 to 43; a reflection is
    never returned. Raises ValueError when shapes differ or the source points coincide.

    >>> square = [[0, 0], [1, 0], [1, 1], [0, 1]]
    >>> similarity_transform(square, [[5, 5], [5, 7], [3, 7], [3, 5]]).round(6) + 0.0
    array([[ 0., -2.,  5.],
           [ 2.,  0.,  5.]])
    """
    start, goal = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if start.shape != goal.shape or start.ndim != 2 or start.shape[1] != 2 or len(start) < 2:
        raise ValueError(f"expected two sets of at least 2 points (N, 2), got {start.shape} and {goal.shape}")
    start_mean, goal_mean = start.mean(axis=0), goal.mean(axis=0)
    variance = ((start - start_mean) ** 2).sum() / len(start)
    if variance == 0:
        raise ValueError("expected source points that differ, got the same point throughout")
    covariance = (goal - goal_mean).T @ (start - start_mean) / len(start)
    left, singular, right = np.linalg.svd(covariance)
    signs = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    rotation = left @ np.diag(signs) @ right
    scale = (singular * signs).sum() / variance
    shift = goal_mean - scale * rotation @ start_mean
    return np.column_stack([scale * rotation, shift])


def square_box(box_px: Floats, margin_ratio: float) -> tuple[int, int, int, int]:
    """Return the square xyxy in whole pixels about the centre of a box: its longer side, grown by the margin.

    May reach beyond the frame. The side is at least 1.

    >>> square_box(np.array([10.0, 20.0, 30.0, 60.0]), 0.1)
    (-2, 18, 42, 62)
    """
    x1, y1, x2, y2 = (float(edge) for edge in box_px)
    side = max(1, round(max(x2 - x1, y2 - y1) * (1 + margin_ratio)))
    left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    return left, top, left + side, top + side


def crop_square(image: Image, square_px: tuple[int, int, int, int]) -> Image:
    """Return a copy of a square cut out of an image; what lies beyond the border repeats the border's pixels.

    image: (H, W[, 3]), not modified. square_px: xyxy in whole pixels, of any position. Raises ValueError when
    the square is empty.
    """
    left, top, right, bottom = square_px
    if right <= left or bottom <= top:
        raise ValueError(f"expected a square with an area, got {square_px}")
    height, width = image.shape[:2]
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return image[top:bottom, left:right].copy()
    rows = np.clip(np.arange(top, bottom), 0, height - 1)
    columns = np.clip(np.arange(left, right), 0, width - 1)
    return image[rows][:, columns]


def _as_boxes(boxes_px: Floats) -> Float:
    boxes = np.asarray(boxes_px, np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"expected boxes (N, 4), got {boxes.shape}")
    return boxes
