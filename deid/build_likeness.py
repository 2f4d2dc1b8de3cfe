"""Read donor_likeness.npz anew; needed when the bank, the head pack or an identity network changes.

python -m deid.build_likeness            # a few minutes on one core
"""

from __future__ import annotations

import sys
from typing import Final

import cv2
import numpy as np

from deid.donors import BANK_SIZE, LIKENESS_PATH
from deid.heads.person import Person, make_bare
from deid.heads.render import Camera, composite, develop, render_person
from deid.heads.sample import sample_identity
from deid.heads.shape import Pose
from deid.recognisers import load_identifiers
from emotion.detect import CenterFace, FaceDetector
from emotion.types import Detections, Float, Image

CAMERA: Final = Camera((256, 256), 900.0)
BACKGROUND: Final = 0.35


def main() -> int:
    """Write the embeddings of all donors' bare, calm faces."""
    cv2.setNumThreads(1)
    detector = CenterFace(max_side=256)
    identifiers = load_identifiers()
    embeddings: dict[str, list[Float]] = {one.name: [] for one in identifiers}
    for seed in range(BANK_SIZE):
        picture, face = _draw(make_bare(sample_identity(seed)), detector)
        for one in identifiers:
            embeddings[one.name].append(one.embedder.embed(picture, face)[0])
    arrays = {name: np.stack(rows).astype(np.float16) for name, rows in embeddings.items()}
    np.savez_compressed(LIKENESS_PATH, allow_pickle=False, **arrays)
    return 0


def _draw(person: Person, detector: FaceDetector) -> tuple[Image, Detections]:
    picture = render_person(person, {}, Pose(), CAMERA, oversampling=1.0)
    image = develop(composite(picture, np.full((*CAMERA.size_hw, 3), BACKGROUND, np.float32)))
    found = detector.detect(image)
    if len(found) != 1:
        raise RuntimeError(f"expected one face in the picture of {person.identity.name}, got {len(found)}")
    return image, found


if __name__ == "__main__":
    sys.exit(main())
