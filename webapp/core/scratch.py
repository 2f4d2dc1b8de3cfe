"""This process's own folder for files that are being written, on its own disk. What a killed process left is
known by its lock, which the system lets go of.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from pathlib import Path
from typing import IO

from django.conf import settings

LOCK = "lock"
_mine: dict[int, tuple[Path, IO[bytes]]] = {}


def scratch_dir() -> Path:
    """Return the folder, made at the first call in a process and readable by its user alone."""
    pid = os.getpid()
    held = _mine.get(pid)
    if held is None or held[0].parent != _all() or not held[0].is_dir():
        folder = _all() / uuid.uuid4().hex
        folder.mkdir(parents=True, mode=0o700)
        lock = (folder / LOCK).open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        _mine.clear()  # what a parent process held is its own
        held = _mine[pid] = folder, lock
    return held[0]


def sweep_scratch() -> int:
    """Delete the folders of processes that are gone; return how many."""
    gone = 0
    for folder in _all().iterdir() if _all().is_dir() else ():
        try:
            with (folder / LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
                gone += 1
        except (BlockingIOError, FileNotFoundError):  # alive, or just being made
            continue
    return gone


def _all() -> Path:
    return Path(settings.DATA_DIR) / "scratch"
