"""A place in an S3-compatible bucket that acts like a pathlib.Path for those who read, write or delete.

An object is there whole or not at all: what is being written has a partial name (`.….part`), lies in this
process's own scratch folder, and reaches the bucket when it takes the place of its final name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, NamedTuple, Protocol, Self

from webapp.core.object_file import ObjectFile, translated
from webapp.core.scratch import scratch_dir

Mode = Literal["rb", "wb", "ab", "w+b", "r+b"]


class BucketStorage(Protocol):
    """What is asked of storages.backends.s3.S3Storage."""

    bucket_name: str
    transfer_config: Any

    @property
    def connection(self) -> Any: ...


class Stat(NamedTuple):
    st_size: int
    st_mtime: float


@dataclass(frozen=True)
class ObjectPath:
    """One key of a bucket, or the folder of all keys below it. found: what a listing said of it."""

    storage: BucketStorage = field(repr=False, compare=False)
    key: PurePosixPath
    found: Stat | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return str(self.key)

    def __lt__(self, other: Self) -> bool:
        return self.key < other.key

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def stem(self) -> str:
        return self.key.stem

    @property
    def suffix(self) -> str:
        return self.key.suffix

    @property
    def parent(self) -> Self:
        return self._at(self.key.parent)

    def __truediv__(self, name: str) -> Self:
        return self._at(self.key / name)

    def with_name(self, name: str, /) -> Self:
        return self._at(self.key.with_name(name))

    def relative_to(self, other: Self) -> PurePosixPath:
        return self.key.relative_to(other.key)

    def below(self, folder: Path | ObjectPath) -> str:
        """Return the name under which this lies directly in a folder, itself or its folder there."""
        return self.key.relative_to(PurePosixPath(str(folder))).parts[0]

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: a folder is there as long as something is in it."""

    def open(self, mode: Mode, /) -> IO[bytes]:
        """Return the open file. Raises FileNotFoundError, ObjectStoreFails, and ValueError for writing under
        a final name.
        """
        if self._is_partial:
            return self._scratch.open(mode, buffering=0)
        if mode != "rb":
            raise ValueError("expected to write under a partial name, which then gets its final one")
        return ObjectFile(self.bucket, str(self.key))  # type: ignore[return-value]

    def read_bytes(self) -> bytes:
        with self.open("rb") as file:
            return file.read()

    def write_bytes(self, data: bytes) -> None:
        """Store an object at once. Raises ObjectStoreFails."""
        with translated():
            self.bucket.put_object(Key=str(self.key), Body=data)

    def stat(self) -> Stat:
        """Return size and time of change. Raises FileNotFoundError, ObjectStoreFails."""
        if self._is_partial:
            there = self._scratch.stat()
            return Stat(there.st_size, there.st_mtime)
        if self.found is not None:
            return self.found
        with translated():
            one = self.bucket.Object(str(self.key))
            return Stat(one.content_length, one.last_modified.timestamp())

    def is_file(self) -> bool:
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def is_dir(self) -> bool:
        with translated():
            return any(True for _ in self._objects().limit(1))

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def iterdir(self) -> Iterator[Self]:
        """Yield what lies directly in a folder, folders too."""
        seen: set[str] = set()
        for path in self.rglob("*"):
            name = path.relative_to(self).parts[0]
            if name not in seen:
                seen.add(name)
                yield path if path.parent == self else self / name

    def glob(self, pattern: str) -> Iterator[Self]:
        """Yield the objects below a folder whose names below it match, part by part."""
        parts = PurePosixPath(pattern).parts
        for path in self.rglob("*"):
            names = path.relative_to(self).parts
            if len(names) == len(parts) and all(map(fnmatch, names, parts)):
                yield path

    def rglob(self, pattern: str) -> Iterator[Self]:
        """Yield the objects anywhere below a folder whose last name matches."""
        with translated():
            found = [(one.key, Stat(one.size, one.last_modified.timestamp())) for one in self._objects()]
        for key, stat in found:
            if fnmatch(PurePosixPath(key).name, pattern):
                yield replace(self, key=PurePosixPath(key), found=stat)

    def replace(self, target: Self, /) -> None:
        """Store what was written under a partial name; a multipart upload that fails is aborted.

        Raises FileNotFoundError, ObjectStoreFails.
        """
        if not self._is_partial:
            raise ValueError("expected a partial name, which is then replaced by its final one")
        if target._is_partial:
            self._scratch.replace(target._scratch)
            return
        with self._scratch.open("rb") as file, translated():
            one = self.bucket.Object(str(target.key))
            one.upload_fileobj(file, Config=self.storage.transfer_config)
        self._scratch.unlink(missing_ok=True)

    def unlink(self, missing_ok: bool = False) -> None:
        if self._is_partial:
            self._scratch.unlink(missing_ok=missing_ok)
            return
        if not missing_ok:
            self.stat()
        with translated():
            self.bucket.Object(str(self.key)).delete()

    def remove(self) -> None:
        """Delete the object and everything below it, and abort uploads of parts that were left there."""
        self.unlink(missing_ok=True)
        with translated():
            self._objects().delete()
        for left in self.unfinished():
            left.abort()

    def unfinished(self, before: datetime | None = None) -> Iterator[Unfinished]:
        """Yield multipart uploads, of this key or below it, that whoever began them has not ended."""
        with translated():
            for one in list(self.bucket.multipart_uploads.filter(Prefix=str(self.key))):
                is_ours = PurePosixPath(one.object_key).is_relative_to(self.key)
                if is_ours and (before is None or one.initiated < before):
                    yield Unfinished(self._at(PurePosixPath(one.object_key)), one)

    def newest_change_s(self) -> float:
        """Return when anything in a folder changed last. Raises FileNotFoundError for an empty one."""
        times = [path.stat().st_mtime for path in self.rglob("*")]
        if not times:
            raise FileNotFoundError(str(self))
        return max(times)

    @property
    def bucket(self) -> Any:
        """Return the bucket over this thread's connection; boto's are not to be shared."""
        return self.storage.connection.Bucket(self.storage.bucket_name)

    @property
    def _is_partial(self) -> bool:
        return self.name.startswith(".") and self.name.endswith(".part")

    @property
    def _scratch(self) -> Path:
        return scratch_dir() / self.name

    def _objects(self) -> Any:
        return self.bucket.objects.filter(Prefix=f"{self.key}/" if self.key.parts else "")

    def _at(self, key: PurePosixPath) -> Self:
        return replace(self, key=key, found=None)


@dataclass(frozen=True)
class Unfinished:
    """A multipart upload whose parts take room although no object is there."""

    path: ObjectPath
    upload: Any = field(repr=False)

    def abort(self) -> None:
        with translated():
            self.upload.abort()


def hours_ago(hours: float) -> datetime:
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() - hours * 3600, UTC)
