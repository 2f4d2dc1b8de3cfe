"""How old a face looks and which sex: a guess of a small network, used to choose a donor that looks alike."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from emotion import weights
from emotion.geometry import crop_square, square_box
from emotion.inference import open_session
from emotion.types import Detections, Float, Image

SIDE: Final = 112
MARGIN_RATIO: Final = 0.1
MEAN_RGB: Final = np.array([122.782, 117.001, 104.298], np.float32)


class AgeSexReader:
    """The age and sex network of face-api. It is kept nowhere but in the choice of the donor."""

    def __init__(self, weights_dir: Path | None = None, *, device: str = "cpu", threads: int = 1) -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        path = weights.path_of("age-sex", weights_dir)
        self._session = open_session(path, device=device, threads=threads)
        self._input_name = self._session.get_inputs()[0].name

    def read(self, image_bgr: Image, face: Detections) -> Float:
        """Return (2,) age in years and 0 male .. 1 female of the first face; image_bgr is not modified."""
        square = crop_square(image_bgr, square_box(face.boxes_px[0], MARGIN_RATIO))
        small = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        inputs = (small[..., ::-1].astype(np.float32) - MEAN_RGB) / 255
        age, _, female = self._session.run(None, {self._input_name: inputs.transpose(2, 0, 1)[None]})[0][0]
        return np.array([age, female], np.float32)
