"""A file that lies nowhere on a disk: what a library sees of recordings that are not plain files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import PurePath


class _Kept(io.BytesIO):
    """Puts its content back when it is closed."""

    def __init__(self, path: MemoryPath, content: bytes) -> None:
        super().__init__(content)
        self._path = path

    def close(self) -> None:
        if not self.closed:
            self._path.files[self._path.place] = self.getvalue()
        super().close()


class MemoryPath:
    """Acts like a Path whose files are the values of a dictionary."""

    def __init__(self, files: dict[PurePath, bytes], place: str | PurePath) -> None:
        self.files, self.place = files, PurePath(place)

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def suffix(self) -> str:
        return self.place.suffix

    @property
    def parent(self) -> MemoryPath:
        return MemoryPath(self.files, self.place.parent)

    def glob(self, pattern: str, /) -> Iterator[MemoryPath]:
        inside = [place for place in self.files if place.parent == self.place and place.match(pattern)]
        return (MemoryPath(self.files, place) for place in inside)

    def open(self, mode: str, /) -> io.BytesIO:
        if mode == "rb":
            return io.BytesIO(self.files[self.place])
        self.files[self.place] = self.files.get(self.place, b"") if mode == "ab" else b""
        file = _Kept(self, self.files[self.place])
        file.seek(0, io.SEEK_END)
        return file

    def is_file(self) -> bool:
        return self.place in self.files

    def with_name(self, name: str, /) -> MemoryPath:
        return MemoryPath(self.files, self.place.with_name(name))

    def replace(self, target: MemoryPath, /) -> None:
        self.files[target.place] = self.files.pop(self.place)

    def unlink(self, missing_ok: bool = False) -> None:
        self.files.pop(self.place, None)
