"""People of numbers alone, who may contribute to a face."""

from __future__ import annotations

import numpy as np

from deid.canonical import SIDE
from deid.contribution import EMBEDDINGS, Contribution
from deid.response import load_response


def somebody(number: int, *kinds: str, age: float = 40.0, female: float = 0.0) -> Contribution:
    """Return the contribution of a person like nobody else; number below 512. kinds: of pictures beside
    calm."""
    lots = np.random.default_rng(number)
    names = ("calm", *kinds)
    level = np.full((SIDE, SIDE, 3), (90, 110, 150), np.uint8)
    pictures = {
        name: (level + lots.integers(0, 40, (SIDE, SIDE, 3), np.uint8)).astype(np.uint8) for name in names
    }
    return Contribution(
        (load_response().rest + lots.normal(0, 0.01, (468, 3))).astype(np.float32),
        np.array([90, 110, 150, age, female], np.float32),
        pictures,
        {name: np.full((SIDE, SIDE), 255, np.uint8) for name in names},
        {name: axis(number % length, length) for name, length in EMBEDDINGS.items()},
    )


def axis(number: int, length: int = 512) -> np.ndarray:
    """Return a unit vector that is at right angles to that of any other number."""
    return np.eye(1, length, number, np.float32)[0]
