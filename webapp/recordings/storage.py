"""Where the bytes lie. Every name on disk is one that we drew; nothing a user typed gets there."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings

from webapp.recordings.models import Recording


def upload_file(upload_id: UUID) -> Path:
    return _data_dir() / "uploads" / f"{upload_id}.part"


def recording_dir(recording_id: UUID) -> Path:
    return _data_dir() / "recordings" / str(recording_id)


def original_path(recording: Recording) -> Path:
    return recording_dir(recording.pk) / f"original{recording.suffix}"


def poster_path(recording: Recording) -> Path:
    return recording_dir(recording.pk) / "poster.jpg"


def derived_dir(recording_id: UUID) -> Path:
    """Return where later apps keep what they computed from a recording; it goes when the recording goes."""
    return _data_dir() / "derived" / str(recording_id)


def delete_files(recording_id: UUID) -> None:
    """Remove the original, the poster and everything derived from them."""
    for folder in (recording_dir(recording_id), derived_dir(recording_id)):
        if folder.exists():
            shutil.rmtree(folder)


def free_bytes() -> int:
    return shutil.disk_usage(_data_dir()).free


def _data_dir() -> Path:
    return Path(settings.DATA_DIR)
