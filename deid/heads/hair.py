"""Hair as a few thin shells over the scalp: each shell shows the strands that are long enough to reach it."""

from __future__ import annotations

from functools import cache

import numpy as np

from deid.heads.canvas import Canvas, head_canvas, head_triangles, window_uv
from deid.heads.curves import bump, ramp
from deid.heads.layers import Layer, make_layer
from deid.heads.look import Colour, Look, to_linear
from deid.heads.noise import smooth_noise, smooth_noise_where
from deid.heads.pack import Float, HeadPack, default_pack

SHELLS = 7
CROWN_CM = (0.0, 11.0, -6.5)
HAIR_EDGE_CM = (-0.3, 2.4)  # inside the hairline, where hair begins and where it is full
RAGGED_CM = (1.2 + 0.9) / 2  # by how much noise moves that


def cover_scalp(places_cm: Float, look: Look) -> Float:
    """Return how far inside the hair each place of the average head lies, 0 outside .. 1 inside, (N,)."""
    x, y, z = places_cm.T
    side = np.abs(x)
    raised = y - (look.hairline_cm - 6.4) - look.recession_cm * bump(side, 4.2, 1.7) * ramp(z, -2.5, 0.0)
    heights = [-9.5, -8.2, -5.5, -3.2, -2.7, -2.2, 0.0, 2.2, 3.8, 5.2, 6.1, 6.9, 8.0]
    edges_z = [-14.0, -11.8, -10.0, -9.2, -8.0, -4.6, -4.2, -2.4, -1.0, 0.8, 2.4, 5.0, 9.0]
    edge = np.interp(raised, heights, edges_z).astype(np.float32)
    low, high = HAIR_EDGE_CM
    near = (edge - z > low - RAGGED_CM) & (edge - z < high + RAGGED_CM)
    ragged = 1.2 * (smooth_noise_where(near, places_cm * np.float32(1.6), look.seed + 30) - 0.5)
    ragged = ragged + 0.9 * (smooth_noise_where(near, places_cm * np.float32(5.0), look.seed + 31) - 0.5)
    inside: Float = ramp(edge - z + ragged, low, high)
    return inside


def strand_pattern(places_cm: Float, seed: int) -> tuple[Float, Float]:
    """Return fine and coarse strands, 0..1 each (N,): lines that run from the crown downwards."""
    arm = places_cm - np.array(CROWN_CM, np.float32)
    around = np.arctan2(arm[:, 0], arm[:, 2])
    down = np.linalg.norm(arm, axis=1)
    sway = 0.35 * smooth_noise(places_cm * np.float32(0.5), seed + 34)
    fine = smooth_noise(
        np.stack([(around + 0.10 * sway) * 85, down * 0.45, around * 0 + 3], axis=1), seed + 32
    )
    coarse = smooth_noise(
        np.stack([(around + 0.25 * sway) * 17, down * 0.25, around * 0 + 8], axis=1), seed + 33
    )
    return fine, coarse


def paint_hair(look: Look) -> Float:
    """Return strands on the head canvas (H, W, 4): linear RGB and height, 0 where no hair grows .. 1."""
    canvas = head_canvas()
    cover = _cover_on(canvas, look)
    fine, coarse = strand_pattern(canvas.places_cm, look.seed)
    grey = ramp(fine * 0.8 + coarse * 0.2, 0.95 - look.grey * 0.8, 1.2 - look.grey * 0.8)[:, None]
    colour = to_linear(look.hair) * (1 - grey) + to_linear((0.66, 0.65, 0.64)) * grey
    colour = colour * _shade(fine, coarse)[:, None]
    height = cover * np.clip(0.35 + 0.5 * fine + 0.35 * coarse, 0, 1) * look.hair_density
    return canvas.fill(np.concatenate([colour, height[:, None]], axis=1).astype(np.float32))


def tint_scalp(albedo: Float, look: Look) -> Float:
    """Return the skin's albedo (H, W, 3) with the roots of the hair painted on; albedo is not modified."""
    canvas = head_canvas()
    cover = _cover_on(canvas, look)
    fine, _ = strand_pattern(canvas.places_cm, look.seed)
    roots = np.clip(cover * (0.55 + 0.8 * fine), 0, 1) * min(1.0, 0.55 + 0.45 * look.hair_density)
    share = canvas.fill(roots.astype(np.float32))[..., None]
    tinted: Float = (albedo * (1 - share) + to_linear(look.hair) * np.float32(0.6) * share).astype(np.float32)
    return tinted


def draw_hairline(albedo: Float, look: Look, colour: Colour) -> Float:
    """Return the skin's albedo (H, W, 3) under flat hair of a colour; albedo is not modified.

    The hairline is the look's. Strands are everybody's, so that they are laid out once.
    """
    canvas = head_canvas()
    fine, coarse = _everybodys_strands()
    share = np.clip(_cover_on(canvas, look) * (0.85 + 0.8 * fine), 0, 1)
    layers = canvas.fill(np.stack([share, _shade(fine, coarse)], axis=1).astype(np.float32))
    share, shade = layers[..., :1], layers[..., 1:]
    drawn: Float = (albedo * (1 - share) + to_linear(colour) * shade * share).astype(np.float32)
    return drawn


@cache
def _everybodys_strands() -> tuple[Float, Float]:
    return strand_pattern(head_canvas().places_cm, 0)


def _shade(fine: Float, coarse: Float) -> Float:
    """Return how light strands are, one in the mean."""
    return 0.45 + 0.75 * fine + 0.35 * coarse


def _cover_on(canvas: Canvas, look: Look) -> Float:
    ears = ramp(canvas.read(default_pack().masks["ears"]), 0.15, 0.6)
    covered: Float = cover_scalp(canvas.places_cm, look) * (1 - ears)
    return covered


def hair_layers(pack: HeadPack, look: Look) -> list[Layer]:
    """Return the shells from the scalp outwards; none when hair_depth_cm is 0."""
    if look.hair_depth_cm == 0:
        return []
    triangles, _ = head_triangles(pack)
    places_cm = pack.vertices[pack.corner_vertex] * np.float32(100)
    cover = cover_scalp(places_cm, look)
    points = window_uv(pack.corner_uv, pack.mask_window)
    chosen = triangles[cover[triangles].max(axis=1) > 0.02]
    texture = paint_hair(look)
    top = ramp(places_cm[:, 1], 1.0, 8.0)
    depth_m = 0.01 * look.hair_depth_cm * (0.45 + 0.55 * top) * ramp(cover, 0.0, 0.9)
    depth_m = depth_m * (0.8 + 0.4 * smooth_noise(places_cm * np.float32(0.6), look.seed + 35))
    layers = []
    for shell in range(SHELLS):
        level = (shell + 0.6) / SHELLS
        shade = np.float32(0.55 + 0.45 * level)  # deeper strands get less light
        lean = np.array([0.0, -0.25, -0.1], np.float32) * (level * depth_m)[:, None]
        layers.append(
            make_layer(
                f"hair{shell}", chosen, pack.corner_vertex, points, texture,
                lift_m=depth_m * level, comb_m=lean, gloss=0.06, light=np.full(len(points), shade),
                cut=0.15 + 0.72 * level,
            )
        )  # fmt: skip
    return layers
