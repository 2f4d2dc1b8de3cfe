"""Rows of a timeline -> one person's findings, each share with the seconds it is a share of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from emotion.labels import EMOTIONS, STATUSES
from emotion.smooth import settle_emotions
from emotion.types import Second


@dataclass(frozen=True)
class PersonSummary:
    """What one camera says of its expected person.

    detection_rate: seconds with status "ok" as a share of all rows but those whose consent is withheld, None
    when there are none. share_by_emotion: of the "ok" seconds, None when there are none. changes_per_minute:
    settled changes (see smooth.py) between neighbouring seconds per minute of "ok" seconds. valence, arousal:
    means over them.
    """

    role: str
    duration_s: float
    detection_rate: float | None
    seconds: dict[str, int]
    seconds_by_emotion: dict[str, int]
    share_by_emotion: dict[str, float | None]
    changes_per_minute: float | None
    dominant: str | None
    valence: float | None
    arousal: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as summary.json holds them."""
        return asdict(self)


def summarise_person(rows: Sequence[Second], *, role: str, duration_us: int) -> PersonSummary:
    """Return the findings from all rows of one role on one camera, in the order of time."""
    statuses = Counter(row.status for row in rows)
    judged = [row for row in rows if row.status == "ok"]
    counted = len(rows) - statuses["consent_withheld"]
    by_emotion = Counter(row.emotion for row in judged)
    seconds_by_emotion = {emotion: by_emotion[emotion] for emotion in EMOTIONS}
    return PersonSummary(
        role=role,
        duration_s=round(duration_us / 1e6, 3),
        detection_rate=_share(len(judged), counted),
        seconds={status: statuses[status] for status in STATUSES},
        seconds_by_emotion=seconds_by_emotion,
        share_by_emotion={
            emotion: _share(seconds, len(judged)) for emotion, seconds in seconds_by_emotion.items()
        },
        changes_per_minute=_share(60 * count_changes(rows), len(judged)),
        dominant=max(EMOTIONS, key=lambda emotion: seconds_by_emotion[emotion]) if judged else None,
        valence=_mean([row.valence for row in judged]),
        arousal=_mean([row.arousal for row in judged]),
    )


def count_changes(rows: Sequence[Second]) -> int:
    """Return how often the settled emotion differs between two neighbouring seconds that both have one."""
    settled = settle_emotions(rows)
    return sum(
        one is not None and other is not None and one != other and later.second == earlier.second + 1
        for (one, other), (earlier, later) in zip(pairwise(settled), pairwise(rows), strict=True)
    )


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 6) if known else None
