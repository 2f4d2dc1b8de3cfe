"""Seconds of one person -> how often, how long and in which order each expression was classified.

Everything speaks of expressions as classified, never of what anybody felt. Rows are consecutive seconds of
one role on one camera, as timeline.py builds them; settled states are those of smooth.py. A second that was
not seen interrupts whatever was going on: gaps are never bridged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, pairwise
from typing import Any, Final

from emotion.labels import EMOTIONS
from emotion.smooth import settle_emotions
from emotion.types import Second

EXPRESSIVE: Final = tuple(emotion for emotion in EMOTIONS if emotion != "neutral")
PUBLISHED_DETECTION_RATE: Final = 0.8  # Yang et al. (2022), doi:10.2196/29506: over 80 % on real-world data


@dataclass(frozen=True)
class Share:
    """Seconds classified as one emotion, and the seconds they are a share of; share is None without any."""

    emotion: str
    seconds: int
    of_seconds: int
    share: float | None


@dataclass(frozen=True)
class Transition:
    """How often one settled emotion gave way to another; share is of all changes away from `before`."""

    before: str
    after: str
    count: int
    share: float


@dataclass(frozen=True)
class Episode:
    """A stretch of seconds with one settled emotion.

    onset_s: its first second. apex_s: the second in which the emotion was most probable, the first of equals.
    offset_s: the first second that no longer belongs to it. onset_seen, offset_seen: whether the second
    before and the second after were seen, so that the episode did begin and end there.
    """

    emotion: str
    onset_s: int
    apex_s: int
    offset_s: int
    apex_probability: float
    onset_seen: bool
    offset_seen: bool

    @property
    def duration_s(self) -> int:
        """Return how many seconds it lasted while it was seen."""
        return self.offset_s - self.onset_s


@dataclass(frozen=True)
class DetectionRate:
    """Seconds with a classified face, of those that consent allowed, beside the figure of the paper."""

    seconds: int
    of_seconds: int
    rate: float | None
    published: float = PUBLISHED_DETECTION_RATE


@dataclass(frozen=True)
class PersonFindings:
    """What recurs in the seconds of one person."""

    detection: DetectionRate
    shares: tuple[Share, ...]
    transitions: tuple[Transition, ...]
    episodes: tuple[Episode, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values for summary.json."""
        return asdict(self)


def find_patterns(rows: Sequence[Second], *, min_episode_s: int = 2) -> PersonFindings:
    """Return the findings of one person; rows may be empty, and every share is then None."""
    return PersonFindings(
        measure_detection(rows),
        share_emotions(rows),
        count_transitions(rows),
        find_episodes(rows, min_episode_s=min_episode_s),
    )


def measure_detection(rows: Sequence[Second]) -> DetectionRate:
    """Return the share of "ok" rows among those whose consent is not withheld."""
    counted = sum(row.status != "consent_withheld" for row in rows)
    seen = sum(row.status == "ok" for row in rows)
    return DetectionRate(seen, counted, seen / counted if counted else None)


def share_emotions(rows: Sequence[Second]) -> tuple[Share, ...]:
    """Return one share per emotion in the order of EMOTIONS, of the "ok" seconds."""
    counts = Counter(row.emotion for row in rows if row.status == "ok")
    total = counts.total()
    return tuple(
        Share(emotion, counts[emotion], total, counts[emotion] / total if total else None)
        for emotion in EMOTIONS
    )


def count_transitions(rows: Sequence[Second]) -> tuple[Transition, ...]:
    """Return the changes of settled emotion between neighbouring seconds, the most frequent first."""
    changes = Counter(
        (before, after)
        for stretch in _seen_stretches(rows)
        for (before, _), (after, _) in pairwise(stretch)
        if before != after
    )
    departures: Counter[str] = Counter()
    for (before, _), count in changes.items():
        departures[before] += count
    ordered = sorted(changes.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Transition(before, after, count, count / departures[before]) for (before, after), count in ordered
    )


def find_episodes(
    rows: Sequence[Second], *, emotions: Sequence[str] = EXPRESSIVE, min_episode_s: int = 2
) -> tuple[Episode, ...]:
    """Return the episodes of the given emotions that last at least min_episode_s, in the order of time."""
    return tuple(
        episode
        for stretch in _seen_stretches(rows)
        for episode in _episodes_within(stretch)
        if episode.emotion in emotions and episode.duration_s >= min_episode_s
    )


def _seen_stretches(rows: Sequence[Second]) -> Iterator[list[tuple[str, Second]]]:
    """Yield unbroken runs of seen seconds, each second with its settled emotion."""
    settled = settle_emotions(rows)
    stretch: list[tuple[str, Second]] = []
    for emotion, row in zip(settled, rows, strict=True):
        if stretch and (emotion is None or row.second != stretch[-1][1].second + 1):
            yield stretch
            stretch = []
        if emotion is not None:
            stretch.append((emotion, row))
    if stretch:
        yield stretch


def _episodes_within(stretch: list[tuple[str, Second]]) -> Iterator[Episode]:
    for emotion, run in groupby(stretch, key=lambda item: item[0]):
        seconds = [row for _, row in run]
        column = EMOTIONS.index(emotion)
        apex = max(seconds, key=lambda row: row.probs[column])
        yield Episode(
            emotion=emotion,
            onset_s=seconds[0].second,
            apex_s=apex.second,
            offset_s=seconds[-1].second + 1,
            apex_probability=apex.probs[column],
            onset_seen=seconds[0] is not stretch[0][1],
            offset_seen=seconds[-1] is not stretch[-1][1],
        )
