"""Read donor_likeness.npz anew; needed only when the bank, the head pack or the identity network changes.

python -m deid.build_likeness            # about four minutes on one core
"""

from __future__ import annotations

import sys
from typing import Final

import cv2
import numpy as np

from deid.donors import BANK_SIZE, LIKENESS_PATH, bare
from deid.heads.person import Person, make_person
from deid.heads.render import Camera, composite, develop, render_person
from deid.heads.sample import sample_identity
from deid.heads.shape import Pose
from deid.recognisers import load_identifiers
from emotion.detect import CenterFace
from emotion.types import Float

CAMERA: Final = Camera((320, 320), 1000.0)
BACKGROUND: Final = 0.35


def main() -> int:
    """Write the embeddings of all donors' bare faces."""
    cv2.setNumThreads(1)
    first = make_person(sample_identity(0))
    rows = [_read(bare(make_person(sample_identity(seed), shadows_of=first))) for seed in range(BANK_SIZE)]
    np.savez_compressed(LIKENESS_PATH, allow_pickle=False, embeddings=np.stack(rows).astype(np.float16))
    return 0


def _read(person: Person) -> Float:
    picture = render_person(person, {}, Pose(), CAMERA)
    image = develop(composite(picture, np.full((*CAMERA.size_hw, 3), BACKGROUND, np.float32)))
    found = CenterFace(max_side=320).detect(image)
    if len(found) != 1:
        raise RuntimeError(f"expected one face in the picture of {person.identity.name}, got {len(found)}")
    return np.asarray(load_identifiers()[0].embedder.embed(image, found)[0], np.float32)


if __name__ == "__main__":
    sys.exit(main())
