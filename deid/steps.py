"""What a de-identification is cut into, and the names of the files that its steps leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LOOK, WATCH, CAST, WRITE = "look", "watch", "cast", "write"
#: What each kind of step takes of the time, for methods that only cover, and for those that follow a face.
COVERING: Final = {LOOK: 0.35, WRITE: 0.65}
FOLLOWING: Final = {LOOK: 0.15, WATCH: 0.25, WRITE: 0.6}


@dataclass(frozen=True)
class Step:
    """kind: LOOK, WATCH, CAST or WRITE. name: of the file that it leaves. is_done: the file is there.

    start_us, seconds: of the recording, both 0 for what is about all of it. share: of the work on these.
    """

    kind: str
    name: str
    start_us: int
    seconds: float
    share: float
    is_done: bool


def kind_of(name: str) -> str:
    return name.split("-", 1)[0]


def picture_of(name: str) -> str:
    """Return the name of the video beside what is said about it."""
    return f"{name.removesuffix('.json')}.mp4"
