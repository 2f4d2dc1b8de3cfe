"""A place in the storage where a file, or all files of a folder, lie encrypted and open as their content."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Literal, Self

from webapp.core.encryption import MAGIC, EncryptedFile

Mode = Literal["rb", "wb", "ab", "w+b"]


@dataclass(frozen=True)
class EncryptedPath:
    """Acts like a pathlib.Path for those who read or write a file, or the files of a folder.

    key: of everything that belongs to one recording. purpose: what the file is for; a temporary name beside
    it has the same. may_be_plain: it may still lie there as it was before it was encrypted.
    """

    place: Path
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
    def parent(self) -> Path:
        return self.place.parent

    def __truediv__(self, name: str) -> Self:
        return replace(self, place=self.place / name, purpose=f"{self.purpose}/{name}")

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        self.place.mkdir(parents=parents, exist_ok=exist_ok)

    def glob(self, pattern: str) -> Iterator[Path]:
        """Yield the places of files of this folder, to be moved or deleted."""
        return self.place.glob(pattern)

    def open(self, mode: Mode, /) -> IO[bytes]:
        """Return the open file. Raises FileNotFoundError, and DamagedFile for what cannot be decrypted."""
        raw = io.FileIO(self.place, {"rb": "rb", "ab": "r+b"}.get(mode, "w+b"))
        if mode == "rb" and self.may_be_plain and raw.read(len(MAGIC)) != MAGIC:
            raw.seek(0)
            return io.BufferedReader(raw)
        try:
            file = EncryptedFile(raw, key=self.key, purpose=self.purpose, writable=mode != "rb")
        except BaseException:
            raw.close()
            raise
        if mode == "ab":
            file.seek(0, 2)
        return file  # type: ignore[return-value]  # it has all that IO[bytes] asks for

    def stat(self) -> os.stat_result:
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
        self.place.replace(target.place)

    def unlink(self, missing_ok: bool = False) -> None:
        self.place.unlink(missing_ok=missing_ok)


#: Where a file of a recording lies, plain or encrypted.
StoredFile = Path | EncryptedPath
