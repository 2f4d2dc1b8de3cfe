"""Put a rendered face into a picture: pure functions of pictures and outlines."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from emotion.types import Float, Image

# Of the face's width. At .16 the lamp and large shadows pass, below it also those of folds and cheeks, and
# with them the person. Measured on 20 frames of one clip against a gallery of 17: agreement of densenet and
# fer, mean cosine of the first recogniser, share that the second one finds:
# .16: .35 .55, .05, .20; .10: .50 .55, .06, .40; .07: .65 .80, .08, .45; .03 on 39 frames: .69 .75, .10, .90.
LIGHT_SIGMA: Final = 0.16
LEAST_SIGMA_PX: Final = 1.5
FEATHER: Final = 0.035  # of the face's width
FOREHEAD: Final = 0.12  # how much higher than the highest landmark the face reaches, in its heights
LEAST: Final = 1e-3


def face_mask(outline_px: Float, size_hw: tuple[int, int], *, grow: float = 0.0) -> Float:
    """Return 0..1 (H, W): 1 inside the outline (N, 2), soft at its edge. grow: in face widths."""
    mask = np.zeros(size_hw, np.uint8)
    cv2.fillPoly(mask, [np.round(outline_px).astype(np.int32)], 255)
    width = float(np.ptp(outline_px[:, 0]))
    reach = max(1, round(abs(grow) * width))
    if grow:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        mask = np.asarray((cv2.dilate if grow > 0 else cv2.erode)(mask, kernel), np.uint8)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, FEATHER * width))
    return np.asarray(soft, np.float32) / np.float32(255)


def relight(face: Float, picture: Float, mask: Float, width_px: float) -> Float:
    """Return a rendered face (H, W, 3) with the light and colour of the picture (H, W, 3), all linear 0..1.

    The ratio of both, blurred inside the mask (H, W): shadows and the colour of the lamp pass, sharp features
    do not. Computed at a resolution that is just enough. No argument is modified.
    """
    height, width = mask.shape
    reduction = max(1, int(LIGHT_SIGMA * width_px / LEAST_SIGMA_PX))
    small = (max(8, width // reduction), max(8, height // reduction))
    weight = cv2.resize(mask, small, interpolation=cv2.INTER_AREA)
    sigma = max(1.0, LIGHT_SIGMA * width_px * small[0] / width)
    totals = []
    for image in (picture, face):
        reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA) * weight[..., None]
        totals.append(cv2.GaussianBlur(reduced, (0, 0), sigma))
    ratio = (totals[0] + LEAST) / (totals[1] + LEAST)
    return np.asarray(face * cv2.resize(np.clip(ratio, 0.05, 8.0), (width, height)), np.float32)


def lay_over(picture_bgr: Image, face_bgr: Float, alpha: Float) -> Image:
    """Return the face (H, W, 3) 0..255 over the picture where alpha (H, W) is 1; neither is modified."""
    share = alpha[..., None]
    blended = picture_bgr * (1 - share) + face_bgr * share
    return np.clip(blended + 0.5, 0, 255).astype(np.uint8)


def to_linear_light(image_bgr: Image) -> Float:
    """Return linear light 0..1 of BGR bytes, by the square, which is near enough for ratios."""
    return np.asarray(np.square(image_bgr.astype(np.float32) / np.float32(255)), np.float32)


def to_bytes(linear: Float) -> Float:
    """Return values 0..255 of linear light, the inverse of to_linear_light."""
    return np.asarray(np.sqrt(np.clip(linear, 0, 1)) * np.float32(255), np.float32)
