"""Faces of sampled frames -> one row per second of one camera's expected person, also when nothing was found.

Valence and arousal are the means of Russell and Mehrabian (1977), "Evidence for a three-factor theory of
emotions", Journal of Research in Personality 11, 273-294: ratings of pleasure and arousal, -1..1, for the
words happy, surprised, angry, disgusted, fearful and sad; neutral is the origin. A row's value is the
expectation under its probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from emotion.labels import EMOTIONS
from emotion.roles import RoleAssignment, expected_role
from emotion.samples import FaceSamples
from emotion.track import Indices, Track
from emotion.types import Float, Second

SECOND_US: Final = 1_000_000
VALENCE_AROUSAL: Final = {
    "anger": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "happiness": (0.81, 0.51),
    "neutral": (0.0, 0.0),
    "sadness": (-0.63, -0.27),
    "surprise": (0.40, 0.67),
}
_COORDINATES: Final = np.array([VALENCE_AROUSAL[emotion] for emotion in EMOTIONS])


@dataclass(frozen=True)
class TimelineOptions:
    """When a second counts: faces under min_quality are left out, a mean whose best emotion has less than
    min_confidence names none.

    A second without a face is "occluded", covered or turned away, rather than "no_face" when the person was
    in the same place, within same_place_faces and same_size, less than occluded_s apart before and after.
    """

    min_quality: float = 0.15
    min_confidence: float = 0.2
    occluded_s: float = 10.0
    same_place_faces: float = 0.8
    same_size: float = 1.4


@dataclass(frozen=True)
class EncounterClock:
    """From a camera's own time to the encounter's: offset_us is added, and drift_ppm of the time itself."""

    offset_us: int = 0
    drift_ppm: float = 0.0

    def encounter_us(self, time_us: int) -> int:
        """Return the encounter's time of a moment in the camera's.

        >>> EncounterClock(offset_us=640_000, drift_ppm=50.0).encounter_us(1_800_000_000)
        1800730000
        """
        return time_us + self.offset_us + round(time_us * self.drift_ppm / 1e6)

    def second(self, time_us: int) -> int:
        """Return the encounter's second that a moment in the camera's time falls into."""
        return self.encounter_us(time_us) // SECOND_US


def valence_arousal(probs: tuple[float, ...]) -> tuple[float, float]:
    """Return the expected valence and arousal, each in -1..1, of (7,) probabilities in the order of EMOTIONS.

    >>> valence_arousal((0, 0, 0, 0.5, 0.5, 0, 0))
    (0.405, 0.255)
    """
    valence, arousal = np.asarray(probs, np.float64) @ _COORDINATES
    return round(float(valence), 6), round(float(arousal), 6)


def build_timeline(
    samples: FaceSamples,
    tracks: tuple[Track, ...],
    roles: tuple[RoleAssignment, ...],
    *,
    camera: str,
    duration_us: int,
    sample_fps: Fraction,
    clock: EncounterClock | None = None,
    options: TimelineOptions | None = None,
) -> tuple[Second, ...]:
    """Return a row for every second of the encounter's clock that the recording covers.

    clock: from the camera's own time to the encounter's, so that the first row is not always second 0.
    sample_fps tells how short a last second may be without being expected to hold a sampled frame.
    """
    options, clock = options or TimelineOptions(), clock or EncounterClock()
    faces = _LabelledFaces(
        samples,
        _seconds_of(samples.face_times_us, clock),
        _track_of_face(len(samples), tracks),
        frozenset(role.track for role in roles if role.role == expected_role(camera)),
    )
    frame_seconds = _seconds_of(samples.frame_times_us, clock)
    return tuple(
        _one_second(faces, camera, second, int(np.count_nonzero(frame_seconds == second)), options=options)
        for second in _covered_seconds(frame_seconds, duration_us, clock, sample_fps)
    )


@dataclass(frozen=True)
class _LabelledFaces:
    """Samples with the second (N,) and track number (N,) of each face, and the tracks that count."""

    samples: FaceSamples
    seconds: Indices
    tracks: Indices
    relevant: frozenset[int]

    def within(self, second: int) -> tuple[Indices, Indices]:
        """Return the faces of the expected person and of everyone else in one second."""
        first, past = np.searchsorted(self.seconds, (second, second + 1))
        faces = np.arange(first, past)
        own = np.isin(self.tracks[faces], list(self.relevant))
        return faces[own], faces[~own]


def _seconds_of(times_us: Indices, clock: EncounterClock) -> Indices:
    return np.array([clock.second(time_us) for time_us in times_us.tolist()], np.int64)


def _track_of_face(count: int, tracks: tuple[Track, ...]) -> Indices:
    numbers = np.zeros(count, np.int64)
    for track in tracks:
        numbers[track.faces] = track.number
    return numbers


def _covered_seconds(
    frame_seconds: Indices, duration_us: int, clock: EncounterClock, sample_fps: Fraction
) -> range:
    """Return the seconds of the recording; a last one under a sampling interval needs a frame in it."""
    tail_us = int(SECOND_US / sample_fps)
    first = clock.second(0)
    past = -(-clock.encounter_us(duration_us - tail_us) // SECOND_US)
    last_sampled = int(frame_seconds[-1]) + 1 if len(frame_seconds) else first
    return range(first, max(past, last_sampled, first + 1))


def _one_second(
    faces: _LabelledFaces, camera: str, second: int, sampled: int, *, options: TimelineOptions
) -> Second:
    own, others = faces.within(second)
    detected = len(np.unique(faces.samples.face_times_us[own]))
    track = _heaviest_track(faces, own) if len(own) else None
    probs = _judge(faces.samples, own, options)
    if sampled == 0:
        status = "not_analysed"
    elif len(own) == 0:
        status = "irrelevant_face" if len(others) else _unseen(faces, second, options)
    else:
        status = "ok" if probs else "low_confidence"
    top = int(np.argmax(probs)) if probs else None
    return Second(
        camera=camera,
        second=second,
        role=expected_role(camera),
        track=track,
        status=status,
        emotion=EMOTIONS[top] if top is not None else None,
        confidence=probs[top] if top is not None else None,
        probs=probs,
        valence=valence_arousal(probs)[0] if probs else None,
        arousal=valence_arousal(probs)[1] if probs else None,
        frames_sampled=sampled,
        frames_detected=detected,
    )


def _unseen(faces: _LabelledFaces, second: int, options: TimelineOptions) -> str:
    """Return why nobody is seen in a second: the face is hidden on the spot, or the person is not there."""
    own = np.flatnonzero(np.isin(faces.tracks, list(faces.relevant)))
    past = int(np.searchsorted(faces.seconds[own], second))
    if past == 0 or past == len(own):
        return "no_face"
    before, after = own[past - 1], own[past]
    times_us = faces.samples.face_times_us
    if times_us[after] - times_us[before] > options.occluded_s * SECOND_US:
        return "no_face"
    boxes = faces.samples.boxes_px[[before, after]]
    sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    moved = float(np.linalg.norm(np.diff((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0))) / float(sides.mean())
    grown = float(sides.max() / max(float(sides.min()), 1e-9))
    stayed = moved <= options.same_place_faces and grown <= options.same_size
    return "occluded" if stayed else "no_face"


def _judge(samples: FaceSamples, own: Indices, options: TimelineOptions) -> tuple[float, ...]:
    """Return the probabilities of a second, empty when no face is good enough or no emotion stands out."""
    usable = own[samples.qualities[own] >= options.min_quality]
    if len(usable) == 0:
        return ()
    probs = mean_probs(samples.probs[usable], samples.qualities[usable])
    return probs if max(probs) >= options.min_confidence else ()


def mean_probs(probs: Float, weights: Float) -> tuple[float, ...]:
    """Return the weighted mean of (N, 7) probabilities, N at least 1, as seven floats that sum to 1.

    >>> mean_probs(np.eye(7, dtype=np.float32)[[0, 3]], np.array([1, 3], np.float32))
    (0.25, 0.0, 0.0, 0.75, 0.0, 0.0, 0.0)
    """
    total = np.asarray(weights, np.float64) @ np.asarray(probs, np.float64)
    return tuple(float(value) for value in total / total.sum())


def _heaviest_track(faces: _LabelledFaces, own: Indices) -> int:
    numbers, positions = np.unique(faces.tracks[own], return_inverse=True)
    return int(numbers[np.argmax(np.bincount(positions, weights=faces.samples.qualities[own]))])
