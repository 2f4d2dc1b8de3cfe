"""Find landmark_anchors.npz anew; needed when the head pack, its renderer or the landmark network changes.

    python -m deid.build_anchors            # some seconds

Renders an average head and looks at it with the landmark network.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np

from deid.anchors import ANCHORS_PATH, Anchors
from deid.errors import DeidError
from deid.heads.canvas import window_uv
from deid.heads.look import Identity
from deid.heads.pack import default_pack
from deid.heads.person import make_person
from deid.heads.raster import Float, Index, cut_fragments, resolve_nearest
from deid.heads.render import Camera, composite, develop, render_person, sample_texture
from deid.heads.shape import Pose, RestHead, express, pose_head
from deid.landmarks import FaceMesh
from emotion.types import Image

SIDE: Final = 512
CAMERA: Final = Camera((SIDE, SIDE), 1800.0, (0.0, -0.02, 0.0))
# Parted lips and open eyes, so that each lip and lid gets its own landmarks.
OPENED: Final = {"jawOpen": 0.35, "eyeWideLeft": 0.3, "eyeWideRight": 0.3}
# The outline's lowest landmarks stand where chin and neck meet; they belong to the chin.
CHIN: Final = frozenset({148, 149, 150, 152, 176, 377, 378, 379, 400})
ON_JAW: Final = 0.6
INSIDE: Final = 0.3  # of the mask: what lies behind the lips has no landmark
BEHIND_M: Final = 0.09  # deeper than this behind the eyes there is no face
FAR: Final = 1e9
# Where eyes, nose and corners of the mouth are expected, in sides of the picture.
LEVEL_POINTS: Final = np.array([[0.4, 0.4], [0.6, 0.4], [0.5, 0.5], [0.42, 0.6], [0.58, 0.6]], np.float32)


def main() -> int:
    """Write the anchors."""
    found = find_anchors()
    arrays = {name: value for name, value in vars(found).items() if name != "units"}
    np.savez_compressed(ANCHORS_PATH, allow_pickle=False, units=np.array(found.units), **arrays)
    return 0


def find_anchors(weights_dir: Path | None = None) -> Anchors:
    """Return the anchors, looked for anew. Raises WeightsMissing or WeightsMismatch."""
    pack = default_pack()
    person = make_person(Identity("average", {"gender": 0.5, "age": 0.7}))
    picture = develop(
        composite(
            render_person(person, OPENED, Pose(), CAMERA, oversampling=1.0),
            np.full((SIDE, SIDE, 3), 0.3, np.float32),
        )
    )
    surface = pose_head(person.rest, express(person.rest, OPENED), Pose())
    points, depth = CAMERA.project(surface)
    mesh = _look(FaceMesh(weights_dir), picture)
    skin_triangles = len(pack.triangles_of("skin"))
    corners_of = np.concatenate([pack.triangles_of("skin"), pack.triangles_of("eye", "teeth", "tongue")])
    inside = sample_texture(pack.masks["inside-mouth"], window_uv(pack.corner_uv, pack.mask_window))
    skin = pack.corner_vertex[corners_of]
    fragments = cut_fragments(points, depth, skin, (SIDE, SIDE))
    seen = fragments.take(resolve_nearest(fragments, SIDE * SIDE))
    hollow = (inside[corners_of[seen.triangle]] * seen.weights).sum(axis=1) > INSIDE
    seen = seen.take((seen.triangle < skin_triangles) & ~hollow & (seen.depth < CAMERA.distance_m + BEHIND_M))
    places = np.stack([seen.pixel % SIDE, seen.pixel // SIDE], axis=1) + 0.5
    jaw = np.linalg.norm(express(person.rest, {"jawOpen": 1.0}) - person.rest.vertices, axis=1)
    on_jaw = (jaw[skin[seen.triangle]] * seen.weights).sum(axis=1) > ON_JAW * jaw.max()
    nearest = [
        int((((places - point) ** 2).sum(axis=1) + (number in CHIN) * ~on_jaw * FAR).argmin())
        for number, point in enumerate(mesh[:, :2])
    ]
    corners, weights = skin[seen.triangle[nearest]], seen.weights[nearest]
    names = [name for name in pack.unit_names() if not name.startswith(("tongue", "eyeLook"))]
    moves = [_move(person.rest, name, corners, weights) for name in names]
    return Anchors(
        corners.astype(np.int32),
        weights,
        tuple(names),
        np.stack(moves).astype(np.float32),
    )


def _look(finder: FaceMesh, picture: Image) -> Float:
    box = np.array([SIDE * 0.2, SIDE * 0.15, SIDE * 0.8, SIDE * 0.85], np.float32)
    found = finder.find(picture, LEVEL_POINTS * SIDE, box)
    again = finder.follow(picture, found.points_px) if found is not None else None
    if again is None:
        raise DeidError("expected the landmark network to see the rendered head; install the weights again")
    return again.points_px


def _move(rest: RestHead, name: str, corners: Index, weights: Float) -> Float:
    moved = express(rest, {name: 1.0}) - rest.vertices
    places: Float = np.einsum("pk,pkd->pd", weights, moved[corners]).astype(np.float32)
    return places


if __name__ == "__main__":
    sys.exit(main())
