"""Plain clothes over the upper body: a top, and a doctor's coat that stands open over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deid.heads.curves import bump, ramp
from deid.heads.layers import Layer, make_layer
from deid.heads.look import Colour, to_linear
from deid.heads.noise import smooth_noise
from deid.heads.pack import Float, HeadPack, Index

SIDE = 960
WINDOW_CM = (-45.0, -90.0, 45.0, -8.0)  # x0, y0, x1, y1 of the body seen from the front
SMOOTHING_STEPS = 10


@dataclass(frozen=True)
class Clothes:
    """A top of one colour with a round neck or a V of v_depth_cm, and perhaps a white coat."""

    top: Colour = (0.35, 0.42, 0.55)
    v_depth_cm: float = 0.0
    shirt_collar: bool = False
    coat: Colour | None = None


def paint_top(clothes: Clothes) -> Float:
    """Return the top (SIDE, SIDE, 4), linear RGB and 1 where there is cloth."""
    x, y = _window_grid()
    weave = smooth_noise(np.stack([x * 7, y * 7, x * 0 + 1], axis=1), 41)
    crumple = smooth_noise(np.stack([x * 0.22, y * 0.10, x * 0 + 2], axis=1), 42)
    shade = (0.93 + 0.10 * weave) * (0.90 + 0.2 * crumple)
    neck_y = np.minimum(-14.2 + 0.05 * x**2, -11.8)
    if clothes.v_depth_cm > 0:
        neck_y = np.minimum(neck_y + 0.6, -15.0 - clothes.v_depth_cm + np.abs(x) * clothes.v_depth_cm / 4.6)
    below = neck_y - y
    rib = bump(below, 1.35, 0.10)
    shade = shade * (1 - 0.22 * rib)
    if clothes.shirt_collar:
        shade = shade * (1 - 0.30 * bump(x, 0.0, 0.12) * ramp(y, -15, -17))
        buttons = bump(x, 0.0, 0.38) * (np.abs((y + 20) % 7.0 - 3.5) < 0.4)
        shade = shade * (1 - 0.25 * buttons)
    return _assemble(clothes.top, shade, ramp(below, -0.1, 0.1))


def paint_coat(colour: Colour) -> Float:
    """Return the open coat (SIDE, SIDE, 4): two fronts with lapels, a seam and a breast pocket."""
    x, y = _window_grid()
    side = np.abs(x)
    opening = np.interp(y, [-44, -38, -26, -16, -12], [0.6, 1.6, 4.6, 6.0, 6.4]).astype(np.float32)
    lapel = np.interp(y, [-40, -37.5, -24.5, -23.5, -21, -12], [1.8, 2.6, 10.6, 8.6, 9.4, 8.2]).astype(
        np.float32
    )
    crumple = smooth_noise(np.stack([x * 0.20, y * 0.09, x * 0 + 4], axis=1), 44)
    weave = smooth_noise(np.stack([x * 8, y * 8, x * 0 + 5], axis=1), 45)
    shade = (0.90 + 0.18 * crumple) * (0.97 + 0.05 * weave)
    shade = shade * (1 - 0.26 * bump(side - lapel, 0.12, 0.22) * ramp(y, -40, -38))
    shade = shade * (1 - 0.10 * ramp(side, opening.min(), 1) * bump(side - opening, 0.0, 0.25))
    pocket = (np.abs(x - 12.5) < 4.2) & (np.abs(y + 35.0) < 4.6)
    edge = (np.abs(np.abs(x - 12.5) - 4.2) < 0.16) & (np.abs(y + 35.0) < 4.7)
    edge |= (np.abs(np.abs(y + 35.0) - 4.6) < 0.16) & (np.abs(x - 12.5) < 4.3)
    shade = shade * (1 - 0.16 * edge) * (1 + 0.02 * pocket)
    collar = ramp(-11.4 - y, -0.1, 0.1)
    return _assemble(colour, shade, ramp(side - opening, -0.06, 0.06) * collar)


def _window_grid() -> tuple[Float, Float]:
    x0, y0, x1, y1 = WINDOW_CM
    step = (np.arange(SIDE, dtype=np.float32) + np.float32(0.5)) / SIDE
    x, y = np.meshgrid(x0 + (x1 - x0) * step, y1 + (y0 - y1) * step)
    return x.ravel().astype(np.float32), y.ravel().astype(np.float32)


def _assemble(colour: Colour, shade: Float, cloth: Float) -> Float:
    rgb = to_linear(colour) * shade[:, None]
    texture: Float = np.concatenate([rgb, cloth[:, None]], axis=1).reshape(SIDE, SIDE, 4).astype(np.float32)
    return texture


def clothes_layers(pack: HeadPack, resting: Float, clothes: Clothes) -> list[Layer]:
    """Return the garments from the inside out, cut straight on the resting surface (V, 3)."""
    triangles = pack.triangles_of("garment")
    x0, y0, x1, y1 = WINDOW_CM
    places_cm = resting[pack.corner_vertex] * np.float32(100)
    points = np.stack([(places_cm[:, 0] - x0) / (x1 - x0), (y1 - places_cm[:, 1]) / (y1 - y0)], axis=1)
    lifts = [("top", paint_top(clothes), 0.006)]
    if clothes.coat is not None:
        lifts.append(("coat", paint_coat(clothes.coat), 0.017))
    return [
        make_layer(
            name, triangles, pack.corner_vertex, points, texture,
            lift_m=np.full(len(points), lift, np.float32), gloss=0.02, cut=0.5,
        )
        for name, texture, lift in lifts
    ]  # fmt: skip


def drape(vertices: Float, triangles: Index, steps: int = SMOOTHING_STEPS) -> Float:
    """Return vertices (V, 3) with the chest of the garment relaxed, so that it hangs rather than clings.

    triangles: (T, 3) vertex numbers of the garment; other vertices and its rim stay. No argument is modified.
    """
    edges = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    pairs, times = np.unique(edges, axis=0, return_counts=True)
    degree = np.maximum(np.bincount(pairs.ravel(), minlength=len(vertices)), 1)[:, None]
    free = np.zeros(len(vertices), np.float32)
    free[np.unique(triangles)] = 0.6
    free[np.unique(pairs[times == 1])] = 0.0
    free *= 0.1 + 0.9 * ramp(vertices[:, 1] * np.float32(100), -14.0, -21.0)
    draped = vertices.copy()
    for _ in range(steps):
        total = np.zeros((len(vertices), 3))
        for one, other in ((0, 1), (1, 0)):
            for axis in range(3):
                total[:, axis] += np.bincount(pairs[:, one], draped[pairs[:, other], axis], len(vertices))
        draped += free[:, None] * ((total / degree).astype(np.float32) - draped)
    return draped
