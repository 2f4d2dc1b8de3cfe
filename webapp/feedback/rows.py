"""The seconds a doctor reflects on: those of the newest analysis, or else of the newest live session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import latest_run
from webapp.analysis.showing import shown_to
from webapp.analysis.timelines import EMOTIONS, second_rows
from webapp.analysis.timelines import timeline as run_timeline
from webapp.live.models import LiveSession, Reading
from webapp.studies.access import Someone
from webapp.studies.models import Encounter

Values = dict[str, Any]
WITHHELD: Final = "consent_withheld"
LABELS: Final = {"doctor": "You", "patient": "Patient"}


@dataclass(frozen=True)
class Source:
    """Where the seconds come from: exactly one of both."""

    run: AnalysisRun | None = None
    session: LiveSession | None = None


def source_of(encounter: Encounter) -> Source | None:
    """Return what there is to reflect on, None before an analysis or a live session."""
    run = latest_run(encounter)
    if run is not None:
        return Source(run=run)
    session = encounter.live_sessions.exclude(ended_at=None).filter(readings__isnull=False).first()
    return Source(session=session) if session else None


def rows_by_camera(source: Source, reader: Someone) -> dict[str, list[Values]]:
    """Return plain rows per camera in the order of time, emptied where the reader may not see them now."""
    found: dict[str, list[Values]] = {"doctor": [], "patient": []}
    rows = _of_run(source.run, reader) if source.run else _of_session(source.session, reader)
    for row in rows:
        found[row["camera"]].append(row)
    return found


def _of_run(run: AnalysisRun, reader: Someone) -> list[Values]:
    return [
        {
            "camera": row["camera"],
            "second": row["second"],
            "status": row["status"],
            "emotion": row["emotion"],
            "confidence": row["confidence"],
            "probs": [row[emotion] for emotion in EMOTIONS] if row["status"] == "ok" else [],
            "frames_sampled": row["frames_sampled"] or 0,
            "frames_detected": row["frames_detected"] or 0,
        }
        for row in second_rows(run, reader)
    ]


def _of_session(session: LiveSession | None, reader: Someone) -> list[Values]:
    if session is None:
        return []
    allowed = shown_to(reader, session.encounter).cameras
    names = (
        "camera",
        "second",
        "status",
        "emotion",
        "confidence",
        "probs",
        "calibrated",
        "frames_sampled",
        "frames_detected",
    )
    rows = Reading.objects.filter(session=session).order_by("camera", "second").values(*names)
    return [row | row["calibrated"] if row["camera"] in allowed else _withheld(row) for row in rows]


def _withheld(row: Values) -> Values:
    empty: Values = {"status": WITHHELD, "emotion": None, "confidence": None, "probs": []}
    return {**row, **empty, "frames_sampled": 0, "frames_detected": 0}


def timeline_of(source: Source, reader: Someone, summary: dict[str, Values]) -> Values:
    """Return the columns of a timeline page, as for an analysis. summary: of each person, by role."""
    if source.run is not None:
        return run_timeline(source.run, reader)
    found = rows_by_camera(source, reader)
    lanes = [_lane(camera, rows, summary[camera]) for camera, rows in found.items() if rows]
    ends = [lane["seconds"][-1] + 1 for lane in lanes]
    return {
        "id": "",
        "model": source.session.model if source.session else "",
        "emotions": EMOTIONS,
        "duration_s": max(ends, default=0),
        "sync": {"offset_ms": None, "confidence": None, "method": "clock", "applied": False},
        "lanes": lanes,
        "hidden": [],
    }


def _lane(camera: str, rows: list[Values], summary: Values) -> Values:
    return {
        "camera": camera,
        "role": camera,
        "label": LABELS[camera],
        "offset_ms": 0.0,
        "seconds": [row["second"] for row in rows],
        "status": [row["status"] for row in rows],
        "emotion": [row["emotion"] for row in rows],
        "confidence": [row["confidence"] for row in rows],
        "probs": {
            emotion: [row["probs"][place] if row["probs"] else None for row in rows]
            for place, emotion in enumerate(EMOTIONS)
        },
        "valence": [None] * len(rows),
        "arousal": [None] * len(rows),
        "summary": summary,
    }
