"""Finished segments of a run that has not ended, in a hidden folder of its target, so that --resume can go
on.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any, Final

from emotion.results import PARTIAL, writable
from emotion.samples import FaceSamples, Segment, read_samples, write_samples

KEY: Final = "run-key.json"


class PartialRun:
    """A SegmentStore on disk. Segments count only for the same recordings, networks and options (the key)."""

    def __init__(self, out_dir: Path, key: dict[str, Any], *, resume: bool) -> None:
        """Take over what an earlier run with the same key left when resume is true, else begin anew.

        Raises OutputUnwritable.
        """
        self._out_dir = out_dir
        self._folder = out_dir / PARTIAL
        self._made_out_dir = not out_dir.exists()
        with writable(out_dir):
            if not (resume and self._stored_key() == json.loads(json.dumps(key))):  # which has no tuples
                shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / KEY).write_text(json.dumps(key), encoding="utf-8")

    def load(self, camera: str, segment: Segment) -> FaceSamples | None:
        """Return what was saved for exactly this segment, None when nothing whole was."""
        path = self._path(camera, segment)
        try:
            return read_samples(path)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def save(self, camera: str, segment: Segment, samples: FaceSamples) -> None:
        """Keep the samples of a finished segment. Raises OutputUnwritable."""
        with writable(self._out_dir):
            write_samples(samples, self._path(camera, segment))

    def discard(self) -> None:
        """Remove every trace of the unfinished run, also the target folder if this run made it and it is
        empty.
        """
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._made_out_dir and self._out_dir.is_dir() and not any(self._out_dir.iterdir()):
            self._out_dir.rmdir()

    def _stored_key(self) -> object:
        try:
            return json.loads((self._folder / KEY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _path(self, camera: str, segment: Segment) -> Path:
        end = "end" if segment.end_us is None else str(segment.end_us)
        return self._folder / f"{camera}-{segment.start_us}-{end}.npz"
