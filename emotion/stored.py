"""Results that were written before -> rows again: timeline.csv or timeline.parquet of one analysis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from emotion.errors import UnreadableTable
from emotion.formats.csv_table import read_table
from emotion.labels import EMOTIONS, STATUSES
from emotion.tables import TIMELINE_COLUMNS
from emotion.types import Second

TIMELINE_FILES: Final = ("timeline.csv", "timeline.parquet")
Rows = tuple[Second, ...]


def read_timeline(path: Path) -> dict[str, Rows]:
    """Return the rows of each camera in the order of the file. path: the file, or the folder that holds it.

    Raises UnreadableTable for what analyse did not write.
    """
    path = _timeline_in(path) if path.is_dir() else path
    lines = _parquet_lines(path) if path.suffix.lower() == ".parquet" else _csv_lines(path)
    cameras: dict[str, list[Second]] = {}
    for number, line in enumerate(lines, 1):
        try:
            row = _second(line)
        except (ValueError, TypeError) as error:
            raise UnreadableTable(
                f"{path.name}, row {number}: expected a row of timeline.csv ({error})."
            ) from error
        cameras.setdefault(row.camera, []).append(row)
    return {camera: tuple(rows) for camera, rows in cameras.items()}


def _timeline_in(folder: Path) -> Path:
    found = next((folder / name for name in TIMELINE_FILES if (folder / name).is_file()), None)
    if found is None:
        raise UnreadableTable(f"{folder.name}: expected results of an analysis, got no timeline.csv.")
    return found


def _csv_lines(path: Path) -> Iterable[Mapping[str, Any]]:
    table = read_table(path, required=TIMELINE_COLUMNS)
    for row in table.rows:
        yield {name: value or None for name, value in zip(table.columns, row, strict=True)}


def _parquet_lines(path: Path) -> Iterable[Mapping[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        lines: list[Mapping[str, Any]] = parquet.read_table(path).to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise UnreadableTable(f"{path.name}: expected a readable Parquet file ({error}).") from error
    missing = [name for name in TIMELINE_COLUMNS if lines and name not in lines[0]]
    if missing:
        raise UnreadableTable(f"{path.name}: expected columns {', '.join(missing)}, which are missing.")
    return lines


def _second(line: Mapping[str, Any]) -> Second:
    """Return one row. Raises ValueError or TypeError for values that no analysis writes."""
    status, emotion = line["status"], line["emotion"]
    if status not in STATUSES or emotion not in (None, *EMOTIONS):
        raise ValueError(f"status {status!r}, emotion {emotion!r}")
    probs = tuple(float(line[name]) for name in EMOTIONS) if status == "ok" else ()
    return Second(
        camera=str(line["camera"]),
        second=int(line["second"]),
        role=str(line["role"]),
        track=_whole(line["track"]),
        status=status,
        emotion=emotion,
        confidence=_number(line["confidence"]),
        probs=probs,
        valence=_number(line["valence"]),
        arousal=_number(line["arousal"]),
        frames_sampled=int(line["frames_sampled"]),
        frames_detected=int(line["frames_detected"]),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
