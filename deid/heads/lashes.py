"""Upper eyelashes: the modelled strips along the lids, as far out as lashes stand together to a dark line.

Single lashes are thinner than a pixel; drawn one by one they would flicker. Lower lashes are not drawn.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from deid.heads.curves import ramp
from deid.heads.eyes import nearest_eye
from deid.heads.layers import Layer, make_layer
from deid.heads.look import Look, to_linear
from deid.heads.pack import Float, HeadPack

SIDE_HW: Final = (64, 64)
LIDS_DEG: Final = (-45.0, 58.0)  # from the inner to the outer corner, seen from the middle of the eye
ROOT_CM, TIP_CM = 1.5, 2.3  # from the middle of the eye: where strips begin and end
SEEN_CM: Final = (1.76, 1.93, 2.12)  # how far lashes are seen: inner corner, middle, outer corner
LOWER_FROM_V: Final = 0.957  # in the pack's texture, where strips of lower lids lie
FORWARD_M: Final = 0.0015  # so that closed lids do not show through
DARKER: Final = 0.3  # than hair


def lash_layer(pack: HeadPack, look: Look) -> Layer:
    """Return the upper lashes of both eyes, seen from either side."""
    strips = pack.triangles_of("lash")
    upper = strips[(pack.corner_uv[strips, 1] < LOWER_FROM_V).all(axis=1)]
    both = np.concatenate([upper, upper[:, ::-1]])
    forward = np.tile(np.array([0, 0, FORWARD_M], np.float32), (len(pack.corner_vertex), 1))
    return make_layer(
        "lash", both, pack.corner_vertex, _lash_points(pack), _paint_lashes(look), comb_m=forward, cut=0.5
    )


def _lash_points(pack: HeadPack) -> Float:
    """Return texture points (C, 2) of all corners: along the lid from the nose, and outwards."""
    arm = (pack.vertices - nearest_eye(pack)) * np.float32(100)
    outwards = np.sign(pack.vertices[:, 0]) * arm[:, 0]
    along = (np.degrees(np.arctan2(outwards, arm[:, 2])) - LIDS_DEG[0]) / (LIDS_DEG[1] - LIDS_DEG[0])
    out = (np.linalg.norm(arm, axis=1) - ROOT_CM) / (TIP_CM - ROOT_CM)
    points = np.clip(np.stack([along, out], axis=1), 0, 1)
    return np.asarray(points[pack.corner_vertex], np.float32)


def _paint_lashes(look: Look) -> Float:
    """Return the texture (H, W, 4): linear RGB, and height, above a half where lashes are seen."""
    height, width = SIDE_HW
    along, out = ((np.arange(size, dtype=np.float32) + 0.5) / size for size in (width, height))
    ends = (np.interp(along, (0.0, 0.5, 1.0), SEEN_CM) - ROOT_CM) / (TIP_CM - ROOT_CM)
    seen = ramp(out[:, None] - ends[None], 0.06, -0.06)
    colour = np.broadcast_to(to_linear(look.hair) * np.float32(DARKER), (height, width, 3))
    return np.concatenate([colour, seen[..., None]], axis=2).astype(np.float32)
