"""Uploads on their way, as tests send and read them."""

from __future__ import annotations

import io

from django.db.models import Q

from webapp.core.encrypted_path import StoredFile
from webapp.core.encryption import MAGIC, EncryptedFile, is_encrypted
from webapp.core.wrapped_keys import opened
from webapp.recordings import storage, uploads
from webapp.recordings.models import MediaKey, Recording, Upload

DATA = bytes(range(256)) * 40


def upload_of(url: str) -> Upload:
    return Upload.objects.get(pk=url.rstrip("/").rsplit("/", 1)[1])


def bytes_on_disk(url: str) -> bytes:
    """Return what arrived so far, decrypted where it lies encrypted."""
    upload = upload_of(url)
    data = storage.upload_file(upload.pk).read_bytes()
    key = MediaKey.objects.filter(Q(upload=upload) | Q(recording__upload=upload)).first()
    if key is None:
        return data
    assert data.startswith(MAGIC)
    copy = io.BytesIO(data)
    return EncryptedFile(copy, key=opened(key), purpose="original", resume_at=upload.length).read()


def stored(file: StoredFile) -> bytes:
    """Return the content of a stored file."""
    with file.open("rb") as opened_file:
        return opened_file.read()


def files(recording: Recording) -> dict[str, bool]:
    """Return which files there are of a recording, and whether they are encrypted."""
    return {purpose: is_encrypted(path) for path, purpose in storage.files_of(recording)}


class Source:
    """A request body that gives what it has, then ends or breaks."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = list(pieces)

    def read(self, size: int, /) -> bytes:
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        assert len(piece) <= size
        return piece


def receive(url: str, offset: int, *pieces: bytes | Exception, checksum=None) -> Upload:
    return receive_from(Source(*pieces), url, offset, checksum=checksum)


def receive_from(source: Source, url: str, offset: int = 0, *, actor=None, checksum=None) -> Upload:
    upload = upload_of(url)
    return uploads.receive(
        upload=upload,
        actor=actor or upload.uploaded_by,
        offset=offset,
        source=source,
        announced=0,
        checksum=checksum,
    )
