"""Read donor_likeness.npz anew; needed when the bank, the head pack or an identity network changes.

python -m deid.build_likeness            # a few minutes on one core
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from deid.donors import BANK_SIZE, LIKENESS_PATH, bare
from deid.heads.look import Identity
from deid.heads.pack import default_pack
from deid.heads.person import TEETH_BACK_M, Person, make_person
from deid.heads.render import Camera, composite, develop, render_person
from deid.heads.sample import sample_identity
from deid.heads.shape import Pose, build_rest
from deid.recognisers import load_identifiers
from emotion.detect import CenterFace, FaceDetector
from emotion.types import Detections, Float, Image

CAMERA: Final = Camera((256, 256), 900.0)
BACKGROUND: Final = 0.35


def main() -> int:
    """Write the embeddings of all donors' bare, calm faces."""
    cv2.setNumThreads(1)
    first = bare(make_person(sample_identity(0)))
    detector = CenterFace(max_side=256)
    identifiers = load_identifiers()
    embeddings: dict[str, list[Float]] = {one.name: [] for one in identifiers}
    for seed in range(BANK_SIZE):
        picture, face = _draw(_borrow_shadows(sample_identity(seed), first), detector)
        for one in identifiers:
            embeddings[one.name].append(one.embedder.embed(picture, face)[0])
    arrays = {name: np.stack(rows).astype(np.float16) for name, rows in embeddings.items()}
    np.savez_compressed(LIKENESS_PATH, allow_pickle=False, **arrays)
    return 0


def _borrow_shadows(identity: Identity, first: Person) -> Person:
    """Return a bare person of an identity with the shadows of another, in a tenth of the time."""
    rest = build_rest(default_pack(), identity.phenotype, identity.features)
    vertices = rest.vertices.copy()
    vertices[rest.pack.vertices_of("teeth"), 2] -= TEETH_BACK_M
    return bare(replace(first, identity=identity, rest=replace(rest, vertices=vertices)))


def _draw(person: Person, detector: FaceDetector) -> tuple[Image, Detections]:
    picture = render_person(person, {}, Pose(), CAMERA, oversampling=1.0)
    image = develop(composite(picture, np.full((*CAMERA.size_hw, 3), BACKGROUND, np.float32)))
    found = detector.detect(image)
    if len(found) != 1:
        raise RuntimeError(f"expected one face in the picture of {person.identity.name}, got {len(found)}")
    return image, found


if __name__ == "__main__":
    sys.exit(main())
