"""An analysis as the columns of timeline.csv, timeline.parquet and frames.csv."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from emotion.conclude import EncounterAnalysis
from emotion.labels import EMOTIONS
from emotion.types import FaceObservation, Second

TIMELINE_COLUMNS: Final = (
    "camera",
    "second",
    "role",
    "track",
    "status",
    "emotion",
    "confidence",
    *EMOTIONS,
    "valence",
    "arousal",
    "frames_sampled",
    "frames_detected",
)
FRAME_COLUMNS: Final = (
    "camera",
    "time_us",
    "second",
    "track",
    "role",
    "x1",
    "y1",
    "x2",
    "y2",
    "score",
    "quality",
    *EMOTIONS,
)
DIGITS: Final = 6

Row = tuple[Any, ...]


def timeline_rows(analysis: EncounterAnalysis) -> Iterator[Row]:
    """Yield the values of TIMELINE_COLUMNS for every second of every camera, None where there is nothing to
    say.
    """
    for camera in analysis.cameras:
        for second in camera.rows:
            yield timeline_row(second)


def frame_rows(analysis: EncounterAnalysis) -> Iterator[Row]:
    """Yield the values of FRAME_COLUMNS for every sampled face. time_us is the camera's, second the
    encounter's.
    """
    for camera in analysis.cameras:
        for face in camera.observations():
            second = camera.clock.second(face.time_us)
            yield _frame_row(face, second, camera.people.role_of(face.track))


def write_timeline_csv(analysis: EncounterAnalysis, destination: Path) -> None:
    """Write one line per second: probabilities sum to 1 on "ok" rows and are empty otherwise."""
    _write_csv(destination, TIMELINE_COLUMNS, timeline_rows(analysis))


def write_calibrated_csv(analysis: EncounterAnalysis, destination: Path) -> None:
    """Write the rows of timeline.csv again, calibrated where a camera's person has a known resting face."""
    rows = (
        timeline_row(second)
        for camera in analysis.cameras
        for second in (camera.calibrated.calibrated if camera.calibrated else camera.rows)
    )
    _write_csv(destination, TIMELINE_COLUMNS, rows)


def write_frames_csv(analysis: EncounterAnalysis, destination: Path) -> None:
    """Write one line per sampled face."""
    _write_csv(destination, FRAME_COLUMNS, frame_rows(analysis))


def write_timeline_parquet(analysis: EncounterAnalysis, destination: Path) -> None:
    """Write the rows of timeline.csv with types: whole numbers, floats, text, null where the CSV is empty."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {name: pa.float64() for name in TIMELINE_COLUMNS}
    kinds |= dict.fromkeys(("camera", "role", "status", "emotion"), pa.string())
    kinds |= dict.fromkeys(("second", "track", "frames_sampled", "frames_detected"), pa.int64())
    columns = list(zip(*timeline_rows(analysis), strict=True)) or [()] * len(TIMELINE_COLUMNS)
    table = pa.table(
        {name: pa.array(values, kinds[name]) for name, values in zip(TIMELINE_COLUMNS, columns, strict=True)}
    )
    parquet.write_table(table, destination)


def _write_csv(destination: Path, columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    with destination.open("w", newline="", encoding="utf-8") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def timeline_row(second: Second) -> Row:
    return (
        second.camera,
        second.second,
        second.role,
        second.track,
        second.status,
        second.emotion,
        _rounded(second.confidence),
        *((second.probs and map(_rounded, second.probs)) or [None] * len(EMOTIONS)),
        _rounded(second.valence),
        _rounded(second.arousal),
        second.frames_sampled,
        second.frames_detected,
    )


def _frame_row(face: FaceObservation, second: int, role: str) -> Row:
    return (
        face.camera,
        face.time_us,
        second,
        face.track,
        role,
        *(round(edge, 1) for edge in face.box_px),
        round(face.score, 4),
        round(face.quality, 4),
        *map(_rounded, face.probs),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
