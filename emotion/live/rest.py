"""One person's resting face, learned while it happens, by the rules of calibrate.py."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from emotion.calibrate import QuietOptions, RestingFace, calibrate_probs, calibrate_rows, find_resting_face
from emotion.live.faces import Sighting
from emotion.types import Second


class RestingWatch:
    """Waits for the first quiet stretch of one person's rows; what it finds there holds from then on.

    What was shown before stays as it was, so that kept rows give the same suggestions again.
    """

    def __init__(self, options: QuietOptions | None = None) -> None:
        self._options = options or QuietOptions()
        self._latest: deque[Second] = deque(maxlen=self._options.length_s)
        self._began: int | None = None
        self.face: RestingFace | None = None

    def see(self, row: Second) -> None:
        """Take note of the next row."""
        if self._began is None:
            self._began = row.second
        if self.face is not None:
            return
        self._latest.append(row)
        if self._latest[0].second - self._began < self._options.within_s:
            self.face = find_resting_face(tuple(self._latest), self._options)

    def row(self, raw: Second) -> Second:
        """Return a row with the resting face as neutral, unchanged before one is known."""
        return raw if self.face is None else calibrate_rows([raw], self.face).calibrated[0]

    def sighting(self, raw: Sighting) -> Sighting:
        """Return a sighting with the resting face as neutral, unchanged before one is known."""
        if self.face is None or not raw.probs:
            return raw
        return replace(raw, probs=calibrate_probs(raw.probs, self.face.probs))
