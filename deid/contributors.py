"""A folder of other people, of whom a face may be made: a video or a contribution each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from deid.contribute import contribute
from deid.contribution import Contribution, read_contribution
from deid.errors import TooFewContributors
from deid.task import Hiding
from emotion.errors import Cancelled, EmotionError

SUFFIX: Final = ".npz"  # of what python -m deid contribute writes


def read_contributors(
    folder: Path, *, hiding: Hiding, progress: Callable[[float], None] | None = None
) -> tuple[list[Contribution], dict[str, str]]:
    """Return what the files of a folder contribute, and by name why others do not; hidden files do not count.

    Names are made printable. progress is told the share that is done. Raises TooFewContributors for what is
    no folder, Cancelled.
    """
    if not folder.is_dir():
        raise TooFewContributors(
            f"expected a folder with a video or a contribution per person, got {printable(folder.name)}"
        )
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    found, left_out = [], {}
    for number, path in enumerate(files):
        try:
            is_made = path.suffix.lower() == SUFFIX
            found.append(read_contribution(path) if is_made else contribute(path, hiding=hiding))
        except Cancelled:
            raise
        except EmotionError as error:
            left_out[printable(path.name)] = printable(str(error))
        if progress is not None:
            progress((number + 1) / len(files))
    return found, left_out


def printable(text: str) -> str:
    """Return a text on one line, with a question mark for what would steer a terminal.

    >>> printable("a\\nb\\x1b[2J")
    'a?b?[2J'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)
