"""Which face of a live camera is its expected person: the one who came first, stayed, and looks the same.

The decisions of track.py and roles.py, made with what has been seen so far instead of the whole recording.
Motion links neighbouring frames; identity, which is dear, is asked for only where motion cannot decide: when
the person is to be remembered, when somebody else is in the picture, and when a face comes back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emotion.live.faces import LiveFace, LiveFrame, Sighting
from emotion.roles import SAME_PERSON
from emotion.track import TrackingOptions

NO_FACE: Final = "no_face"
SOMEONE_ELSE: Final = "irrelevant_face"
OK: Final = "ok"


@dataclass(frozen=True)
class FollowOptions:
    """How patient the following is, in microseconds.

    max_gap_us: longest absence that motion bridges. identify_every_us: identity is asked for at most so
    often. replace_after_us: when the person has been away so long, somebody else who stayed for all of
    settle_us is taken for the person: the tablet was then pointed at the wrong one before.
    """

    max_gap_us: int = 1_000_000
    identify_every_us: int = 1_000_000
    replace_after_us: int = 20_000_000
    settle_us: int = 5_000_000


class PersonFollower:
    """Follows one camera's expected person from frame to frame; keeps a few numbers, never a picture."""

    def __init__(self, options: FollowOptions | None = None) -> None:
        self._options = options or FollowOptions()
        self._reach = TrackingOptions()
        self._last: LiveFace | None = None
        self._seen_us = 0
        self._identity: tuple[float, ...] | None = None
        self._asked_us: int | None = None
        self._crowded = False
        self._stranger_since_us: int | None = None

    def wants_identity(self, time_us: int) -> bool:
        """Return whether the faces of a frame at that time should be described; asking counts as done."""
        if self._asked_us is not None and time_us - self._asked_us < self._options.identify_every_us:
            return False
        away = self._last is not None and time_us - self._seen_us > self._options.max_gap_us
        if self._identity is not None and not self._crowded and not away:
            return False
        self._asked_us = time_us
        return True

    def follow(self, frame: LiveFrame, time_us: int) -> Sighting:
        """Return what a frame says of the person. Times must not go back; an older frame changes nothing."""
        self._crowded = len(frame.faces) > 1
        if not frame.faces:
            self._stranger_since_us = None
            return Sighting(time_us, NO_FACE)
        face = self._choose(frame, time_us) or self._replacement(frame, time_us)
        if face is None:
            return Sighting(time_us, SOMEONE_ELSE)
        self._stranger_since_us = None
        self._last, self._seen_us = face, max(time_us, self._seen_us)
        if face.embedding is not None and (self._identity is None or not self._crowded):
            self._identity = _blend(self._identity, face.embedding)
        return Sighting(time_us, OK, face.quality, face.probs)

    def _choose(self, frame: LiveFrame, time_us: int) -> LiveFace | None:
        if self._last is None:
            return max(frame.faces, key=lambda face: _weight(face, frame.size_wh))
        known = [face for face in frame.faces if face.embedding is not None]
        if self._identity is not None and known:
            return self._most_alike(known, time_us)
        gap_us = time_us - self._seen_us
        if gap_us > self._options.max_gap_us:
            return None if self._identity is not None else self._largest_alike(frame)
        near = [face for face in frame.faces if self._distance(face, gap_us) is not None]
        return min(near, key=lambda face: self._distance(face, gap_us) or 0.0, default=None)

    def _most_alike(self, faces: Sequence[LiveFace], time_us: int) -> LiveFace | None:
        """Return the face that surely is the person, else one in the right place that may be them."""
        best = max(faces, key=self._likeness)
        if self._likeness(best) >= SAME_PERSON:
            return best
        gap_us = time_us - self._seen_us
        if gap_us > self._options.max_gap_us:
            return None
        possible = [
            face
            for face in faces
            if self._likeness(face) >= self._reach.other_person and self._distance(face, gap_us) is not None
        ]
        return min(possible, key=lambda face: self._distance(face, gap_us) or 0.0, default=None)

    def _largest_alike(self, frame: LiveFrame) -> LiveFace | None:
        return max(frame.faces, key=lambda face: _weight(face, frame.size_wh), default=None)

    def _replacement(self, frame: LiveFrame, time_us: int) -> LiveFace | None:
        """Return somebody else who has stayed while the person was away for long."""
        if self._stranger_since_us is None:
            self._stranger_since_us = time_us
        stayed = time_us - self._stranger_since_us >= self._options.settle_us
        if not stayed or time_us - self._seen_us < self._options.replace_after_us:
            return None
        self._identity = None
        return self._largest_alike(frame)

    def _likeness(self, face: LiveFace) -> float:
        if face.embedding is None or self._identity is None:
            return 0.0
        return sum(one * other for one, other in zip(face.embedding, self._identity, strict=True))

    def _distance(self, face: LiveFace, gap_us: int) -> float | None:
        """Return the distance to where the person was, in faces, or None when that is too far to be them."""
        assert self._last is not None
        distance = math.dist(face.centre, self._last.centre) / math.sqrt(face.side * self._last.side)
        growth = abs(math.log(face.side / self._last.side))
        reach = self._reach.reach_faces + self._reach.reach_faces_per_s * gap_us / 1e6
        if distance > reach or growth > math.log(self._reach.max_growth):
            return None
        return distance + growth


def _weight(face: LiveFace, size_wh: tuple[int, int]) -> float:
    """Return size times centrality: who a camera is pointed at (see roles.py)."""
    width, height = size_wh
    off = math.dist(face.centre, (width / 2, height / 2)) / (math.hypot(width, height) / 2)
    return (face.box_px[3] - face.box_px[1]) / height * (0.5 + 0.5 * max(0.0, 1.0 - off))


def _blend(old: tuple[float, ...] | None, new: tuple[float, ...]) -> tuple[float, ...]:
    """Return the unit vector between what was known (three parts) and what is seen now (one part)."""
    if old is None:
        return new
    mixed = [3 * one + other for one, other in zip(old, new, strict=True)]
    length = math.sqrt(sum(value * value for value in mixed)) or 1.0
    return tuple(value / length for value in mixed)
