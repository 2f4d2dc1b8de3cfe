"""OpenFace CSV: one row per frame and face, in seconds, with action units.

Format: the OpenFace 2 wiki, "Output Format" (Baltrusaitis et al. 2018, doi:10.1109/FG.2018.00019). OpenFace
fills values in even where it lost the face; rows count here from MIN_CONFIDENCE on and with success = 1. It
has no emotion columns; ours are added as emotion_*, box_* and quality, which OpenFace's readers ignore.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.errors import UnreadableTable
from emotion.formats.csv_table import CsvTable, Numbers, number_text, read_table, write_table
from emotion.labels import EMOTIONS
from emotion.types import FaceObservation

MIN_CONFIDENCE: Final = 0.7
REQUIRED: Final = ("frame", "timestamp", "confidence", "success")
BOX: Final = ("box_x1", "box_y1", "box_x2", "box_y2")
EMOTION_COLUMNS: Final = tuple(f"emotion_{emotion}" for emotion in EMOTIONS)
COLUMNS: Final = ("frame", "face_id", *REQUIRED[1:], *BOX, "quality", *EMOTION_COLUMNS)


def read_openface(path: Path, *, landmarks: bool = False) -> CsvTable:
    """Return the table of an OpenFace CSV, without its 600 landmark columns unless they are asked for.

    Raises UnreadableTable when a column of REQUIRED is missing or the file is no CSV.
    """
    return read_table(path, required=REQUIRED, keep=None if landmarks else _is_no_landmark)


def write_openface(table: CsvTable, destination: Path) -> None:
    """Write a table that read_openface gives back equal."""
    write_table(table, destination)


def usable_rows(table: CsvTable) -> NDArray[np.bool_]:
    """Return for each of (N,) rows whether OpenFace was sure enough of the face."""
    sure = table.numbers("confidence") >= MIN_CONFIDENCE
    return np.asarray(sure & (table.numbers("success") == 1))


def times_us(table: CsvTable) -> NDArray[np.int64]:
    """Return the times of (N,) rows in microseconds. Raises UnreadableTable for a missing time."""
    seconds = table.numbers("timestamp")
    if not np.isfinite(seconds).all():
        raise UnreadableTable(f"{table.source}: expected a timestamp in every row.")
    return np.rint(seconds * 1e6).astype(np.int64)


def action_units_by_second(table: CsvTable, *, face_id: int = 0) -> dict[int, dict[str, float]]:
    """Return for each second with a usable row the mean intensity (0..5) of each action unit, AUxx_r.

    face_id: which face, for files with several.
    """
    names = [name for name in table.columns if name.startswith("AU") and name.endswith("_r")]
    chosen = usable_rows(table) & (_face_ids(table) == face_id)
    seconds = times_us(table) // 1_000_000
    values = {name: table.numbers(name) for name in names}
    return {
        int(second): {
            name.removesuffix("_r"): _mean(values[name], chosen & (seconds == second)) for name in names
        }
        for second in np.unique(seconds[chosen])
    }


def openface_from_faces(faces: Sequence[FaceObservation], frame_times_us: Sequence[int]) -> CsvTable:
    """Return faces of one camera as a table; a sampled frame without a face is a row with success = 0.

    frame_times_us: every sampled frame. `frame` counts these from 1, as OpenFace does; face_id is the track.
    Raises ValueError for a face at a time that is no frame.
    """
    by_time: dict[int, list[FaceObservation]] = {time: [] for time in sorted(frame_times_us)}
    for face in faces:
        if face.time_us not in by_time:
            raise ValueError(f"expected faces in sampled frames, got one at {face.time_us} us")
        by_time[face.time_us].append(face)
    rows: list[tuple[str, ...]] = []
    for frame, (time_us, present) in enumerate(by_time.items(), 1):
        if not present:
            rows.append(_row(frame, time_us, None))
        rows.extend(_row(frame, time_us, face) for face in sorted(present, key=lambda face: face.track))
    return CsvTable(COLUMNS, tuple(rows))


def faces_from_openface(table: CsvTable, *, camera: str) -> tuple[FaceObservation, ...]:
    """Return the faces of the rows with success = 1, in the order of time and track.

    Raises UnreadableTable for a table without emotion_* columns, which OpenFace itself does not make.
    """
    found = np.flatnonzero(table.numbers("success") == 1)
    times, ids = times_us(table), _face_ids(table)
    scores, quality = table.numbers("confidence"), table.numbers("quality")
    boxes = np.column_stack([table.numbers(name) for name in BOX])
    probs = np.column_stack([table.numbers(name) for name in EMOTION_COLUMNS])
    faces = [
        FaceObservation(
            camera=camera,
            time_us=int(times[at]),
            track=int(ids[at]),
            box_px=(float(boxes[at][0]), float(boxes[at][1]), float(boxes[at][2]), float(boxes[at][3])),
            score=float(scores[at]),
            quality=float(quality[at]),
            probs=tuple(float(value) for value in probs[at]),
        )
        for at in found
    ]
    return tuple(sorted(faces, key=lambda face: (face.time_us, face.track)))


def _row(frame: int, time_us: int, face: FaceObservation | None) -> tuple[str, ...]:
    time = f"{time_us // 1_000_000}.{time_us % 1_000_000:06d}"
    if face is None:
        return (str(frame), "0", time, "0", "0", *[""] * (len(COLUMNS) - 5))
    numbers = (*face.box_px, face.quality, *face.probs)
    return (str(frame), str(face.track), time, number_text(face.score), "1", *map(number_text, numbers))


def _face_ids(table: CsvTable) -> NDArray[np.int64]:
    """Return the column face_id, all 0 in files of versions before it."""
    if "face_id" not in table.columns:
        return np.zeros(len(table.rows), np.int64)
    return table.whole_numbers("face_id")


def _is_no_landmark(name: str) -> bool:
    """Return False for x_0, Y_67, Z_3, eye_lmk_x_1, p_12 and the like."""
    stem, _, number = name.rpartition("_")
    return not (
        number.isdigit() and stem.lower() in ("x", "y", "z", "p", "eye_lmk_x", "eye_lmk_y", "eye_lmk_z")
    )


def _mean(values: Numbers, chosen: NDArray[np.bool_]) -> float:
    return float(values[chosen].mean())
