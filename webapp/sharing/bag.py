"""A package: a BagIt bag (RFC 8493) in one zip whose bytes depend on its content and its order alone.

It is written in one go, so that no part of it ever lies elsewhere on a disk, and nothing is compressed:
videos are already, and the bytes then do not depend on a library's version.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Final

from webapp.core.encrypted_path import StoredFile
from webapp.core.errors import AppError

PIECE_BYTES: Final = 1024 * 1024
#: The first moment that a zip can name.
NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
ORDINARY_FILE: Final = 0o100644 << 16
UNIX: Final = 3


class DamagedPackage(AppError):
    code, status = "package_damaged", 500
    message = "The package did not read as it was written, so it was deleted. Build it again."


@dataclass(frozen=True)
class Packed:
    """A file in a package. path: below data/."""

    path: str
    sha256: str
    size_bytes: int


class BagWriter:
    """Writes a bag into an open file. folder: of everything in it."""

    def __init__(self, file: IO[bytes], folder: str) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._folder = folder
        self.payload: list[Packed] = []

    def add(self, path: str, pieces: Iterable[bytes], size_bytes: int = 0) -> Packed:
        """Add a file of the payload. size_bytes: where it may be larger than 4 GB."""
        packed = self._write(f"data/{path}", pieces, size_bytes)
        self.payload.append(Packed(path, packed.sha256, packed.size_bytes))
        return self.payload[-1]

    def finish(self, info: dict[str, str]) -> None:
        """Add what makes it a bag. info: more fields for bag-info.txt."""
        octets = sum(one.size_bytes for one in self.payload)
        fields = info | {"Payload-Oxum": f"{octets}.{len(self.payload)}"}
        manifest = "".join(f"{one.sha256}  data/{one.path}\n" for one in self.payload)
        texts = {
            "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": "".join(f"{name}: {_one_line(value)}\n" for name, value in fields.items()),
            "manifest-sha256.txt": manifest,
        }
        tags = [self._write(name, [text.encode()], 0) for name, text in texts.items()]
        listed = "".join(f"{one.sha256}  {one.path}\n" for one in tags)
        self._write("tagmanifest-sha256.txt", [listed.encode()], 0)
        self._zip.close()

    def abandon(self) -> None:
        """Write nothing more."""
        self._zip.fp = None

    def _write(self, path: str, pieces: Iterable[bytes], size_bytes: int) -> Packed:
        entry = zipfile.ZipInfo(f"{self._folder}/{path}", NO_TIME)
        entry.external_attr, entry.create_system, entry.file_size = ORDINARY_FILE, UNIX, size_bytes
        digest, length = hashlib.sha256(), 0
        with self._zip.open(entry, "w") as sink:
            for piece in pieces:
                sink.write(piece)
                digest.update(piece)
                length += len(piece)
        return Packed(path, digest.hexdigest(), length)


def pieces_of(stored: StoredFile) -> Iterator[bytes]:
    with stored.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def verify_package(stored: StoredFile, folder: str, payload: Iterable[Packed]) -> tuple[str, int]:
    """Return SHA-256 and size of a package. Raises DamagedPackage unless it holds just this payload."""
    expected = {f"{folder}/data/{one.path}": one.sha256 for one in payload}
    with stored.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                names = [name for name in archive.namelist() if name.startswith(f"{folder}/data/")]
                found = {name: _sha256(archive, name) for name in names}
        except zipfile.BadZipFile:
            raise DamagedPackage from None
    if found != expected or len(names) != len(expected):
        raise DamagedPackage
    digest, length = hashlib.sha256(), 0
    for piece in pieces_of(stored):
        digest.update(piece)
        length += len(piece)
    return digest.hexdigest(), length


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _one_line(text: str) -> str:
    return " ".join(text.split())
