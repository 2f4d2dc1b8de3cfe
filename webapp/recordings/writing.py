"""The bytes of a chunk on their way to the disk, written only by whoever holds the upload's lock."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from typing import Protocol

from django.db import transaction
from django.http import UnreadablePostError
from django.utils import timezone

from webapp.core.disk_full import disk_full_as_507
from webapp.core.errors import NotFound, TooLarge
from webapp.recordings import storage
from webapp.recordings.checksums import Checksum
from webapp.recordings.errors import ChecksumMismatch, UploadLocked
from webapp.recordings.models import Upload
from webapp.recordings.upload_files import UploadFile

PIECE_BYTES = 1024 * 1024
LOCK_FOR = timedelta(seconds=30)
RENEW_AFTER = timedelta(seconds=10)


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def size_on_disk(upload: Upload, offset: int) -> int:
    """Return how many bytes of an upload are there, of an encrypted one at most offset. Raises NotFound when
    its file is gone.
    """
    try:
        with storage.open_upload(upload, offset) as file:
            return file.seek(0, os.SEEK_END)
    except FileNotFoundError:
        raise NotFound(
            "What arrived of this file is no longer on the server; start the upload again."
        ) from None


def append(upload: Upload, token: uuid.UUID, offset: int, source: Readable, checksum: Checksum | None) -> int:
    """Write a chunk behind the acknowledged bytes, which must be there; return where the file ends now.

    After any error the file ends at offset again, unless the lock was lost: then it belongs to another.
    """
    try:
        sink = storage.open_upload(upload, offset)
    except FileNotFoundError:
        raise NotFound("This upload was discarded meanwhile; start it again.") from None
    with disk_full_as_507(), sink:
        sink.truncate(offset)
        sink.seek(offset)
        try:
            complete = _copy(upload, token, source, sink, checksum)
            if checksum is not None and not (complete and checksum.matches()):
                raise ChecksumMismatch
            if sink.tell() == upload.length:
                sink.finish()
            sink.sync()
        except BaseException:
            _cut_back(upload, token, sink, offset)
            raise
        return sink.tell()


def _copy(
    upload: Upload, token: uuid.UUID, source: Readable, sink: UploadFile, checksum: Checksum | None
) -> bool:
    """Copy until the source ends; return False when its connection was lost on the way."""
    renewed_at = timezone.now()
    while True:
        try:
            piece = source.read(min(PIECE_BYTES, upload.length - sink.tell() + 1))
        except UnreadablePostError:
            return False
        if not piece:
            return True
        if sink.tell() + len(piece) > upload.length:
            raise TooLarge(f"Expected {upload.length} bytes in all, got more.")
        if timezone.now() - renewed_at > RENEW_AFTER:
            renewed_at = timezone.now()
            if not _renew(upload, token):
                raise UploadLocked
        if checksum is not None:
            checksum.update(piece)
        _write_all(sink, piece)


def _write_all(sink: UploadFile, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[sink.write(rest) :]


def _renew(upload: Upload, token: uuid.UUID) -> bool:
    until = timezone.now() + LOCK_FOR
    return bool(Upload.objects.filter(pk=upload.pk, lock_token=token).update(locked_until=until))


@transaction.atomic
def _cut_back(upload: Upload, token: uuid.UUID, sink: UploadFile, offset: int) -> None:
    """Drop what came behind the acknowledged bytes; the row stays ours until that is done."""
    if _renew(upload, token):
        sink.truncate(offset)
    else:
        sink.abandon()
