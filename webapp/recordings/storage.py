"""Where the bytes lie, and whether they lie plain or encrypted. Every name on disk is one that we drew;
nothing a user typed gets there.

Paths are for moving and deleting. Who reads or writes content asks for a StoredFile and opens that.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings

from webapp.core.encrypted_path import EncryptedPath, StoredFile
from webapp.core.encryption import EncryptedFile
from webapp.recordings import keys
from webapp.recordings.models import MediaKey, Recording, RecordingState, Upload
from webapp.recordings.upload_files import PlainUploadFile, UploadFile

#: What a file is for is sealed with it, so that none can take another one's place.
ORIGINAL, POSTER = "original", "poster"


def upload_file(upload_id: UUID) -> Path:
    return _data_dir() / "uploads" / f"{upload_id}.part"


def recording_dir(recording_id: UUID) -> Path:
    return _data_dir() / "recordings" / str(recording_id)


def original_path(recording: Recording) -> Path:
    return recording_dir(recording.pk) / f"original{recording.suffix}"


def poster_path(recording: Recording) -> Path:
    return recording_dir(recording.pk) / "poster.jpg"


def original(recording: Recording) -> StoredFile:
    """Return the original to be read. Raises MediaLocked."""
    return _to_read(recording.pk, original_path(recording), ORIGINAL)


def poster(recording: Recording) -> StoredFile:
    """Return the poster to be read. Raises MediaLocked."""
    return _to_read(recording.pk, poster_path(recording), POSTER)


def new_poster(recording: Recording) -> StoredFile:
    """Return the poster to be written. Raises MediaLocked."""
    return _to_write(recording.pk, poster_path(recording), POSTER)


def derived(recording_id: UUID, name: str) -> StoredFile:
    """Return what was derived from a recording, to be read. name: below derived_dir. Raises MediaLocked."""
    return _to_read(recording_id, derived_dir(recording_id) / name, name)


def new_derived(recording_id: UUID, name: str) -> StoredFile:
    """Return where something derived from a recording is to be written. Raises MediaLocked."""
    return _to_write(recording_id, derived_dir(recording_id) / name, name)


def files_of(recording: Recording) -> Iterator[tuple[Path, str]]:
    """Yield every whole file of a recording with what it is for."""
    for path, purpose in ((original_path(recording), ORIGINAL), (poster_path(recording), POSTER)):
        if path.is_file():
            yield path, purpose
    folder = derived_dir(recording.pk)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield path, path.relative_to(folder).as_posix()


def create_upload_file(upload: Upload) -> None:
    """Make room for what arrives, encrypted where the upload has a key."""
    path = upload_file(upload.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    open_upload(upload, 0).close()


def open_upload(upload: Upload, offset: int) -> UploadFile:
    """Open what arrived so far to go on at offset. Raises FileNotFoundError and MediaLocked."""
    key = MediaKey.objects.filter(upload=upload).first()
    if key is None:
        return PlainUploadFile(upload_file(upload.pk), "r+b")
    opened = keys.opened(key)
    raw = upload_file(upload.pk).open("r+b", buffering=0)
    return EncryptedFile(raw, key=opened, purpose=ORIGINAL, resume_at=offset)


def _to_read(recording_id: UUID, path: Path, purpose: str) -> StoredFile:
    return _under(keys.find_key(recording_id), path, purpose)


def _to_write(recording_id: UUID, path: Path, purpose: str) -> StoredFile:
    return _under(keys.key_to_write_with(recording_id), path, purpose)


def _under(key: MediaKey | None, path: Path, purpose: str) -> StoredFile:
    if key is None:
        return path
    return EncryptedPath(path, keys.opened(key), purpose, may_be_plain=not key.complete)


def derived_dir(recording_id: UUID) -> Path:
    """Return where later apps keep what they computed from a recording; it goes when the recording goes."""
    return _data_dir() / "derived" / str(recording_id)


def delete_files(recording_id: UUID, upload_ids: Iterable[UUID] = ()) -> None:
    """Remove the original, the poster, everything derived from them, and the file as it arrived."""
    for upload_id in upload_ids:
        upload_file(upload_id).unlink(missing_ok=True)
    for folder in (recording_dir(recording_id), derived_dir(recording_id)):
        if folder.exists():
            shutil.rmtree(folder)


def entries(kind: str) -> Iterator[tuple[UUID, Path]]:
    """Yield what lies in uploads, recordings or derived under a name that we drew; no other name is ours."""
    folder = _data_dir() / kind
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(ValueError):
            yield UUID(path.stem), path


def entries_named(ids: Collection[str]) -> Iterator[tuple[str, Path]]:
    """Yield (folder, path) for everything in any folder of the storage that is named after one of the ids."""
    for folder in sorted(path for path in _data_dir().iterdir() if path.is_dir()):
        for pk, path in entries(folder.name):
            if str(pk) in ids:
                yield folder.name, path


def remove(path: Path) -> None:
    """Remove a file or a whole folder; one that is gone already is no error."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


class StorageAway(Exception):
    """The folder for recordings is not there, is read-only, or is another than the one in use."""


def check_storage() -> None:
    """Raise StorageAway unless the storage takes files and holds the newest recording that is ready.

    Where a network drive is no longer mounted, an empty folder stands in its place.
    """
    newest = Recording.objects.filter(state=RecordingState.READY).order_by("-created_at").first()
    if not os.access(_data_dir(), os.W_OK):
        raise StorageAway("the data folder takes no files")
    if newest is not None and not recording_dir(newest.pk).is_dir():
        raise StorageAway("the data folder does not hold the newest recording")


def free_bytes() -> int:
    return shutil.disk_usage(_data_dir()).free


def _data_dir() -> Path:
    return Path(settings.DATA_DIR)
