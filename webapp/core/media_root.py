"""Where media lie: a folder, or a bucket when MEDIA_URL_S3 names one."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.files.storage import storages

from webapp.core.encrypted_path import Place
from webapp.core.object_path import ObjectPath


def media_root() -> Place:
    if not settings.MEDIA_BUCKET:
        return Path(settings.DATA_DIR)
    return ObjectPath(storages["default"], PurePosixPath(settings.MEDIA_BUCKET["prefix"]))  # type: ignore[arg-type]


def remove(place: Place) -> None:
    """Remove a file or a whole folder; one that is gone already is no error."""
    if isinstance(place, ObjectPath):
        place.remove()
    elif place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
