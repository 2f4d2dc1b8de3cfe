"""Files that lie encrypted and are read, sought, written and continued like any other.

A file is a header and then records, one for each CHUNK_BYTES of content, the last one shorter:

    header   magic (8), version (1), binary logarithm of the chunk size (1), file number (16)
    record   kind (1), nonce (12), content sealed with AES-256-GCM (NIST SP 800-38D), tag (16)

Header, purpose, index of the record and kind are authenticated with each record. So nothing that was
changed, cut off, reordered, or exchanged with a part of another file, or with a file for another purpose,
is ever taken for content. A record is sealed with a new nonce whenever it is written.
"""

from __future__ import annotations

import io
import os
import secrets
from enum import IntEnum
from pathlib import Path
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from webapp.core.errors import AppError
from webapp.core.object_path import ObjectPath

MAGIC: Final = b"\x93EL-AEAD"
VERSION: Final = 1
CHUNK_BITS: Final = 16
CHUNK_BYTES: Final = 1 << CHUNK_BITS
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
HEADER_BYTES: Final = len(MAGIC) + 2 + 16
RECORD_EXTRA: Final = 1 + NONCE_BYTES + TAG_BYTES
RECORD_BYTES: Final = CHUNK_BYTES + RECORD_EXTRA


class DamagedFile(AppError):
    code, status = "media_damaged", 500
    message = (
        "A stored file was damaged or exchanged, so nothing of it is used. "
        "Ask whoever runs this server to bring it back from a backup, or upload it again."
    )


class Kind(IntEnum):
    """Of a record: others follow; the last of a whole file; the last so far of an unfinished one."""

    INNER = 0
    LAST = 1
    OPEN = 2


def is_encrypted(path: Path | ObjectPath) -> bool:
    """Return whether a file begins as encrypted ones do. Raises FileNotFoundError."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


class EncryptedFile(io.RawIOBase):
    """An encrypted file that is open; whoever uses it sees its content.

    key: 32 bytes. purpose: what the file is for, the same whenever it is opened. Raises DamagedFile as soon
    as a record is not what was written, and at once where the end of the file is missing.
    """

    def __init__(
        self,
        raw: IO[bytes],
        *,
        key: bytes,
        purpose: str,
        writable: bool = False,
        resume_at: int | None = None,
    ) -> None:
        """Take over an open binary file, empty or written by this class.

        resume_at: open an unfinished file to go on at this size. What lies behind is cut off; it ends earlier
        where a writer that was killed left its last record in pieces.
        """
        self._raw = raw
        self._cipher = AESGCM(key)
        self._writable = writable or resume_at is not None
        self._place = self._size = 0
        self._seen: tuple[int, bytes] = (-1, b"")
        self._written: tuple[int, bytearray] | None = None  # what differs from the disk
        self._finished = resume_at is None
        disk_bytes = raw.seek(0, os.SEEK_END)
        if disk_bytes == 0 and self._writable:
            self._begin(purpose)
        elif resume_at is None:
            self._go_on(purpose, disk_bytes)
        else:
            self._resume(purpose, disk_bytes, resume_at)

    @property
    def name(self) -> str:
        return str(getattr(self._raw, "name", "encrypted file"))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return self._writable

    def fileno(self) -> int:
        raise io.UnsupportedOperation("what lies under this number is encrypted")

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}
        if whence not in start or start[whence] + offset < 0:
            raise ValueError(f"expected a place in the file, got {offset} from {whence}")
        self._place = start[whence] + offset
        return self._place

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self._size - self._place)
        left = left if size is None or size < 0 else min(size, left)
        parts = []
        while left > 0:
            index, offset = divmod(self._place, CHUNK_BYTES)
            part = bytes(self._chunk(index)[offset : offset + left])
            parts.append(part)
            self._place += len(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def write(self, data: Any, /) -> int:
        """Write all of data and return its length. Raises OSError, io.UnsupportedOperation."""
        if not self._writable:
            raise io.UnsupportedOperation("not open for writing")
        rest = memoryview(data).cast("B")
        length = len(rest)
        if self._place > self._size:
            raise ValueError(f"expected to write at {self._size} or before, got {self._place}")
        while rest:
            index, offset = divmod(self._place, CHUNK_BYTES)
            part = rest[: CHUNK_BYTES - offset]
            chunk = self._chunk_to_write(index)
            chunk[offset : offset + len(part)] = part
            self._place += len(part)
            self._size = max(self._size, self._place)
            rest = rest[len(part) :]
        return length

    def truncate(self, size: int | None = None, /) -> int:
        size = self._place if size is None else size
        if not self._writable:
            raise io.UnsupportedOperation("not open for writing")
        if size > self._size:
            raise ValueError(f"expected at most {self._size} bytes, got {size}")
        if size < self._size:
            last = _last_index(size)
            if self._written is not None and self._written[0] < last:
                self._store()
            kept = bytearray(self._chunk(last)[: size - last * CHUNK_BYTES])
            self._cut(last, kept)
        return size

    def finish(self) -> None:
        """Have the end of a file that was unfinished say that it is whole."""
        if not self._finished:
            self._chunk_to_write(_last_index(self._size))
            self._finished = True

    def abandon(self) -> None:
        """Close without storing anything more."""
        self._written = None
        self.close()

    def flush(self) -> None:
        if not self.closed and self._writable:
            self._store()
            self._raw.flush()

    def sync(self) -> None:
        """Return once everything is on the disk."""
        self.flush()
        os.fsync(self._raw.fileno())

    def close(self) -> None:
        if self.closed:
            return
        try:
            super().close()  # which flushes
        finally:
            self._raw.close()

    def _begin(self, purpose: str) -> None:
        header = MAGIC + bytes([VERSION, CHUNK_BITS]) + secrets.token_bytes(16)
        self._raw.write(header)
        self._bound = header + purpose.encode()
        self._written = (0, bytearray())

    def _go_on(self, purpose: str, disk_bytes: int) -> None:
        self._read_header(purpose)
        last = max(0, disk_bytes - HEADER_BYTES - 1) // RECORD_BYTES
        kind, content = self._open_record(last)
        if kind != Kind.LAST:
            raise DamagedFile
        self._size = last * CHUNK_BYTES + len(content)
        self._seen = (last, content)

    def _resume(self, purpose: str, disk_bytes: int, size: int) -> None:
        self._read_header(purpose)
        last = _last_index(size)
        while True:
            try:
                kind, content = self._open_record(last)
                break
            except DamagedFile:
                if last == 0:
                    kind, content = Kind.OPEN, b""
                    break
                last -= 1
        kept = content[: size - last * CHUNK_BYTES]
        disk_end = _position(last) + RECORD_EXTRA + len(content)
        self._size = last * CHUNK_BYTES + len(kept)
        if kind == Kind.OPEN and kept == content and disk_end == disk_bytes:
            self._seen = (last, content)
        else:
            self._cut(last, bytearray(kept))

    def _read_header(self, purpose: str) -> None:
        self._raw.seek(0)
        header = self._raw.read(HEADER_BYTES)
        known = MAGIC + bytes([VERSION, CHUNK_BITS])
        if len(header) < HEADER_BYTES or not header.startswith(known):
            raise DamagedFile
        self._bound = header + purpose.encode()

    def _cut(self, last: int, kept: bytearray) -> None:
        self._size = last * CHUNK_BYTES + len(kept)
        self._seen, self._written = (-1, b""), (last, kept)
        self._raw.truncate(_position(last))

    def _chunk(self, index: int) -> bytes | bytearray:
        if self._written is not None and self._written[0] == index:
            return self._written[1]
        if self._seen[0] != index:
            kind, content = self._open_record(index)
            is_inner = index < _last_index(self._size)
            if is_inner != (kind == Kind.INNER) or (is_inner and len(content) != CHUNK_BYTES):
                raise DamagedFile
            self._seen = (index, content)
        return self._seen[1]

    def _chunk_to_write(self, index: int) -> bytearray:
        if self._written is None or self._written[0] != index:
            chunk = bytearray()
            if index == 0 or index * CHUNK_BYTES < self._size:
                chunk = bytearray(self._chunk(index))
            else:
                self._chunk_to_write(index - 1)  # its record says no longer that the file ends there
            self._store(next_one=index)
            self._seen, self._written = (-1, b""), (index, chunk)
        return self._written[1]

    def _store(self, next_one: int = 0) -> None:
        """Seal what was written. next_one: the chunk that is written next; those before it are inner ones."""
        if self._written is None:
            return
        index, content = self._written
        is_last = index == max(_last_index(self._size), next_one)
        kind = Kind.INNER if not is_last else Kind.LAST if self._finished else Kind.OPEN
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, bytes(content), self._about(index, kind))
        self._raw.seek(_position(index))
        rest = memoryview(bytes([kind]) + nonce + sealed)
        while rest:
            rest = rest[self._raw.write(rest) :]
        self._seen, self._written = (index, bytes(content)), None

    def _open_record(self, index: int) -> tuple[Kind, bytes]:
        self._raw.seek(_position(index))
        record = self._raw.read(RECORD_BYTES)
        try:
            kind = Kind(record[0])
            nonce, sealed = record[1 : 1 + NONCE_BYTES], memoryview(record)[1 + NONCE_BYTES :]
            return kind, self._cipher.decrypt(nonce, sealed, self._about(index, kind))
        except (IndexError, ValueError, InvalidTag):
            raise DamagedFile from None

    def _about(self, index: int, kind: Kind) -> bytes:
        return index.to_bytes(8, "big") + bytes([kind]) + self._bound


def _position(index: int) -> int:
    return HEADER_BYTES + index * RECORD_BYTES


def _last_index(size: int) -> int:
    """Return the index of the record in which a content of this size ends.

    >>> _last_index(0), _last_index(CHUNK_BYTES), _last_index(CHUNK_BYTES + 1)
    (0, 0, 1)
    """
    return max(0, size - 1) // CHUNK_BYTES
