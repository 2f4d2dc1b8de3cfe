"""What the first look of a swap sees, as columns that can be kept and joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from deid.donors import Looks
from deid.gallery import unit
from deid.held import PACKED, Bits
from deid.landmarks import POINTS
from emotion.labels import EMOTIONS
from emotion.samples import write_columns
from emotion.track import Indices
from emotion.types import Float, MediaPath

GLANCE: Final = 8
EMBEDDING: Final = 128


@dataclass(frozen=True)
class Watched:
    """What was seen of the R rows of a plan, or of the rows of one stretch of it, NaN where nothing was.

    meshes (R, 468, 3), gazes (R, 2), probs (R, 7). glances (R, 8): skin, age, sex and hair. embeddings (R,
    128): of the slower recogniser. held (R, 128): where something is before the face, as deid.held packs it,
    zeros where nothing is or nobody looked.
    """

    meshes: Float
    gazes: Float
    probs: Float
    glances: Float
    embeddings: Float
    held: Bits

    @staticmethod
    def none(rows: int) -> Watched:
        """Return what was seen before anybody looked."""
        shapes = ((POINTS, 3), (2,), (len(EMOTIONS),), (GLANCE,), (EMBEDDING,))
        meshes, gazes, probs, glances, embeddings = (
            np.full((rows, *shape), np.nan, np.float32) for shape in shapes
        )
        return Watched(meshes, gazes, probs, glances, embeddings, np.zeros((rows, PACKED), np.uint8))

    @staticmethod
    def join(parts: Sequence[Watched]) -> Watched:
        """Return what was seen of consecutive stretches as one."""
        columns = (np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Watched))
        return Watched(*columns) if parts else Watched.none(0)

    def looks_of(self, rows: Indices, first: Float | None) -> Looks:
        """Return how one person looks, at least one of whose rows holds a glance.

        first: their embedding (D,) by the recogniser that follows them.
        """
        glances, second = _known(self.glances[rows]), _known(self.embeddings[rows])
        middle = np.median(glances, axis=0)
        embeddings = {} if first is None else {"identity": first}
        if len(second):
            embeddings["identity-dlib"] = unit(second.mean(axis=0))
        hair = _known(glances[:, 5:])
        return Looks(
            middle[:3],
            float(middle[3]),
            float(middle[4]),
            embeddings,
            np.median(hair, axis=0) if len(hair) else None,
        )


def _known(values: Float) -> Float:
    """Return the rows of (R, D) that hold something."""
    return np.asarray(values[~np.isnan(values[:, 0])])


def write_watched(watched: Watched, destination: MediaPath) -> None:
    """Write what was seen to a compressed file, complete or not at all."""
    write_columns({one.name: getattr(watched, one.name) for one in fields(Watched)}, destination)


def read_watched(path: MediaPath) -> Watched:
    """Return what write_watched wrote, bit for bit."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return Watched(*(stored[one.name] for one in fields(Watched)))
