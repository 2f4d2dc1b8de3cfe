"""Objects of a bucket read as files: by ranges, never whole, and errors as those of a disk."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

FIRST_FETCH: Final = 256 * 1024
LARGEST_FETCH: Final = 8 * 1024 * 1024
KEPT: Final = 3  # ranges: players and demuxers go back and forth between index, picture and sound
_ABSENT: Final = {"404", "NoSuchKey", "NotFound"}


class ObjectStoreFails(OSError):
    """The object storage did not do what it was asked; that may heal."""


class ObjectFile(io.RawIOBase):
    """An object that is open for reading.

    Whoever reads on gets ranges that grow; whoever jumps, small ones. Raises FileNotFoundError, and
    ObjectStoreFails also where another object took this one's place meanwhile.
    """

    def __init__(self, bucket: Any, key: str) -> None:
        self._object = bucket.Object(key)
        with translated():
            self._object.load()
        self._etag, self._size = self._object.e_tag, int(self._object.content_length)
        self._place, self._fetch = 0, FIRST_FETCH
        self._kept: list[tuple[int, bytes]] = []
        self.name = key.rsplit("/", 1)[-1]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"expected a place in the file, got {offset} from {whence}")
        self._place = start + offset
        return self._place

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self._size - self._place)
        left = left if size is None or size < 0 else min(size, left)
        parts = []
        while left > 0:
            start, data = self._around(self._place, left)
            part = data[self._place - start :][:left]
            parts.append(part)
            self._place += len(part)
            left -= len(part)
        return b"".join(parts)

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _around(self, place: int, wanted: int) -> tuple[int, bytes]:
        """Return a kept range that holds a place, fetched where there is none."""
        for start, data in self._kept:
            if start <= place < start + len(data):
                return start, data
        goes_on = any(start + len(data) == place for start, data in self._kept)
        self._fetch = min(2 * self._fetch, LARGEST_FETCH) if goes_on else FIRST_FETCH
        end = min(self._size, place + max(self._fetch, min(wanted, LARGEST_FETCH)))
        with translated():
            answer = self._object.get(Range=f"bytes={place}-{end - 1}", IfMatch=self._etag)
            data = answer["Body"].read()
        if len(data) != end - place:
            raise ObjectStoreFails(errno.EIO, "the storage ended its answer too early")
        self._kept = [(place, data), *self._kept[: KEPT - 1]]
        return place, data


@contextmanager
def translated() -> Iterator[None]:
    """Turn what boto says into errors of files."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code in _ABSENT:
            raise FileNotFoundError(errno.ENOENT, "no such object") from error
        raise ObjectStoreFails(errno.EIO, f"the storage answered {code}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise ObjectStoreFails(errno.EIO, f"the storage failed: {type(error).__name__}") from error
