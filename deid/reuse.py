"""Take over what an earlier de-identification of the same recording has kept, as far as it is the same.

A step's name says all that its result rests on (deid.basis). So whatever lies under the same name is the
same result, and a version that differs in some stretches only has only these written again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from deid.json_files import read_json
from deid.steps import CAST, LOOK, WATCH, WRITE, kind_of, picture_of
from deid.watched import read_watched
from deid.work import Work
from emotion.media.source import partial_path, size_of
from emotion.samples import read_samples
from emotion.types import MediaPath

BLOCK: Final = 1 << 20
Keep = Callable[[str], MediaPath]


def take_over(work: Work, *, earlier: Keep, keep: Keep) -> list[str]:
    """Copy results of an earlier work to where this one looks for them; return the names of these steps.

    earlier, keep: say where the file of a name lies. Raises what Work.steps does, and OSError.
    """
    taken: list[str] = []
    while more := [
        step.name for step in work.steps() if not step.is_done and _take(step.name, earlier, keep)
    ]:
        taken += more
    return taken


def _take(name: str, earlier: Keep, keep: Keep) -> bool:
    """Return whether there was a whole result, which now lies at its new place."""
    if not earlier(name).is_file() or not _is_whole(earlier, name):
        return False
    if kind_of(name) == WRITE:
        picture = picture_of(name)
        _copy(earlier(picture), keep(picture))
    _copy(earlier(name), keep(name))
    return True


def _is_whole(earlier: Keep, name: str) -> bool:
    readers: dict[str, Callable[[MediaPath], Any]] = {
        LOOK: read_samples, WATCH: read_watched, CAST: lambda path: dict(read_json(path)["donors"]),
        WRITE: lambda path: _check_written(read_json(path), earlier(picture_of(name))),
    }  # fmt: skip
    try:
        readers[kind_of(name)](earlier(name))
    except (OSError, MemoryError):
        raise
    except Exception:  # of a path that checks what it reads, any kind
        return False  # it is damaged, so it is computed
    return True


def _check_written(said: dict[str, Any], picture: MediaPath) -> None:
    is_there = picture.is_file() and said["size_bytes"] == size_of(picture)
    if not is_there or set(said) != {"drawn", "residuals", "size_bytes"}:
        raise ValueError("expected the video that was written and what is said about it")


def _copy(source: MediaPath, destination: MediaPath) -> None:
    temporary = partial_path(destination)
    try:
        with source.open("rb") as reading, temporary.open("wb") as writing:
            while block := reading.read(BLOCK):
                writing.write(block)
        temporary.replace(destination)
    finally:
        temporary.unlink(missing_ok=True)
