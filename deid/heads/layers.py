"""What a person is drawn from: textured surfaces, lifted off the base mesh where hair and cloth lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deid.heads.pack import Float, Index

INSIDE: Final = ("teeth", "tongue")  # layers that light reaches through the lips alone


@dataclass(frozen=True)
class Layer:
    """One textured surface over vertices of the base mesh.

    triangles: (T, 3) numbers of corners; vertex: (C,) base vertex of each corner; points: (C, 2) 0..1 in the
    texture, x right, y down; texture: (H, W, 3) linear albedo; height: (H, W), seen only where that is above
    cut. lift_m: (C,) along the normal; comb_m: (C, 3) before the head turns. gloss: strength of
    the highlight; light: factor on the light that arrives (the inside of a mouth is dim).
    """

    name: str
    triangles: Index
    vertex: Index
    points: Float
    texture: Float
    lift_m: Float
    comb_m: Float
    gloss: float
    light: Float  # (C,)
    height: Float | None = None
    cut: float = 0.0


@dataclass(frozen=True)
class Sheet:
    """The corners and triangles of several layers, one layer's after the other's, numbered throughout.

    begins: (L + 1,) first triangle of each layer, and how many there are; vertex, points, lift_m, comb_m,
    gloss and light: as of a layer, of all corners (C, ...). inside: (C,) of teeth and tongue. is_lifted: some
    corner is.
    """

    triangles: Index
    begins: Index
    vertex: Index
    points: Float
    lift_m: Float
    comb_m: Float
    gloss: Float
    light: Float
    inside: NDArray[np.bool_]
    is_lifted: bool


def join_layers(layers: Sequence[Layer]) -> Sheet:
    """Return at least one layer as one sheet."""
    counts = [len(layer.vertex) for layer in layers]
    first = np.cumsum([0, *counts[:-1]])
    lengths = [len(layer.triangles) for layer in layers]
    triangles = np.concatenate([layer.triangles + start for layer, start in zip(layers, first, strict=True)])
    lift_m = np.concatenate([layer.lift_m for layer in layers])
    comb_m = np.concatenate([layer.comb_m for layer in layers])
    return Sheet(
        triangles.astype(np.int32),
        np.cumsum([0, *lengths]).astype(np.int32),
        np.concatenate([layer.vertex for layer in layers]),
        np.concatenate([layer.points for layer in layers]),
        lift_m,
        comb_m,
        np.repeat([layer.gloss for layer in layers], counts).astype(np.float32),
        np.concatenate([layer.light for layer in layers]),
        np.repeat([layer.name in INSIDE for layer in layers], counts),
        bool(lift_m.any() or comb_m.any()),
    )


def make_layer(
    name: str,
    triangles: Index,
    corner_vertex: Index,
    points: Float,
    texture: Float,
    *,
    lift_m: Float | None = None,
    comb_m: Float | None = None,
    gloss: float = 0.0,
    light: Float | None = None,
    cut: float = 0.0,
) -> Layer:
    """Return a layer over the corners that the triangles use, renumbered from 0.

    points, lift_m, comb_m and light run over all corners. A fourth channel of texture is the height.
    """
    used, flat = np.unique(triangles, return_inverse=True)
    count = len(used)
    return Layer(
        name=name,
        triangles=flat.reshape(triangles.shape).astype(np.int32),
        vertex=corner_vertex[used],
        points=points[used].astype(np.float32),
        texture=np.ascontiguousarray(texture[..., :3], np.float32),
        height=np.ascontiguousarray(texture[..., 3], np.float32) if texture.shape[2] == 4 else None,
        lift_m=np.zeros(count, np.float32) if lift_m is None else lift_m[used].astype(np.float32),
        comb_m=np.zeros((count, 3), np.float32) if comb_m is None else comb_m[used].astype(np.float32),
        gloss=gloss,
        light=np.ones(count, np.float32) if light is None else light[used].astype(np.float32),
        cut=cut,
    )
