"""Detectors that read the answer from synthetic pictures, so that hiding is tested without a face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deid.observe import NoExpression
from deid.task import Hiding
from emotion.sampling import Engine
from emotion.types import Float, Image
from tests.emotion.stand_ins import MeanColour, OneFace
from tests.videos import FRAMES, HEIGHT, WIDTH

FACE_PX = np.array([0.3 * WIDTH, 0.3 * HEIGHT, 0.7 * WIDTH, 0.7 * HEIGHT], np.float32)


class SeesDetail:
    """Finds a face in the middle for as long as the picture there has any detail."""

    def __init__(self) -> None:
        self.found = 0

    def find(self, image_bgr: Image) -> tuple[Float, Float]:
        left, top, right, bottom = FACE_PX.astype(int)
        if image_bgr[top:bottom, left:right].std(axis=(0, 1)).max() < 8:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        self.found += 1
        return FACE_PX[None], np.array([0.9], np.float32)


class SeesAlways:
    """Finds a face where nobody covers one, each time that the file is written somewhere else."""

    def __init__(self) -> None:
        self.looks = 0

    def find(self, image_bgr: Image) -> tuple[Float, Float]:
        y = float(self.looks // FRAMES * 30)
        self.looks += 1
        return np.array([[0, y, 6, y + 6]], np.float32), np.array([0.9], np.float32)


def hiding(*, blind: Sequence[int] = (), second=None, workers: int = 1) -> Hiding:
    finder = Engine(OneFace(blind), NoExpression(), MeanColour(), workers, thorough=True)
    return Hiding(finder, second or SeesDetail())
