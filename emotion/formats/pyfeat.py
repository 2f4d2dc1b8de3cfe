"""py-feat's Fex tables: one row per face, in frame numbers, with emotions and an identity.

Format: feat/data.py and the sample files of cosanlab/py-feat (Cheong et al. 2023,
doi:10.1007/s42761-023-00191-4). Version 1 names its emotions in lower case, version 2 as "Happy", "Sad" and
so on. The order of the faces in a frame means nothing; a frame without a face is a row of empty cells. The
columns time_us and quality are ours: a frame number does not give the time where the frame rate varies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.errors import UnreadableTable
from emotion.formats.csv_table import CsvTable, Numbers, number_text, read_table, write_table
from emotion.labels import EMOTIONS
from emotion.types import FaceObservation

BOX: Final = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")
#: Our names in py-feat's order, with its name in each version.
VERSION_1: Final = {
    name: name for name in ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
}
VERSION_2: Final = {
    "neutral": "Neutral",
    "happiness": "Happy",
    "sadness": "Sad",
    "surprise": "Surprise",
    "fear": "Fear",
    "disgust": "Disgust",
    "anger": "Anger",
}
VERSIONS: Final = {1: VERSION_1, 2: VERSION_2}
REQUIRED: Final = ("frame", *BOX, "FaceScore")
NUMBERED: Final = re.compile(r"(?:Person_)?(\d{1,9})")
SUMS_TO_ONE: Final = 1e-3


def read_pyfeat(path: Path, *, landmarks: bool = False) -> CsvTable:
    """Return a Fex table, without landmark, mesh and embedding columns unless they are asked for.

    Raises UnreadableTable when a column of REQUIRED is missing or the file is no CSV.
    """
    return read_table(path, required=REQUIRED, keep=None if landmarks else _is_single_value)


def write_pyfeat(table: CsvTable, destination: Path) -> None:
    """Write a table that read_pyfeat, and py-feat's own read_feat, give back."""
    write_table(table, destination)


def pyfeat_from_faces(
    faces: Sequence[FaceObservation], *, frame_rate: Fraction, source: str, version: int = 1
) -> CsvTable:
    """Return faces of one camera as a Fex table in the names of py-feat 1 or 2; Identity is Person_<track>.

    frame_rate: of the recording, for frame numbers (from 0). source: the file's name, for the column input.
    Raises ValueError for another version.
    """
    if version not in VERSIONS:
        raise ValueError(f"expected py-feat version 1 or 2, got {version}")
    names = VERSIONS[version]
    columns = (*BOX, "FaceScore", *names.values(), "Identity", "input", "frame", "time_us", "quality")
    ordered = sorted(faces, key=lambda face: (face.time_us, face.track))
    return CsvTable(columns, tuple(_row(face, names, frame_rate, source) for face in ordered))


def faces_from_pyfeat(
    table: CsvTable, *, camera: str, frame_rate: Fraction | None = None
) -> tuple[FaceObservation, ...]:
    """Return the faces of a Fex table in the order of time and track.

    frame_rate: needed unless the table has our time_us. quality is FaceScore where the table has none.
    Emotions that do not sum to 1 are scaled. Raises UnreadableTable for a table without emotions or a face
    without numbers, ValueError when the frame rate is needed and missing.
    """
    scores = table.numbers("FaceScore")
    found = np.flatnonzero(np.isfinite(scores))
    times = times_us(table, frame_rate)
    probs = _probabilities(table)
    boxes = np.column_stack([table.numbers(name) for name in BOX])
    tracks = _tracks(table)
    quality = table.numbers("quality") if "quality" in table.columns else scores
    for at in found:
        if not (np.isfinite(probs[at]).all() and np.isfinite(boxes[at]).all()):
            raise UnreadableTable(f"{table.source}, row {at + 1}: expected a box and emotions for a face.")
    faces = [
        FaceObservation(
            camera=camera,
            time_us=int(times[at]),
            track=tracks[at],
            box_px=_corners(boxes[at]),
            score=float(scores[at]),
            quality=float(quality[at]),
            probs=tuple(float(value) for value in probs[at]),
        )
        for at in found
    ]
    return tuple(sorted(faces, key=lambda face: (face.time_us, face.track)))


def times_us(table: CsvTable, frame_rate: Fraction | None) -> list[int]:
    """Return the time of every row in microseconds, also of rows without a face.

    Raises ValueError when the table has frame numbers alone and frame_rate is None.
    """
    if "time_us" in table.columns:
        return [int(time) for time in table.whole_numbers("time_us")]
    if frame_rate is None:
        raise ValueError("expected a frame rate for a table that has frame numbers alone, got none")
    return [round(int(frame) * 1_000_000 / frame_rate) for frame in table.whole_numbers("frame")]


def _row(face: FaceObservation, names: dict[str, str], frame_rate: Fraction, source: str) -> tuple[str, ...]:
    left, top, right, bottom = face.box_px
    numbers = (left, top, right - left, bottom - top, face.score)
    probs = dict(zip(EMOTIONS, face.probs, strict=True))
    return (
        *map(number_text, numbers),
        *(number_text(probs[name]) for name in names),
        f"Person_{face.track}",
        source,
        str(round(face.time_us * frame_rate / 1_000_000)),
        str(face.time_us),
        number_text(face.quality),
    )


def _probabilities(table: CsvTable) -> Numbers:
    """Return (N, 7) probabilities in the order of EMOTIONS, NaN for rows without a face."""
    known = [names for names in VERSIONS.values() if all(name in table.columns for name in names.values())]
    if not known:
        raise UnreadableTable(f"{table.source}: expected py-feat's seven emotion columns, which are missing.")
    probs = np.column_stack([table.numbers(known[0][emotion]) for emotion in EMOTIONS])
    totals = probs.sum(axis=1)
    broken = np.flatnonzero((probs < 0).any(axis=1) | (totals <= 0))
    if len(broken):
        raise UnreadableTable(f"{table.source}, row {broken[0] + 1}: expected probabilities of emotions.")
    off = np.abs(totals - 1) > SUMS_TO_ONE
    probs[off] /= totals[off, None]
    return np.asarray(probs)


def _tracks(table: CsvTable) -> list[int]:
    """Return a number per row: that of Person_<number>, else by first appearance of a name from 0."""
    if "Identity" not in table.columns:
        return [0] * len(table.rows)
    names = table.texts("Identity")
    numbered = [NUMBERED.fullmatch(name) for name in names]
    if all(match or not name for match, name in zip(numbered, names, strict=True)):
        return [int(match[1]) if match else 0 for match in numbered]
    order = {name: number for number, name in enumerate(dict.fromkeys(name for name in names if name))}
    return [order.get(name, 0) for name in names]


def _corners(box: NDArray[np.float64]) -> tuple[float, float, float, float]:
    left, top, width, height = (float(value) for value in box)
    return left, top, left + width, top + height


def _is_single_value(name: str) -> bool:
    """Return False for x_0, y_67, mesh_z_477, Identity_512 and the like."""
    stem, _, number = name.rpartition("_")
    return not (number.isdigit() and stem in ("x", "y", "z", "mesh_x", "mesh_y", "mesh_z", "Identity"))
