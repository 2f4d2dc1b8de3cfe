"""Take over what an earlier de-identification of the same recording has kept, as far as it is the same.

A step's name says all that its result rests on. So whatever lies under the same name is the same result, and
a version that differs in some stretches only has only these written again.
"""

from __future__ import annotations

from collections.abc import Callable

from deid.json_files import read_json
from deid.steps import WRITE, picture_of
from deid.work import Work
from emotion.media.source import partial_path, size_of
from emotion.types import MediaPath

BLOCK: int = 1 << 20
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
    if not earlier(name).is_file():
        return False
    if name.startswith(WRITE):
        picture = picture_of(name)
        if not _is_whole(earlier, name):
            return False
        _copy(earlier(picture), keep(picture))
    _copy(earlier(name), keep(name))
    return True


def _is_whole(earlier: Keep, name: str) -> bool:
    picture = earlier(picture_of(name))
    try:
        return bool(picture.is_file() and read_json(earlier(name))["size_bytes"] == size_of(picture))
    except (ValueError, KeyError, TypeError):
        return False  # it is damaged, so it is computed


def _copy(source: MediaPath, destination: MediaPath) -> None:
    temporary = partial_path(destination)
    try:
        with source.open("rb") as reading, temporary.open("wb") as writing:
            while block := reading.read(BLOCK):
                writing.write(block)
        temporary.replace(destination)
    finally:
        temporary.unlink(missing_ok=True)
