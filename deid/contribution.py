"""What one person gives to a donor that is the mean of several: an unrolled face, a shape, and who it is.

It is as personal as the recording itself. It is kept so that a donor can be made without the recordings, and
made again without whoever has withdrawn.
"""

from __future__ import annotations

import hashlib
import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from deid.canonical import SIDE
from deid.errors import InvalidContribution
from deid.landmarks import POINTS
from emotion.labels import EMOTIONS
from emotion.samples import write_columns
from emotion.types import Float, Image, MediaPath

FORMAT: Final = 1
LOOKS: Final = 5  # tone as BGR 0..255, years, 0 male .. 1 female
CALM, OPEN = "calm", "open"  # the face at rest, and with an open mouth
PICTURES: Final = (CALM, OPEN, *(emotion for emotion in EMOTIONS if emotion != "neutral"))
EMBEDDINGS: Final = {"identity": 512, "identity-dlib": 128}  # by network, how many values
LARGEST_BYTES: Final = 64 << 20  # of a file, unpacked
LARGEST_HEADER: Final = 4096  # of one array in it
FURTHEST: Final = 10.0  # eye distances of any landmark from any axis
LOWEST, HIGHEST = -1.0, (256.0, 256.0, 256.0, 150.0, 2.0)  # of the LOOKS, and a little room
# What whoever reads a damaged or hostile file may raise: of the packing, of the arrays' headers, of both.
UNREADABLE: Final = (
    *(zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError),
    *(KeyError, ValueError, TypeError, SyntaxError, tokenize.TokenError),
)


@dataclass(frozen=True, eq=False)
class Contribution:
    """One person's part.

    calm (468, 3) float32: the face at rest, turned to the front, in eye distances as in deid.response. looks
    (5,) float32: tone as BGR 0..255, years, 0 male .. 1 female. pictures: by names of PICTURES, "calm" always
    among them; each (SIDE, SIDE, 3) uint8 in the layout of deid.canonical, BGR. seen: of each (SIDE, SIDE)
    uint8, how well each pixel was seen, 255 as well as the middle of the face. embeddings: unit vectors by
    the names of networks, "identity" always among them.
    """

    calm: Float
    looks: Float
    pictures: Mapping[str, Image]
    seen: Mapping[str, Image]
    embeddings: Mapping[str, Float]

    @cached_property
    def digest(self) -> str:
        """Return a name for the content, which says nothing of whose it is."""
        digest = hashlib.sha256()
        for name, values in sorted(_columns(self).items()):
            digest.update(name.encode() + values.tobytes())
        return digest.hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contribution) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Contribution({self.digest})"


def write_contribution(contribution: Contribution, destination: MediaPath) -> None:
    """Write a contribution to a compressed file, complete or not at all."""
    write_columns(_columns(contribution), destination)


def read_contribution(path: MediaPath) -> Contribution:
    """Return what write_contribution wrote. Raises InvalidContribution for anything else."""
    try:
        return _from_columns(_read_columns(path))
    except UNREADABLE as error:
        raise InvalidContribution(
            f"expected in {path.name} what python -m deid contribute wrote; make it again"
        ) from error


def _read_columns(path: MediaPath) -> dict[str, np.ndarray]:
    """Return the arrays of a file. Whoever wrote it says how large they are; no room is made for more."""
    with path.open("rb") as file, zipfile.ZipFile(file) as packed:
        entries = packed.infolist()
        if sum(one.file_size for one in entries) > LARGEST_BYTES:
            raise ValueError(f"expected at most {LARGEST_BYTES} bytes")
        return {one.filename.removesuffix(".npy"): _read_array(packed, one) for one in entries}


def _read_array(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    with packed.open(entry) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("expected arrays in the first version of their format")
        shape, _, kind = np.lib.format.read_array_header_1_0(file, max_header_size=LARGEST_HEADER)
        if kind.hasobject or math.prod(shape) * kind.itemsize > entry.file_size:
            raise ValueError("expected an array no larger than its file")
        file.seek(0)
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False, max_header_size=LARGEST_HEADER))


def _columns(contribution: Contribution) -> dict[str, np.ndarray]:
    return {
        "format": np.array(FORMAT, np.int64),
        "calm": contribution.calm,
        "looks": contribution.looks,
        **{f"picture.{name}": picture for name, picture in contribution.pictures.items()},
        **{f"seen.{name}": seen for name, seen in contribution.seen.items()},
        **{f"embedding.{name}": one for name, one in contribution.embeddings.items()},
    }


def _from_columns(columns: Mapping[str, np.ndarray]) -> Contribution:
    if int(columns["format"]) != FORMAT:
        raise ValueError(f"expected format {FORMAT}")
    names = [name for name in PICTURES if f"picture.{name}" in columns]
    networks = [name for name in EMBEDDINGS if f"embedding.{name}" in columns]
    if CALM not in names or "identity" not in networks:
        raise ValueError("expected a calm face and an embedding")
    return Contribution(
        _within(_checked(columns["calm"], (POINTS, 3), np.float32), -FURTHEST, FURTHEST),
        _within(_checked(columns["looks"], (LOOKS,), np.float32), LOWEST, HIGHEST),
        {name: _checked(columns[f"picture.{name}"], (SIDE, SIDE, 3), np.uint8) for name in names},
        {name: _checked(columns[f"seen.{name}"], (SIDE, SIDE), np.uint8) for name in names},
        {name: _checked_unit(columns[f"embedding.{name}"], EMBEDDINGS[name]) for name in networks},
    )


def _checked(values: np.ndarray, shape: tuple[int, ...], kind: type[np.generic]) -> np.ndarray:
    if values.shape != shape or values.dtype != kind:
        raise ValueError(f"expected {shape} of {kind.__name__}, got {values.shape} of {values.dtype}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("expected numbers only")
    return values


def _within(values: Float, low: float, high: float | tuple[float, ...]) -> Float:
    if (values < low).any() or (values > np.asarray(high, np.float32)).any():
        raise ValueError(f"expected values from {low} to {high}")
    return values


def _checked_unit(values: np.ndarray, length: int) -> Float:
    unit: Float = _checked(values, (length,), np.float32)
    if abs(float(np.linalg.norm(unit)) - 1) > 1e-3:
        raise ValueError("expected a unit vector")
    return unit
