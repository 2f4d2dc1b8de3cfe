"""Where the bytes lie, and whether they lie plain or encrypted. Every name is one that we drew; nothing a
user typed gets there.

Places are for moving and deleting. Who reads or writes content asks for a StoredFile and opens that.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from uuid import UUID

from webapp.core import media_root as roots
from webapp.core.bucket import check_bucket
from webapp.core.encrypted_path import EncryptedPath, Place, StoredFile
from webapp.core.encryption import EncryptedFile
from webapp.core.media_root import media_root
from webapp.core.object_path import ObjectPath
from webapp.core.wrapped_keys import opened
from webapp.recordings import keys, upload_parts
from webapp.recordings.models import MediaKey, Recording, RecordingState, Upload
from webapp.recordings.upload_files import PlainUploadFile, UploadFile

remove = roots.remove
#: What a file is for is sealed with it, so that none can take another one's place.
ORIGINAL, POSTER = "original", "poster"


def upload_file(upload_id: UUID) -> Place:
    """Return the file of what arrived so far, or in a bucket the folder of its parts."""
    root = media_root()
    name = str(upload_id) if isinstance(root, ObjectPath) else f"{upload_id}.part"
    return root / "uploads" / name


def recording_dir(recording_id: UUID) -> Place:
    return media_root() / "recordings" / str(recording_id)


def original_path(recording: Recording) -> Place:
    return recording_dir(recording.pk) / f"original{recording.suffix}"


def poster_path(recording: Recording) -> Place:
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


def files_of(recording: Recording) -> Iterator[tuple[Place, str]]:
    """Yield every whole file of a recording with what it is for."""
    for path, purpose in ((original_path(recording), ORIGINAL), (poster_path(recording), POSTER)):
        if path.is_file():
            yield path, purpose
    folder = derived_dir(recording.pk)
    found: list[Place] = sorted(folder.rglob("*"))
    for path in found:
        if path.is_file() and not path.name.startswith("."):
            yield path, path.relative_to(folder).as_posix()  # type: ignore[arg-type]


def create_upload_file(upload: Upload) -> None:
    """Make room for what arrives, encrypted where the upload has a key; a bucket needs none made."""
    place = upload_file(upload.pk)
    if isinstance(place, ObjectPath):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    open_upload(upload, 0).close()


def open_upload(upload: Upload, offset: int) -> UploadFile:
    """Open what arrived so far to go on at offset. Raises FileNotFoundError and MediaLocked."""
    place = upload_file(upload.pk)
    key = MediaKey.objects.filter(upload=upload).first()
    found = None if key is None else opened(key)
    if isinstance(place, ObjectPath):
        return upload_parts.PartFile(place, upload.lock_token, offset, found)
    if found is None:
        return PlainUploadFile(place, "r+b")
    raw = place.open("r+b", buffering=0)
    return EncryptedFile(raw, key=found, purpose=ORIGINAL, resume_at=offset)


def arrives_in_parts() -> bool:
    """Return whether each chunk of an upload lies by itself until the upload has arrived."""
    return isinstance(media_root(), ObjectPath)


def take_over(recording: Recording, upload_id: UUID) -> None:
    """Give the file that arrived the place of a recording's original, once. Raises FileNotFoundError when
    it is at neither place.
    """
    arrived, target = upload_file(upload_id), original_path(recording)
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(arrived, ObjectPath):
        if not target.is_file():
            upload_parts.join(arrived, upload_id, _to_write(recording.pk, target, ORIGINAL), recording)
        arrived.remove()
        return
    if arrived.exists():
        shutil.move(arrived, str(target))
    if not target.exists():
        raise FileNotFoundError(str(target))


def _to_read(recording_id: UUID, path: Place, purpose: str) -> StoredFile:
    return _under(keys.find_key(recording_id), path, purpose)


def _to_write(recording_id: UUID, path: Place, purpose: str) -> StoredFile:
    return _under(keys.key_to_write_with(recording_id), path, purpose)


def _under(key: MediaKey | None, path: Place, purpose: str) -> StoredFile:
    if key is None:
        return path
    return EncryptedPath(path, opened(key), purpose, may_be_plain=not key.complete)


def derived_dir(recording_id: UUID) -> Place:
    """Return where later apps keep what they computed from a recording; it goes when the recording goes."""
    return media_root() / "derived" / str(recording_id)


def delete_files(recording_id: UUID, upload_ids: Iterable[UUID] = ()) -> None:
    """Remove the original, the poster, everything derived from them, and the file as it arrived."""
    for upload_id in upload_ids:
        remove(upload_file(upload_id))
    for folder in (recording_dir(recording_id), derived_dir(recording_id)):
        remove(folder)


def entries(kind: str) -> Iterator[tuple[UUID, Place]]:
    """Yield what lies in uploads, recordings or derived under a name that we drew; no other name is ours."""
    folder = media_root() / kind
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(ValueError):
            yield UUID(path.stem), path


def entries_named(ids: Collection[str]) -> Iterator[tuple[str, Place]]:
    """Yield (folder, path) for everything in any folder of the storage that is named after one of the ids,
    whole or in parts of an upload that was broken off.
    """
    for folder in sorted(path for path in media_root().iterdir() if path.is_dir()):
        for pk, path in entries(folder.name):
            if str(pk) in ids:
                yield folder.name, path
        for left in folder.unfinished() if isinstance(folder, ObjectPath) else ():
            name = left.path.below(folder)
            if name.split(".")[0] in ids:
                yield folder.name, folder / name


class StorageAway(Exception):
    """The storage for recordings is not there, takes nothing, or is another than the one in use."""


def check_storage() -> None:
    """Raise StorageAway or BucketUnfit unless the storage takes files and holds the newest recording that is
    ready.

    Where a network drive is no longer mounted, an empty folder stands in its place.
    """
    root = media_root()
    newest = Recording.objects.filter(state=RecordingState.READY).order_by("-created_at").first()
    if isinstance(root, ObjectPath):
        check_bucket(root.bucket)
    elif not os.access(root, os.W_OK):
        raise StorageAway("the data folder takes no files")
    if newest is not None and not recording_dir(newest.pk).is_dir():
        raise StorageAway("the storage does not hold the newest recording")


def free_bytes() -> int:
    """Return what fits into the storage; a bucket has no end."""
    root = media_root()
    return sys.maxsize if isinstance(root, ObjectPath) else shutil.disk_usage(root).free
