"""Paint what is seen between the lips: teeth in their gums, and the tongue."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from deid.heads.curves import bump, ramp
from deid.heads.layers import Layer, make_layer
from deid.heads.look import to_linear
from deid.heads.pack import Float, HeadPack

SIDE_HW: Final = (128, 512)
ARCH_Z_CM: Final = -0.6  # about this place the teeth stand
ARCH_DEG: Final = 140.0  # to either side
LOWER_FROM_V: Final = 0.898  # in the pack's texture, where the lower jaw lies
TEETH_BACK_M: Final = 0.004
UPPER_DOWN_M: Final = 0.002
TOOTH: Final = (0.80, 0.75, 0.67)
GUM: Final = (0.60, 0.33, 0.31)
TONGUE: Final = (0.62, 0.30, 0.29)
REDDER_DEG: Final = (35.0, 80.0)  # towards the back of the mouth
CHEEK_TAKES: Final = (0.25, 0.60, 0.62)  # of each colour, from the light that gets there
GUM_LINE: Final = 0.55  # of the strip's height, from the edge of the teeth


class Jaw(NamedTuple):
    """edge_cm, root_cm: y of a strip of teeth where z is 0, and by how much it changes per centimetre of z.
    ends_deg: where each tooth ends, from the middle to one side.
    """

    edge_cm: tuple[float, float]
    root_cm: tuple[float, float]
    ends_deg: tuple[float, ...]


UPPER: Final = Jaw((-6.31, -0.24), (-4.72, -0.08), (17, 30, 45, 59, 73, 90, 110))
LOWER: Final = Jaw((-6.37, -0.24), (-8.0, -0.36), (11, 23, 37, 51, 65, 86, 107))


def mouth_layers(pack: HeadPack) -> list[Layer]:
    """Return teeth and tongue, dimmer the further back."""
    places = pack.vertices[pack.corner_vertex]
    light = 0.10 + 0.90 * ramp(places[:, 2] * np.float32(100), -0.6, 2.3)
    anywhere = np.full((len(places), 2), 0.5, np.float32)
    tongue = np.tile(to_linear(TONGUE), (4, 4, 1))
    return [
        make_layer(part, pack.triangles_of(part), pack.corner_vertex, points, paint, gloss=gloss, light=light)
        for part, paint, points, gloss in (
            ("teeth", _paint_teeth(), _teeth_points(pack), 0.10),
            ("tongue", tongue, anywhere, 0.06),
        )
    ]


def seat_teeth(pack: HeadPack, vertices: Float) -> Float:
    """Return a person's vertices (V, 3) with the teeth where people have them.

    As they are modelled, they touch the lips, through which they would show, and the upper ones end above the
    edge of the lip, so that no smile would show them.
    """
    seated = vertices.copy()
    seated[pack.vertices_of("teeth"), 2] -= TEETH_BACK_M
    corners = np.unique(pack.triangles_of("teeth"))
    upper = corners[pack.corner_uv[corners, 1] <= LOWER_FROM_V]
    seated[np.unique(pack.corner_vertex[upper]), 1] -= UPPER_DOWN_M
    return seated


def _teeth_points(pack: HeadPack) -> Float:
    """Return texture points (C, 2) of all corners: along the arch, and from edge to root; upper jaw first."""
    x, y, z = (pack.vertices[pack.corner_vertex] * np.float32(100)).T
    across = np.degrees(np.arctan2(x, z - ARCH_Z_CM)) / (2 * ARCH_DEG) + 0.5
    upper, lower = (
        (y - _line(jaw.edge_cm, z)) / (_line(jaw.root_cm, z) - _line(jaw.edge_cm, z))
        for jaw in (UPPER, LOWER)
    )
    is_lower = pack.corner_uv[:, 1] > LOWER_FROM_V
    height = np.clip(np.where(is_lower, lower, upper), 0.02, 0.98)
    return np.stack([across, (height + is_lower) / 2], axis=1).astype(np.float32)


def _line(start_slope: tuple[float, float], z: Float) -> Float:
    return np.asarray(start_slope[0] + start_slope[1] * z, np.float32)


def _paint_teeth() -> Float:
    """Return the texture (H, W, 3), linear RGB, of both jaws."""
    height, width = SIDE_HW
    angle = np.abs((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5) * np.float32(2 * ARCH_DEG)
    up = ((np.arange(height // 2) + 0.5) / (height // 2)).astype(np.float32)[:, None]
    return np.concatenate([_paint_jaw(jaw, angle, up) for jaw in (UPPER, LOWER)]).astype(np.float32)


def _paint_jaw(jaw: Jaw, angle: Float, up: Float) -> Float:
    """Return a strip (H, W, 3). angle (W,): degrees from the middle; up (H, 1): 0 at edges, 1 at roots."""
    ends = np.array([-jaw.ends_deg[0], 0.0, *jaw.ends_deg], np.float32)
    after = np.clip(np.searchsorted(ends, angle), 1, len(ends) - 1)
    width = ends[after] - ends[after - 1]
    from_gap = np.minimum(angle - ends[after - 1], ends[after] - angle)[None]
    rounded = bump(from_gap, 0.0, 2.2) * (0.35 + 0.65 * bump(up, 0.0, 0.25))  # teeth part at their edges
    shade = 1 - 0.75 * rounded - 0.10 * bump(up, GUM_LINE, 0.2)
    crown = GUM_LINE + 0.12 * np.sin(np.pi * np.clip(from_gap / width[None] * 2, 0, 1) / 2) - 0.06
    gum = ramp(up - crown, -0.03, 0.03)[..., None]
    painted = to_linear(TOOTH) * shade[..., None] * (1 - gum) + to_linear(GUM) * gum
    back = ramp(angle, *REDDER_DEG)[None, :, None]
    return np.asarray(painted * (1 - back * np.array(CHEEK_TAKES, np.float32)), np.float32)
