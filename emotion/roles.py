"""Tracks -> who counts: each camera has one expected person, everyone else in its picture is irrelevant.

The expected person is the one who is largest, most central and longest present. Pieces of the same person
that the tracker could not join (another minute, no embedding) follow by appearance, else by place and size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from emotion.labels import CAMERAS
from emotion.samples import FaceSamples
from emotion.track import Indices, Track

PERSON: Final = "person"  # the role of whoever a camera without an assigned role was pointed at
IRRELEVANT: Final = "irrelevant"
MIN_SAMPLES: Final = 3
SAME_PERSON: Final = 0.4
SAME_PLACE_FACES: Final = 1.0
SAME_SIZE: Final = 1.5


@dataclass(frozen=True)
class RoleAssignment:
    """Who a track is taken for, how surely (0..1), and why in words."""

    track: int
    role: str
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Portrait:
    """A track in the terms of the decision: shares are 0..1 of the sampled frames, height and picture."""

    track: Track
    count: int
    presence: float
    size: float
    centrality: float
    centre_px: tuple[float, float]
    side_px: float

    @property
    def weight(self) -> float:
        return self.presence * self.size * (0.5 + 0.5 * self.centrality)


def expected_role(camera: str) -> str:
    """Return whose camera it is.

    >>> expected_role("patient"), expected_role("ward_3")
    ('patient', 'person')
    """
    return camera if camera in CAMERAS else PERSON


def assign_roles(
    samples: FaceSamples, tracks: tuple[Track, ...], *, camera: str, size_wh: tuple[int, int]
) -> tuple[RoleAssignment, ...]:
    """Return one assignment per track, in the order of tracks. size_wh: width and height of the upright
    frame.
    """
    portraits = [_portray(samples, track, size_wh) for track in tracks]
    eligible = [
        person for person in portraits if person.count >= min(MIN_SAMPLES, len(samples.frame_times_us))
    ]
    if not eligible:
        return tuple(_dismiss(person, None, camera) for person in portraits)
    main = max(eligible, key=lambda person: (person.weight, -person.track.number))
    same = [person for person in portraits if person is main or _is_same_person(person, main, samples)]
    same = _without_overlap(same, main, samples)
    rivals = [person.weight for person in portraits if person not in same]
    confidence = main.weight / (main.weight + max(rivals, default=0.0))
    return tuple(
        _accept(person, main, confidence, camera) if person in same else _dismiss(person, main, camera)
        for person in portraits
    )


def _portray(samples: FaceSamples, track: Track, size_wh: tuple[int, int]) -> _Portrait:
    boxes = samples.boxes_px[track.faces]
    width, height = size_wh
    centre = np.median((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0)
    half_diagonal = float(np.hypot(width, height)) / 2
    off_centre = float(np.hypot(centre[0] - width / 2, centre[1] - height / 2)) / half_diagonal
    face_height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    return _Portrait(
        track,
        len(track.faces),
        len(track.faces) / len(samples.frame_times_us),
        face_height / height,
        max(0.0, 1.0 - off_centre),
        (float(centre[0]), float(centre[1])),
        face_height,
    )


def _is_same_person(person: _Portrait, main: _Portrait, samples: FaceSamples) -> bool:
    if _overlap(person.track.faces, main.track.faces, samples):
        return False
    one, other = person.track.embedding, main.track.embedding
    if one is not None and other is not None:
        return float(one @ other) >= SAME_PERSON
    distance = np.hypot(*np.subtract(person.centre_px, main.centre_px)) / max(main.side_px, 1.0)
    growth = max(person.side_px, main.side_px) / max(min(person.side_px, main.side_px), 1.0)
    return bool(distance <= SAME_PLACE_FACES and growth <= SAME_SIZE)


def _overlap(one: Indices, other: Indices, samples: FaceSamples) -> bool:
    return bool(np.intersect1d(samples.face_times_us[one], samples.face_times_us[other]).size)


def _without_overlap(same: list[_Portrait], main: _Portrait, samples: FaceSamples) -> list[_Portrait]:
    """Return those of same that were never in one frame with another of them; the heavier stays."""
    kept = [main]
    for person in sorted(same, key=lambda person: (-person.weight, person.track.number)):
        if person is main or any(_overlap(person.track.faces, other.track.faces, samples) for other in kept):
            continue
        kept.append(person)
    return kept


def _accept(person: _Portrait, main: _Portrait, confidence: float, camera: str) -> RoleAssignment:
    role = expected_role(camera)
    if person is not main:
        return RoleAssignment(
            person.track.number,
            role,
            round(0.8 * confidence, 3),
            (f"same person as track {main.track.number}",),
        )
    reasons = (
        f"in {person.presence:.0%} of the sampled frames",
        f"face is {person.size:.0%} of the picture's height",
        f"{person.centrality:.0%} central",
    )
    return RoleAssignment(person.track.number, role, round(confidence, 3), reasons)


def _dismiss(person: _Portrait, main: _Portrait | None, camera: str) -> RoleAssignment:
    role = expected_role(camera)
    if main is None or person.count < MIN_SAMPLES:
        reason = f"seen in {person.count} sampled frame{'s' if person.count != 1 else ''} only"
        return RoleAssignment(person.track.number, IRRELEVANT, 0.9, (reason,))
    reasons = [f"another person than track {main.track.number}, taken for the {role}"]
    if person.size < 0.8 * main.size:
        reasons.append(f"face is {person.size / main.size:.0%} of that one's height")
    if person.presence < 0.8 * main.presence:
        reasons.append(f"in {person.presence:.0%} of the sampled frames against {main.presence:.0%}")
    if person.centrality < 0.8 * main.centrality:
        reasons.append("further from the centre of the picture")
    confidence = main.weight / (main.weight + person.weight)
    return RoleAssignment(person.track.number, IRRELEVANT, round(confidence, 3), tuple(reasons))
