"""Uploads on their way, as tests send and read them."""

from __future__ import annotations

from webapp.recordings import storage, uploads
from webapp.recordings.models import Upload

DATA = bytes(range(256)) * 40


def upload_of(url: str) -> Upload:
    return Upload.objects.get(pk=url.rstrip("/").rsplit("/", 1)[1])


def bytes_on_disk(url: str) -> bytes:
    return storage.upload_file(upload_of(url).pk).read_bytes()


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
