"""Put a rendered face into a picture: pure functions of pictures and outlines."""

from __future__ import annotations

from typing import Final, TypeVar

import cv2
import numpy as np

from emotion.types import Float, Image

Pixels = TypeVar("Pixels", Image, Float)

FITTED_PIXELS: Final = 3000  # of a face, about
LEAST_LIGHT: Final = 0.02  # linear, below which noise decides the ratio of two pictures
LEAST_BARE: Final = 0.25  # of a face, from which its light is told
INSIDE: Final = 0.9  # of a mask, away from its soft edge
SLOPE_RANGE: Final = (0.25, 2.5)  # of the level in the middle
HALVED_FROM_PX: Final = 5.0
FEATHER: Final = 0.035  # of the face's width
SMALL: Final = 0.07  # of the face's width: what is smaller than brows and lips
FOREHEAD: Final = 0.14  # how much higher than the highest landmark the face reaches, in its heights


def face_mask(outline_px: Float, size_hw: tuple[int, int], *, grow: float = 0.0) -> Float:
    """Return 0..1 (H, W): 1 inside the outline (N, 2), soft at its edge. grow: in face widths."""
    mask = np.zeros(size_hw, np.uint8)
    cv2.fillPoly(mask, [np.round(outline_px).astype(np.int32)], 255)
    width = float(np.ptp(outline_px[:, 0]))
    reach = max(1, round(abs(grow) * width))
    if grow:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        mask = np.asarray((cv2.dilate if grow > 0 else cv2.erode)(mask, kernel), np.uint8)
    soft = np.round(soften(mask.astype(np.float32), max(0.6, FEATHER * width)))  # full is full again
    return np.asarray(soft / np.float32(255), np.float32)


def soften(picture: Pixels, sigma_px: float) -> Pixels:
    """Return the mask or picture (H, W, ...) blurred by a Gaussian; a wide one at half size, which is ten
    times as fast and differs by two 255ths at most.
    """
    if sigma_px < HALVED_FROM_PX or min(picture.shape[:2]) < 2:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), picture.dtype)
    height, width = picture.shape[:2]
    half = cv2.resize(picture, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(cv2.GaussianBlur(half, (0, 0), sigma_px / 2), (width, height)), picture.dtype
    )


def raise_forehead(outline_px: Float, top_px: Float, middle_px: Float, chin_px: Float) -> Float:
    """Return an outline (N, 2) that reaches the hair: landmarks end in the middle of the forehead.

    top_px, middle_px, chin_px: (2,), the outline's highest and lowest point and the root of the nose between.
    """
    up = top_px - chin_px
    height = float(up @ up)
    share = np.clip((outline_px - middle_px) @ up, 0, None) / max(float((top_px - middle_px) @ up), 1e-6)
    return outline_px if height == 0 else np.asarray(outline_px + share[:, None] * up * FOREHEAD, np.float32)


def relight(face: Float, picture: Float, mask: Float, hidden: Float | None = None) -> Float:
    """Return a rendered face (H, W, 3) with the light of the picture (H, W, 3), all linear 0..1.

    Of the picture only nine numbers pass: for each colour a level and its slope across the face and down it,
    which tell lamp and skin tone. Where shadows passed that are as large as cheeks, the person did too.
    Fitted where the mask (H, W) is full by least squares. hidden: (H, W), 1 where something is before the
    person, which says nothing about their light: there it counts as what the rest has on average, unless the
    rest is too little to go by. No argument is modified.
    """
    step = max(1, int(np.sqrt(float((mask > INSIDE).sum()) / FITTED_PIXELS)))
    rows, columns = np.nonzero(mask[::step, ::step] > INSIDE)
    if len(rows) < 3:
        return face
    rows, columns = rows * step, columns * step
    middle, scale = (columns.mean(), rows.mean()), max(1.0, float(np.ptp(columns)))
    across = (np.arange(mask.shape[1]) - middle[0]) / scale
    down = (np.arange(mask.shape[0]) - middle[1]) / scale
    slopes = np.column_stack([np.ones(len(rows)), across[columns], down[rows]])
    lit = np.empty_like(face)
    bare = np.ones(len(rows), np.bool_) if hidden is None else hidden[rows, columns] < 0.5
    bare |= bare.mean() < LEAST_BARE
    for colour in range(3):
        drawn, wanted = face[rows, columns, colour], picture[rows, columns, colour]
        average = wanted[bare].sum() / max(float(drawn[bare].sum()), 1e-6)
        wanted = np.where(bare, wanted, drawn * average)
        certain = 1 / np.sqrt(np.maximum(drawn, LEAST_LIGHT))  # so that the level is the ratio of means
        level, right, lower = np.linalg.lstsq(
            slopes * (drawn * certain)[:, None], wanted * certain, rcond=None
        )[0]
        light = level + right * across[None, :] + lower * down[:, None]
        low, high = (edge * max(level, LEAST_LIGHT) for edge in SLOPE_RANGE)
        lit[..., colour] = face[..., colour] * np.clip(light, low, high)
    return lit


def sharpen(face_bgr: Image, width_px: float, contrast: float) -> Image:
    """Return a face (H, W, 3) with so many times the contrast in what is small on it; it is not modified.

    Unsharp masking: what a wide blur takes away is added once more. width_px: of the face.
    """
    wide = soften(face_bgr, SMALL * width_px)
    return np.asarray(cv2.addWeighted(face_bgr, contrast, wide, 1 - contrast, 0), np.uint8)


def small_contrast(picture_bgr: Image, mask: Float, width_px: float) -> float:
    """Return the standard deviation, in grey levels, of what is small on a face, where the mask (H, W) is
    full; NaN when it is nowhere.
    """
    inside = mask > INSIDE
    if not inside.any():
        return float("nan")
    grey = np.asarray(cv2.cvtColor(picture_bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    small = grey.astype(np.float32) - soften(grey, SMALL * width_px)
    return float(small[inside].std())


def lay_over(picture_bgr: Image, face_bgr: Float, alpha: Float) -> Image:
    """Return the face (H, W, 3) 0..255 over the picture where alpha (H, W) is 1; neither is modified."""
    blended = face_bgr - picture_bgr
    blended *= alpha[..., None]
    blended += picture_bgr
    blended += np.float32(0.5)
    return np.clip(blended, 0, 255, out=blended).astype(np.uint8)


def to_linear_light(image_bgr: Image) -> Float:
    """Return linear light 0..1 of BGR bytes, by the square, which is near enough for ratios."""
    return np.asarray(np.square(image_bgr.astype(np.float32) / np.float32(255)), np.float32)


def to_bytes(linear: Float) -> Float:
    """Return values 0..255 of linear light, the inverse of to_linear_light."""
    return np.asarray(np.sqrt(np.clip(linear, 0, 1)) * np.float32(255), np.float32)
