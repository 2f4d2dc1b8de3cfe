"""Soft light on a head: how open each vertex is to 64 directions, and what a room sends from them.

Visibility is measured once per person at rest (ambient occlusion by depth pictures); a frame then costs three
small matrix products. Skin lets light pass around edges, red furthest: each colour has its own wrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deid.heads.raster import Float, Index, cut_fragments, nearest_depth

DIRECTION_COUNT = 64
DEPTH_SIDE = 224
BIAS_M = 0.004
WRAPS = (0.30, 0.16, 0.10)  # red, green, blue
GLOSS_POWER = 12  # as in _gather_gloss
BLOCK = 1024  # vertices whose numbers stay in the cache together


@dataclass(frozen=True)
class Lamp:
    """A soft source: direction towards it, colour as linear RGB, and how narrow it is (larger = harder)."""

    direction: tuple[float, float, float]
    rgb: tuple[float, float, float]
    focus: float = 6.0


@dataclass(frozen=True)
class Room:
    """Lamps and the light of ceiling and floor, linear RGB."""

    lamps: tuple[Lamp, ...]
    ceiling_rgb: tuple[float, float, float] = (0.34, 0.35, 0.37)
    floor_rgb: tuple[float, float, float] = (0.15, 0.14, 0.13)

    def radiance(self, directions: Float) -> Float:
        """Return the linear RGB (D, 3) that arrives from unit directions (D, 3)."""
        up = ((directions[:, 1] + 1) / 2)[:, None]
        total = up * np.array(self.ceiling_rgb, np.float32) + (1 - up) * np.array(self.floor_rgb, np.float32)
        for lamp in self.lamps:
            towards = np.array(lamp.direction, np.float32) / np.float32(np.linalg.norm(lamp.direction))
            lobe = np.exp(np.float32(lamp.focus) * (directions @ towards - 1))[:, None]
            total = total + lobe * np.array(lamp.rgb, np.float32)
        result: Float = total.astype(np.float32)
        return result


CONSULTING_ROOM = Room(
    lamps=(
        Lamp((-0.65, 0.55, 0.60), (3.5, 3.34, 3.12), 6.0),
        Lamp((0.85, 0.25, 0.45), (0.85, 0.90, 1.0), 4.0),
        Lamp((0.3, 0.6, -0.8), (0.5, 0.5, 0.52), 4.0),
    )
)


def spread_directions(count: int = DIRECTION_COUNT) -> Float:
    """Return unit vectors (count, 3) spread evenly over the sphere (Fibonacci lattice)."""
    k = np.arange(count) + 0.5
    height = 1 - 2 * k / count
    angle = np.pi * (1 + 5**0.5) * k
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=1).astype(np.float32)


def measure_openness(vertices: Float, triangles: Index, directions: Float) -> Float:
    """Return 0..1 (V, D): how freely each vertex sees the room along each direction.

    triangles: (T, 3) vertex numbers of everything that casts shadow. Soft at the edge of a shadow.
    """
    openness = np.empty((len(vertices), len(directions)), np.float32)
    for column, direction in enumerate(directions):
        openness[:, column] = _look_from(vertices, triangles, direction)
    return openness


def _look_from(vertices: Float, triangles: Index, direction: Float) -> Float:
    side = np.cross(direction, (0.0, 1.0, 0.0) if abs(direction[1]) < 0.9 else (1.0, 0.0, 0.0))
    side /= np.linalg.norm(side)
    upward = np.cross(side, direction)
    flat = vertices @ np.stack([side, upward], axis=1).astype(np.float32)
    low, high = flat.min(axis=0), flat.max(axis=0)
    scale = (DEPTH_SIDE - 8) / float((high - low).max())
    points = ((flat - low) * np.float32(scale) + 4).astype(np.float32)
    depth = -(vertices @ direction)
    fragments = cut_fragments(points, depth, triangles, (DEPTH_SIDE, DEPTH_SIDE), cull=False)
    nearest = nearest_depth(fragments, DEPTH_SIDE**2)
    total = np.zeros(len(vertices), np.float32)
    cell = points.astype(np.int32)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            sampled = nearest[(cell[:, 1] + dy) * DEPTH_SIDE + cell[:, 0] + dx]
            total += depth < sampled + np.float32(BIAS_M)
    return total / np.float32(9)


def light_vertices(
    normals: Float,
    openness: Float,
    directions: Float,
    *,
    room: Room,
    follows_head: Float,
    head_turn: Float,
    wanted: Index | None = None,
) -> tuple[Float, Float]:
    """Return diffuse light (V, 3) and gloss (V, 3), linear RGB, of vertices with unit normals (V, 3).

    openness was measured with the head at rest, so its directions turn with the head: follows_head (V,)
    blends between those turned by head_turn (3, 3) and unturned ones. wanted: numbers of the vertices that
    are drawn, all when None; the light of others is 0.
    """
    diffuse = np.zeros((len(normals), 3), np.float32)
    gloss = np.zeros((len(normals), 3), np.float32)
    drawn = np.ones(len(normals), np.bool_)
    if wanted is not None:
        drawn[:] = False
        drawn[wanted] = True
    share = np.float32(4 * np.pi / len(directions) / np.pi)
    for turned, weight in ((directions @ head_turn.T, follows_head), (directions, 1 - follows_head)):
        halfway = turned + np.array([0, 0, 1], np.float32)
        halfway /= np.linalg.norm(halfway, axis=1, keepdims=True) + np.float32(1e-6)
        radiance = room.radiance(turned) * share
        touched = np.flatnonzero((weight > 0) & drawn)
        for start in range(0, len(touched), BLOCK):
            some = touched[start : start + BLOCK]
            open_to = openness[some] * weight[some, None]
            facing, mirrored = (_angles(normals[some], towards) for towards in (turned, halfway))
            diffuse[some] += _gather_diffuse(facing, open_to, radiance)
            gloss[some] += _gather_gloss(mirrored, open_to, radiance)
    return diffuse, gloss


def _angles(normals: Float, directions: Float) -> Float:
    """Return the cosines (V, D) between unit normals (V, 3) and unit directions (D, 3)."""
    return np.asarray(normals @ directions.T, np.float32)


def _gather_diffuse(facing: Float, open_to: Float, radiance: Float) -> Float:
    """Return the light (V, 3) that comes around edges by WRAPS. facing, open_to: (V, D); radiance: (D, 3)."""
    lit = np.empty_like(facing)
    colours = []
    for colour, wrap in enumerate(WRAPS):
        np.add(facing, np.float32(wrap), out=lit)
        np.maximum(lit, 0, out=lit)
        lit *= open_to
        colours.append(lit @ (radiance[:, colour] * np.float32(1 / (1 + wrap) ** 2)))
    return np.stack(colours, axis=1)


def _gather_gloss(facing: Float, open_to: Float, radiance: Float) -> Float:
    """Return the light (V, 3) that is mirrored. facing (V, D): the halfway directions, overwritten.

    To the power GLOSS_POWER by products, which take a tenth of the time.
    """
    lobe = np.maximum(facing, 0, out=facing)
    np.square(lobe, out=lobe)
    np.square(lobe, out=lobe)
    eighth = np.square(lobe)
    lobe *= eighth
    lobe *= open_to
    return np.asarray(lobe @ (radiance * np.float32((GLOSS_POWER + 2) / 8)), np.float32)


def vertex_normals(vertices: Float, triangles: Index) -> Float:
    """Return unit normals (V, 3), weighted by area; vertices without a triangle get (0, 0, 0)."""
    corners = vertices[triangles]  # (T, 3, 3)
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.empty_like(vertices)
    flat = triangles.ravel()
    for axis in range(3):
        normals[:, axis] = np.bincount(flat, np.repeat(face[:, axis], 3), len(vertices))
    length: NDArray[np.float32] = np.linalg.norm(normals, axis=1, keepdims=True)
    return (normals / np.maximum(length, np.float32(1e-12))).astype(np.float32)
