"""Uploads into a bucket, where nothing can be appended: each chunk that is acknowledged is an object of its
own, and a row says that it counts. The check joins them.
"""

from __future__ import annotations

import io
import os
import secrets
from typing import Any
from uuid import UUID

from webapp.core.encrypted_path import EncryptedPath, StoredFile
from webapp.core.encryption import EncryptedFile
from webapp.core.object_path import ObjectPath
from webapp.core.wrapped_keys import opened
from webapp.recordings import keys
from webapp.recordings.models import Recording, Upload, UploadPart

PIECE_BYTES = 1024 * 1024


class PartFile(io.RawIOBase):
    """One chunk on its way. It becomes an object, whole, when it is synced; places are those of the upload.

    token: of the lock under which it is written, so that a writer who lost it cannot change what counts.
    """

    def __init__(self, folder: ObjectPath, token: UUID | None, offset: int, key: bytes | None) -> None:
        self._folder, self._token, self._offset, self._key = folder, token, offset, key
        self._data = io.BytesIO()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._offset + self._data.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._end}[whence]
        self._data.seek(start + offset - self._offset)
        return self.tell()

    def truncate(self, size: int | None = None, /) -> int:
        place = self.tell() if size is None else size
        self._data.truncate(max(0, place - self._offset))
        return place

    def write(self, data: Any, /) -> int:
        return self._data.write(data)

    def finish(self) -> None:
        """Do nothing: the row of the upload says when it is whole."""

    def abandon(self) -> None:
        self.close()

    def sync(self) -> None:
        """Store the chunk. Raises OSError."""
        if self._end == self._offset:
            return
        if self._token is None:
            raise ValueError("expected a chunk to be written under the lock of its upload")
        place = self._folder / part_name(self._offset, self._token)
        content = self._data.getvalue()
        place.write_bytes(content if self._key is None else sealed(content, self._key, place.name))

    @property
    def _end(self) -> int:
        return self._offset + self._data.getbuffer().nbytes


def part_name(start: int, token: UUID) -> str:
    return f"{start:015d}-{token}"


def sealed(content: bytes, key: bytes, name: str) -> bytes:
    """Return a chunk as it lies encrypted; name: sealed with it."""
    raw = io.BytesIO()
    file = EncryptedFile(raw, key=key, purpose=name, writable=True)
    file.write(content)
    file.flush()
    return raw.getvalue()


def keep(upload: Upload, token: UUID, start: int, end: int) -> None:
    """Have a chunk that was stored count. Call in the transaction that moves the offset."""
    if end > start:
        UploadPart.objects.create(upload=upload, start=start, size=end - start, token=token)


def join(folder: ObjectPath, upload_id: UUID, target: StoredFile, recording: Recording) -> None:
    """Write the original from its parts. Raises FileNotFoundError when one is missing."""
    key = keys.find_key(recording.pk)
    partial = target.with_name(f".{secrets.token_hex(8)}.part")
    place = 0
    try:
        with partial.open("wb") as sink:
            for part in UploadPart.objects.filter(upload=upload_id).order_by("start"):
                lies = folder / part_name(part.start, part.token)
                stored: StoredFile = lies
                if key is not None:
                    stored = EncryptedPath(lies, opened(key), lies.name, may_be_plain=not key.complete)
                if part.start != place:
                    break
                place += _copy(stored, sink)
        if place != recording.size_bytes:
            raise FileNotFoundError("a part of what arrived is gone")
        partial.replace(target)  # type: ignore[arg-type]  # both lie in the same storage
    finally:
        partial.unlink(missing_ok=True)


def _copy(stored: StoredFile, sink: Any) -> int:
    count = 0
    with stored.open("rb") as source:
        while piece := source.read(PIECE_BYTES):
            sink.write(piece)
            count += len(piece)
    return count
