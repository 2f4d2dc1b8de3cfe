"""The demonstration that ships with the project: a consultation of two synthetic people, with known truth.

python -m deid.demo OUTPUT_DIR     films it anew, with the same bytes on the same machine
"""

from __future__ import annotations

import csv
from pathlib import Path

FOLDER = Path(__file__).parent


def demo_videos() -> dict[str, Path]:
    """Return the demonstration's files by camera, "doctor" and "patient"."""
    return {camera: FOLDER / f"consultation_{camera}.mp4" for camera in ("doctor", "patient")}


def read_truth(path: Path = FOLDER / "truth.csv") -> list[dict[str, str]]:
    """Return the rows of truth.csv: camera, second, role, emotion (empty without a face), present (0, 1)."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
