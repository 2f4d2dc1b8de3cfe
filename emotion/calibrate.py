"""One person's resting face -> scores in which that face counts as neutral.

Some faces at rest are classified as sad or angry. From a stretch in which a person's expression hardly
changes, or from a frame that somebody chose, this learns what the model sees in the face at rest, r, and
moves every second by the same factor towards what it should have seen, t:

    p'_i = p_i (t_i / r_i)^strength / sum_j p_j (t_j / r_j)^strength

the change of prior probabilities of Saerens, Latinne and Decaestecker (2002), doi:10.1162/089976602753284446,
equation 2.4. The face at rest itself becomes t. r and t are kept from getting under FLOOR, so that an emotion
that a face never shows at rest is not blown up. Raw and calibrated rows are both kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.labels import EMOTIONS
from emotion.timeline import valence_arousal
from emotion.types import Second

FLOOR: Final = 0.02
NEUTRAL_AT_REST: Final = 0.88  # the rest is 0.02 for each other emotion
AT_REST: Final = tuple(
    NEUTRAL_AT_REST if emotion == "neutral" else (1 - NEUTRAL_AT_REST) / (len(EMOTIONS) - 1)
    for emotion in EMOTIONS
)
NOT_AT_REST: Final = ("happiness", "surprise")  # a steady smile is quiet, but no face at rest
Probs = tuple[float, ...]
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class QuietOptions:
    """What a quiet stretch is: the first length_s seconds in a row, all seen and begun within within_s of the
    first row, in which probabilities move by at most max_change (half the sum of absolute differences,
    0..1) from each second to the next and in which neither a smile nor surprise is most probable."""

    length_s: int = 5
    within_s: int = 120
    max_change: float = 0.15


@dataclass(frozen=True)
class RestingFace:
    """What a model sees in one person's face at rest, and the seconds that say so."""

    probs: Probs
    seconds: tuple[int, ...]
    how: str


@dataclass(frozen=True)
class CalibratedRows:
    """One person's rows before and after calibration, second by second; resting is what it rests on."""

    raw: tuple[Second, ...]
    calibrated: tuple[Second, ...]
    resting: RestingFace
    strength: float


def find_resting_face(rows: Sequence[Second], options: QuietOptions | None = None) -> RestingFace | None:
    """Return the mean of the first quiet stretch, None when there is none and nothing can be calibrated."""
    options = options or QuietOptions()
    for start in range(len(rows) - options.length_s + 1):
        stretch = rows[start : start + options.length_s]
        if stretch[0].second - rows[0].second >= options.within_s:
            return None
        if _is_quiet(stretch, options.max_change):
            return _resting(stretch, "first quiet seconds")
    return None


def resting_face_at(rows: Sequence[Second], seconds: Sequence[int]) -> RestingFace:
    """Return the mean of chosen seconds. Raises ValueError unless each of them is there and "ok"."""
    seen = {row.second: row for row in rows if row.status == "ok"}
    missing = [second for second in seconds if second not in seen]
    if missing or not seconds:
        raise ValueError(f"expected seconds with a classified face, got {list(seconds)}, without: {missing}")
    return _resting([seen[second] for second in seconds], "chosen by hand")


def calibrate_rows(rows: Sequence[Second], resting: RestingFace, *, strength: float = 1.0) -> CalibratedRows:
    """Return the rows beside their calibrated twins.

    Rows with a status other than "ok" stay as they are, and no status changes: how much was seen is a matter
    of the raw scores. strength: 0 changes nothing, 1 makes the resting face neutral.
    """
    calibrated = tuple(
        _calibrated(row, resting.probs, strength) if row.status == "ok" else row for row in rows
    )
    return CalibratedRows(tuple(rows), calibrated, resting, strength)


def calibrate_probs(probs: Probs, resting: Probs, *, strength: float = 1.0) -> Probs:
    """Return seven calibrated probabilities that sum to 1, by the formula above.

    probs, resting: (7,) in the order of EMOTIONS. Raises ValueError for another length or a strength outside
    of 0..1.

    >>> sad_at_rest = (0.02, 0.02, 0.02, 0.02, 0.42, 0.48, 0.02)
    >>> [round(p, 2) for p in calibrate_probs(sad_at_rest, sad_at_rest)]
    [0.02, 0.02, 0.02, 0.02, 0.88, 0.02, 0.02]
    """
    if len(probs) != len(EMOTIONS) or len(resting) != len(EMOTIONS) or not 0 <= strength <= 1:
        raise ValueError(
            f"expected twice {len(EMOTIONS)} probabilities and a strength in 0..1, "
            f"got {len(probs)}, {len(resting)} and {strength}"
        )
    moved = np.asarray(probs, np.float64) * (_floored(AT_REST) / _floored(resting)) ** strength
    return tuple(float(value) for value in moved / moved.sum())


def _floored(probs: Probs) -> Vector:
    raised = np.maximum(np.asarray(probs, np.float64), FLOOR)
    return np.asarray(raised / raised.sum())


def _calibrated(row: Second, resting: Probs, strength: float) -> Second:
    probs = calibrate_probs(row.probs, resting, strength=strength)
    valence, arousal = valence_arousal(probs)
    top = int(np.argmax(probs))
    return replace(
        row, probs=probs, emotion=EMOTIONS[top], confidence=probs[top], valence=valence, arousal=arousal
    )


def _is_quiet(stretch: Sequence[Second], max_change: float) -> bool:
    seconds = [row.second for row in stretch]
    if any(row.status != "ok" for row in stretch) or seconds[-1] - seconds[0] != len(stretch) - 1:
        return False
    probs = np.array([row.probs for row in stretch])
    changes = np.abs(np.diff(probs, axis=0)).sum(axis=1) / 2
    top = EMOTIONS[int(np.argmax(probs.mean(axis=0)))]
    return bool(np.all(changes <= max_change)) and top not in NOT_AT_REST


def _resting(stretch: Sequence[Second], how: str) -> RestingFace:
    mean = np.mean([row.probs for row in stretch], axis=0)
    return RestingFace(
        tuple(float(value) for value in mean / mean.sum()), tuple(row.second for row in stretch), how
    )
