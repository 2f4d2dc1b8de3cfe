"""What a person is drawn from: textured surfaces, lifted off the base mesh where hair and cloth lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deid.heads.pack import Float, Index


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
    two_sided: bool = False


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
    two_sided: bool = False,
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
        two_sided=two_sided,
    )
