"""Training pictures: labelled stills, and faces of unlabelled video with what other networks say of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from emotion.crop import crop_face
from emotion.dataset import load_dataset
from emotion.detect import CenterFace
from emotion.labels import EMOTIONS
from emotion.media import read_frames
from emotion.recognise import load_recogniser
from emotion.stills import largest_face
from emotion.types import Float, Image

#: Pictures as the labelled set has them. Everything, also at run time, passes through this size, so that a
#: sharp photograph does not look like another world than the stills that taught the network.
SIDE: Final = 48
FRAMES_PER_SECOND: Final = Fraction(3)
TEACHERS: Final = ("densenet+human+fer", "face-api")


@dataclass(frozen=True)
class Faces:
    """pictures: (N, SIDE, SIDE) uint8 grey. targets: (N, 7) probabilities.

    groups: (N,) the class or the person that each shows, to draw evenly from.
    """

    pictures: NDArray[np.uint8]
    targets: Float
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pictures)


def read_labelled(archive: Path) -> Faces:
    """Return the faces of a labelled set; see load_dataset. Raises UnreadableDataset."""
    dataset = load_dataset(archive)
    pictures = np.stack([to_small_grey(read()) for read in dataset.readers])
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[dataset.labels]
    return Faces(pictures, targets, dataset.labels)


def read_videos(folder: Path) -> Faces:
    """Return faces of every video of a folder, labelled by the mean of the teachers' probabilities.

    A file's person is its name up to "__".
    """
    files = sorted(folder.glob("*.mp4"))
    people = sorted({file.name.split("__")[0] for file in files})
    teachers = [load_recogniser(name) for name in TEACHERS]
    detector = CenterFace()
    pictures, targets, groups = [], [], []
    for file in files:
        faces = list(_faces_of(file, detector))
        if not faces:
            continue
        opinions = np.mean([teacher.classify(faces) for teacher in teachers], axis=0)
        pictures += [to_small_grey(face) for face in faces]
        targets.append(opinions)
        groups += [people.index(file.name.split("__")[0])] * len(faces)
    return Faces(np.stack(pictures), np.concatenate(targets).astype(np.float32), np.array(groups, np.int64))


def to_small_grey(face_bgr: Image) -> NDArray[np.uint8]:
    """Return a face picture (H, W, 3) as (SIDE, SIDE) grey."""
    grey = cv2.cvtColor(face_bgr, cv2.COLOR_BGR2GRAY)
    method = cv2.INTER_AREA if min(grey.shape) > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=method), np.uint8)


def _faces_of(video: Path, detector: CenterFace) -> Iterator[Image]:
    """Yield the largest face of each sampled frame."""
    for frame in read_frames(video, sample_fps=FRAMES_PER_SECOND):
        found = detector.detect(frame.image_bgr)
        if len(found):
            yield crop_face(frame.image_bgr, found, largest_face(found))
