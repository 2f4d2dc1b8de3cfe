"""Noisy seconds -> settled states: a change counts when it is clear or when it lasts."""

from __future__ import annotations

from collections.abc import Sequence

from emotion.labels import EMOTIONS
from emotion.types import Second


def settle_emotions(rows: Sequence[Second], *, margin: float = 0.1) -> tuple[str | None, ...]:
    """Return the settled emotion of each row, None where the row is not "ok".

    rows: consecutive seconds of one person. The held emotion gives way to another that leads it by at least
    margin in probability, or that is also first in the next second. A gap forgets what was held.
    """
    held: str | None = None
    settled: list[str | None] = []
    for position, row in enumerate(rows):
        if row.status != "ok" or row.emotion is None:
            held = None
        elif held is None or _leads(row, held, margin) or _lasts(rows, position):
            held = row.emotion
        settled.append(held)
    return tuple(settled)


def _leads(row: Second, held: str, margin: float) -> bool:
    return row.confidence is not None and row.confidence - row.probs[EMOTIONS.index(held)] >= margin


def _lasts(rows: Sequence[Second], position: int) -> bool:
    following = rows[position + 1 : position + 2]
    return any(row.status == "ok" and row.emotion == rows[position].emotion for row in following)
