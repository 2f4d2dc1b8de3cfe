"""A run as columns for a chart and as lines of timeline.csv. Seconds that the reader may not see say so and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from webapp import engines
from webapp.analysis.models import AnalysisRun, FaceObservation, RestingChoice, SecondRow
from webapp.analysis.queries import resting_choices
from webapp.analysis.showing import FOR_THE_DOCTOR_ALONE, shown_to
from webapp.studies.access import Someone

EMOTIONS: Final = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
STATUSES: Final = [
    "ok",
    "no_face",
    "low_confidence",
    "irrelevant_face",
    "occluded",
    "consent_withheld",
    "not_analysed",
]
COLUMNS: Final = (
    "camera",
    "second",
    "role",
    "track",
    "status",
    "emotion",
    "confidence",
    *EMOTIONS,
    "valence",
    "arousal",
    "frames_sampled",
    "frames_detected",
)
WITHHELD: Final = "consent_withheld"
_KEPT_WHEN_WITHHELD: Final = frozenset({"camera", "second", "role"})

Values = dict[str, Any]


def second_rows(run: AnalysisRun, reader: Someone | None) -> Iterator[Values]:
    """Yield the values of COLUMNS for every second, emptied where the reader may not see them at this moment.

    reader: None for whoever may get what is made of them.
    """
    allowed = shown_to(reader, run.encounter).cameras
    for row in SecondRow.objects.filter(run=run).values(*COLUMNS).iterator():
        yield row if row["camera"] in allowed else _withheld(row)


def lanes_of(run: AnalysisRun, reader: Someone | None) -> dict[tuple[str, str], list[Values]]:
    """Return the rows of second_rows by camera and role."""
    lanes: dict[tuple[str, str], list[Values]] = {}
    for row in second_rows(run, reader):
        lanes.setdefault((row["camera"], row["role"]), []).append(row)
    return lanes


def calibrated_rows(run: AnalysisRun, reader: Someone | None) -> Iterator[Values]:
    """Yield the rows of second_rows, with everybody's resting face as neutral where one was chosen."""
    choices = resting_choices(run)
    for (camera, role), rows in lanes_of(run, reader).items():
        found = _calibrated(run, choices.get(camera), role, rows)
        yield from found.rows if found else rows


def timeline(run: AnalysisRun, reader: Someone | None) -> Values:
    """Return the run as one lane of columns per person, on the encounter's clock; in the place of a lane that
    is not for this reader, a sentence that says so.
    """
    lanes, choices = lanes_of(run, reader), resting_choices(run)
    kept = shown_to(reader, run.encounter).kept
    ends = [rows[-1]["second"] + 1 for rows in lanes.values()]
    return {
        "id": str(run.pk),
        "model": run.model,
        "emotions": EMOTIONS,
        "duration_s": max(ends, default=0),
        "sync": {
            "offset_ms": run.sync_offset_ms,
            "confidence": run.sync_confidence,
            "method": run.sync_method,
            "applied": run.sync_applied,
        },
        "lanes": [
            _lane(run, camera, role, rows, choices.get(camera))
            for (camera, role), rows in lanes.items()
            if camera not in kept
        ],
        "hidden": [
            {"camera": camera, "role": role, "why": FOR_THE_DOCTOR_ALONE}
            for camera, role in lanes
            if camera in kept
        ],
    }


def face_columns(run: AnalysisRun, camera: str, faces: Any) -> Values:
    """Return sampled faces as columns, in the camera's own time; bystanders have no emotion."""
    columns: Values = {name: [] for name in ("t_ms", "track", "role", "box", "emotion", "confidence")}
    face: FaceObservation
    for face in faces:
        columns["box"].append([face.x, face.y, face.w, face.h])
        for name in ("t_ms", "track", "role"):
            columns[name].append(getattr(face, name))
        columns["emotion"].append(face.emotion or None)
        columns["confidence"].append(face.confidence if face.emotion else None)
    return columns | {"camera": camera, "offset_ms": run.offsets_ms.get(camera, 0)}


def label_of(run: AnalysisRun, role: str) -> str:
    """Return who a lane is about: the role in words and the participant's code."""
    people = {"doctor": run.encounter.doctor, "patient": run.encounter.patient}
    return f"{role.capitalize()} {people[role].code}" if role in people else role.capitalize()


def withheld_summary(seconds: int) -> Values:
    """Return what is said of a person whose consent is gone: how long the recording was, and nothing else."""
    return {
        "duration_s": seconds,
        "detection_rate": None,
        "seconds": dict.fromkeys(STATUSES, 0) | {WITHHELD: seconds},
        "seconds_by_emotion": dict.fromkeys(EMOTIONS, 0),
        "share_by_emotion": dict.fromkeys(EMOTIONS),
        "changes_per_minute": None,
        "dominant": None,
    }


def _withheld(row: Values) -> Values:
    kept = {name: value if name in _KEPT_WHEN_WITHHELD else None for name, value in row.items()}
    return kept | {"status": WITHHELD, "frames_sampled": 0, "frames_detected": 0}


def _lane(
    run: AnalysisRun, camera: str, role: str, rows: list[Values], choice: RestingChoice | None
) -> Values:
    found = _calibrated(run, choice, role, rows)
    return {
        "camera": camera,
        "role": role,
        "label": label_of(run, role),
        "offset_ms": run.offsets_ms.get(camera, 0),
        "seconds": [row["second"] for row in rows],
        "status": [row["status"] for row in rows],
        **_columns(rows),
        "summary": _summary(run, camera, role, rows),
        "calibrated": found
        and {**_columns(found.rows), "summary": found.summary, "resting_seconds": found.seconds},
    }


def _columns(rows: list[Values]) -> Values:
    """Return what calibration changes, in columns."""
    names = ("emotion", "confidence", "valence", "arousal")
    probs = {emotion: [row[emotion] for row in rows] for emotion in EMOTIONS}
    return {name: [row[name] for row in rows] for name in names} | {"probs": probs}


def _calibrated(
    run: AnalysisRun, choice: RestingChoice | None, role: str, rows: list[Values]
) -> engines.Calibrated | None:
    """Return the rows with the chosen face as neutral; None without a choice that they bear out."""
    if choice is None or role != choice.recording.camera or all(row["status"] == WITHHELD for row in rows):
        return None
    return engines.calibrate(rows, second=choice.second_in(run), duration_s=len(rows))


def _summary(run: AnalysisRun, camera: str, role: str, rows: list[Values]) -> Values:
    if all(row["status"] == WITHHELD for row in rows):
        return withheld_summary(len(rows))
    found: Values = run.summary["cameras"][camera]["roles"][role]
    return found
