"""A person's resting face, and their seconds once it counts as neutral."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from webapp.engines.values import SECOND_US, Calibrated

if TYPE_CHECKING:
    from emotion.types import Second

AROUND_S = 1  # seconds before and after a chosen one that count as well


def calibrate(rows: Sequence[dict[str, Any]], *, second: int | None, duration_s: float) -> Calibrated | None:
    """Return one person's rows with their resting face as neutral, None when no second tells what it is.

    rows: with the columns of timeline.csv, of one camera and role. second: around which the face is at rest;
    None for the first quiet seconds. No row is modified.
    """
    from emotion.calibrate import calibrate_rows, find_resting_face, resting_face_at
    from emotion.labels import EMOTIONS
    from emotion.statistics import summarise_person

    seconds = [_second(row) for row in rows]
    if second is None:
        resting = find_resting_face(seconds)
    else:
        near = [one.second for one in seconds if one.status == "ok" and abs(one.second - second) <= AROUND_S]
        resting = resting_face_at(seconds, near) if near else None
    if resting is None:
        return None
    found = calibrate_rows(seconds, resting).calibrated
    summary = summarise_person(found, role=rows[0]["role"], duration_us=round(duration_s * SECOND_US))
    return Calibrated(
        rows=[
            row | {name: getattr(one, name) for name in ("emotion", "confidence", "valence", "arousal")}
            | (dict(zip(EMOTIONS, one.probs, strict=True)) if one.probs else {})
            for row, one in zip(rows, found, strict=True)
        ],
        seconds=list(resting.seconds),
        summary=summary.as_dict(),
    )  # fmt: skip


def _second(row: dict[str, Any]) -> Second:
    from emotion.labels import EMOTIONS
    from emotion.types import Second

    probs = tuple(row[name] for name in EMOTIONS) if row["status"] == "ok" else ()
    fields = ("camera", "second", "role", "track", "status", "emotion", "confidence")
    more = ("valence", "arousal", "frames_sampled", "frames_detected")
    values = {name: row[name] for name in (*fields, *more)}
    return Second(**values, probs=probs)
