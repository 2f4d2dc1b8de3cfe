"""Where a de-identified file lies: beside whatever else is derived from its recording, and gone with it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from webapp.recordings.storage import derived_dir

FOLDER = "deidentified"


def version_path(recording_id: UUID, derivative_id: UUID) -> Path:
    return derived_dir(recording_id) / FOLDER / f"{derivative_id}.mp4"
