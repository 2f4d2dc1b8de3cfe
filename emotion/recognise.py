"""Say which expression a face shows: one protocol, and the networks and pools of networks behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from emotion import weights
from emotion.crop import crop_face
from emotion.geometry import crop_square, square_box
from emotion.inference import open_session
from emotion.labels import EMOTIONS, order_from
from emotion.recipes import DEFAULT_MODEL, RECIPES, Recipe, describe_weights, find_recipe
from emotion.types import Detections, Float, Image
from emotion.weights import WEIGHTS, Weights

__all__ = [
    "DEFAULT_MODEL",
    "RECIPES",
    "Network",
    "PooledRecogniser",
    "Preparation",
    "Recipe",
    "Recogniser",
    "describe_weights",
    "find_recipe",
    "load_recogniser",
]

LEAST_PROBABILITY: Final = 1e-6


class Recogniser(Protocol):
    """Classifies the expressions of faces."""

    @property
    def name(self) -> str:
        """The name in the registry."""
        ...

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The records of the networks that run."""
        ...

    def crop(self, image_bgr: Image, detections: Detections, index: int) -> Image:
        """Return the picture (S, S, 3) of one face of a frame as classify wants it."""
        ...

    def classify(self, faces_bgr: Sequence[Image]) -> Float:
        """Return probabilities (N, 7) in the order of EMOTIONS; every row sums to 1."""
        ...


@dataclass(frozen=True)
class Preparation:
    """What a network wants to see: a square of size pixels, grey or RGB, minus offset, divided by divisor.

    through: larger faces pass through a square of so many pixels first, as the network's training data did.
    """

    size: int
    grey: bool
    offset: tuple[float, ...]
    divisor: float
    through: int | None = None

    def apply(self, faces_bgr: Sequence[Image]) -> Float:
        """Return (N, 1 or 3, size, size) float32; a face that is not square is filled up with its border."""
        pictures = np.stack([self._picture(face) for face in faces_bgr])  # (N, size, size, channels)
        values = (pictures - np.array(self.offset, np.float32)) / np.float32(self.divisor)
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2), np.float32)

    def _picture(self, face_bgr: Image) -> Image:
        height, width = face_bgr.shape[:2]
        square = face_bgr
        if height != width:
            square = crop_square(face_bgr, square_box(np.array([0, 0, width, height], np.float32), 0.0))
        colours = cv2.cvtColor(square, cv2.COLOR_BGR2GRAY if self.grey else cv2.COLOR_BGR2RGB)
        for side in (self.through, self.size):
            if side is not None and side != len(colours):
                method = cv2.INTER_AREA if len(colours) > side else cv2.INTER_LINEAR
                colours = cv2.resize(colours, (side, side), interpolation=method)
        return np.asarray(colours, np.uint8).reshape(self.size, self.size, -1)


PREPARATIONS: Final = {
    "densenet": Preparation(size=224, grey=False, offset=(0.0,), divisor=255.0),
    "human": Preparation(size=64, grey=True, offset=(127.5,), divisor=127.5),
    "face-api": Preparation(size=112, grey=False, offset=(122.782, 117.001, 104.298), divisor=255.0),
    "fer": Preparation(size=64, grey=True, offset=(127.5,), divisor=127.5),
    "mobileface": Preparation(size=96, grey=True, offset=(127.0,), divisor=128.0, through=48),
    "resnet": Preparation(size=96, grey=True, offset=(127.0,), divisor=128.0, through=48),
}
GIVES_LOGITS: Final = frozenset({"densenet", "mobileface", "resnet"})


def load_recogniser(
    name: str = DEFAULT_MODEL, weights_dir: Path | None = None, *, device: str = "cpu", threads: int = 0
) -> Recogniser:
    """Return a recogniser of the registry, its networks opened.

    Raises UnknownModel, WeightsMissing, WeightsMismatch or DeviceUnavailable.
    """
    return PooledRecogniser(find_recipe(name), weights_dir, device=device, threads=threads)


class PooledRecogniser:
    """The recogniser of a recipe: runs its networks on the same faces and pools what they say."""

    def __init__(
        self, recipe: Recipe, weights_dir: Path | None = None, *, device: str = "cpu", threads: int = 0
    ) -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        self.recipe = recipe
        self._networks = {
            part: Network(part, weights_dir, device=device, threads=threads) for part in recipe.exponents
        }

    @property
    def name(self) -> str:
        """The name in the registry."""
        return self.recipe.name

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The records of the networks that run."""
        return tuple(WEIGHTS[part] for part in self.recipe.exponents)

    def crop(self, image_bgr: Image, detections: Detections, index: int) -> Image:
        """Return the upright square picture of one face of a frame; see crop_face."""
        return crop_face(image_bgr, detections, index)

    def classify(self, faces_bgr: Sequence[Image]) -> Float:
        """Return probabilities (N, 7) in the order of EMOTIONS, N may be 0; faces_bgr is not modified."""
        if len(faces_bgr) == 0:
            return np.zeros((0, len(EMOTIONS)), np.float32)
        return pool_opinions(
            {part: network.classify(faces_bgr) for part, network in self._networks.items()},
            self.recipe.exponents,
        )


class Network:
    """One shipped network with its own preparation and order of labels."""

    def __init__(
        self,
        name: str,
        weights_dir: Path | None = None,
        *,
        device: str = "cpu",
        threads: int = 0,
        batch: int = 16,
    ) -> None:
        """Raises UnknownModel, WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        self._session = open_session(weights.path_of(name, weights_dir), device=device, threads=threads)
        self._input_name = self._session.get_inputs()[0].name
        self._preparation = PREPARATIONS[name]
        self._gives_logits = name in GIVES_LOGITS
        self._columns = list(order_from(WEIGHTS[name].labels))
        self._batch = batch

    def classify(self, faces_bgr: Sequence[Image]) -> Float:
        """Return the network's own probabilities (N, 7), N at least 1, in the order of EMOTIONS."""
        outputs = [
            self._session.run(
                None, {self._input_name: self._preparation.apply(faces_bgr[start : start + self._batch])}
            )[0]
            for start in range(0, len(faces_bgr), self._batch)
        ]
        output = np.concatenate(outputs)[:, self._columns]
        return softmax(output) if self._gives_logits else np.asarray(output, np.float32)


def pool_opinions(opinions: dict[str, Float], exponents: dict[str, float]) -> Float:
    """Return the normalised product of probabilities (N, 7), each to the power of its exponent.

    >>> even, sure = np.array([[0.5, 0.5]], np.float32), np.array([[0.8, 0.2]], np.float32)
    >>> pool_opinions({"a": even, "b": sure}, {"a": 1.0, "b": 1.0}).round(3).tolist()
    [[0.800000011920929, 0.20000000298023224]]
    """
    logs = [
        exponents[part] * np.log(np.maximum(probs, LEAST_PROBABILITY)) for part, probs in opinions.items()
    ]
    return softmax(np.sum(logs, axis=0))


def softmax(logits: Float) -> Float:
    """Return probabilities (N, C) from logits (N, C)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
