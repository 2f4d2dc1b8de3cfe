"""Draw a labelled set of synthetic faces from another source than any training set of ours.

`python -m benchmarks.rendered_faces FOLDER [--people 24]`, then `python -m emotion evaluate FOLDER`. The
expressions were shaped until shipped networks recognised them (deid/heads/expressions.py), so the set tells
how a network carries over to faces that it never saw, not which of them is better on people.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from deid.heads.expressions import EMOTION_UNITS, show_emotion
from deid.heads.person import make_person
from deid.heads.render import Camera, composite, develop, render_person
from deid.heads.sample import sample_identity
from deid.heads.shape import Pose

FIRST_SEED = 5000
SIZE_HW = (256, 256)
GREYS = (0.12, 0.45)


def main() -> None:
    """Draw everyone with every expression."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rendered_faces", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=24)
    arguments = parser.parse_args()
    for seed in tqdm(range(FIRST_SEED, FIRST_SEED + arguments.people), unit="person"):
        draw_person(seed, arguments.folder)


def draw_person(seed: int, folder: Path) -> None:
    """Write one picture per emotion: a random pose within 15 degrees, strength 0.6 to 1, before grey."""
    random = np.random.default_rng(seed)
    person = make_person(sample_identity(seed))
    camera = Camera(SIZE_HW, 900.0)
    for emotion in EMOTION_UNITS:
        pose = Pose(*random.uniform(-15, 15, 3) * (1, 0.6, 0.6))
        face = render_person(person, show_emotion(emotion, random.uniform(0.6, 1.0)), pose, camera)
        scene = np.full((*SIZE_HW, 3), random.uniform(*GREYS), np.float32)
        file = folder / emotion / f"{seed}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), develop(composite(face, scene)))


if __name__ == "__main__":
    main()
