"""A place in the storage where a file, or all files of a folder, lie encrypted and open as their content."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Final, Literal, Self

from webapp.core.encryption import MAGIC, EncryptedFile
from webapp.core.object_path import ObjectPath, Stat

Mode = Literal["rb", "wb", "ab", "w+b"]
#: Encrypted records are read again when their file is written on.
_AS_IT_LIES: Final[dict[Mode, Literal["rb", "r+b", "w+b"]]] = {
    "rb": "rb",
    "ab": "r+b",
    "wb": "w+b",
    "w+b": "w+b",
}
#: Where something lies, to be moved, listed or deleted.
Place = Path | ObjectPath


@dataclass(frozen=True)
class EncryptedPath:
    """Acts like a pathlib.Path for those who read or write a file, or the files of a folder.

    key: of everything that belongs to one recording. purpose: what the file is for; a temporary name beside
    it has the same. may_be_plain: it may still lie there as it was before it was encrypted.
    """

    place: Place
    key: bytes = field(repr=False)
    purpose: str
    may_be_plain: bool = False

    def __str__(self) -> str:
        return str(self.place)

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def suffix(self) -> str:
        return self.place.suffix

    @property
    def parent(self) -> Place:
        return self.place.parent

    def __truediv__(self, name: str) -> Self:
        return replace(self, place=self.place / name, purpose=f"{self.purpose}/{name}")

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        self.place.mkdir(parents=parents, exist_ok=exist_ok)

    def glob(self, pattern: str) -> Iterator[Place]:
        """Yield the places of files of this folder, to be moved or deleted."""
        return self.place.glob(pattern)

    def open(self, mode: Mode, /) -> IO[bytes]:
        """Return the open file. Raises FileNotFoundError, and DamagedFile for what cannot be decrypted."""
        raw = self._open_as_it_lies(mode)
        if mode == "rb" and self.may_be_plain and raw.read(len(MAGIC)) != MAGIC:
            raw.seek(0)
            return io.BufferedReader(raw) if isinstance(raw, io.FileIO) else raw
        try:
            file = EncryptedFile(raw, key=self.key, purpose=self.purpose, writable=mode != "rb")
        except BaseException:
            raw.close()
            raise
        if mode == "ab":
            file.seek(0, 2)
        return file  # type: ignore[return-value]  # it has all that IO[bytes] asks for

    def _open_as_it_lies(self, mode: Mode) -> io.FileIO | IO[bytes]:
        as_it_lies = _AS_IT_LIES[mode]
        if isinstance(self.place, ObjectPath):
            return self.place.open(as_it_lies)
        return self.place.open(as_it_lies, buffering=0)

    def stat(self) -> os.stat_result | Stat:
        """Return what the file system says of the file as it lies. Raises OSError where it is away."""
        return self.place.stat()

    def is_file(self) -> bool:
        return self.place.is_file()

    def with_name(self, name: str, /) -> Self:
        return replace(self, place=self.place.with_name(name))

    def replace(self, target: Self, /) -> None:
        """Give the file the place of another one for the same purpose. Raises ValueError for any other."""
        if (target.key, target.purpose) != (self.key, self.purpose):
            raise ValueError("expected a place under the same key and for the same purpose")
        self.place.replace(target.place)  # type: ignore[arg-type]  # both lie in the same storage

    def unlink(self, missing_ok: bool = False) -> None:
        self.place.unlink(missing_ok=missing_ok)


#: Where a file of a recording lies, plain or encrypted.
StoredFile = Path | ObjectPath | EncryptedPath
