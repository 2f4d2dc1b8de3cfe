"""What happens in the demonstration, second by second; the truth that analyses are compared with.

Each camera has its own clock. The doctor's was started DOCTOR_STARTS_MS after the patient's: second s of the
doctor's file is second s + 0.48 of the patient's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

DURATION_S = 40
DOCTOR_STARTS_MS = 480


@dataclass(frozen=True)
class Act:
    """An expression held from start_s to end_s of the camera's own clock."""

    start_s: int
    end_s: int
    emotion: str
    strength: float = 1.0


@dataclass(frozen=True)
class Turn:
    """Somebody speaks, on the patient camera's clock."""

    speaker: str
    start_s: float
    end_s: float


ACTS: dict[str, tuple[Act, ...]] = {
    "patient": (
        Act(0, 4, "neutral"),  # is asked how things are
        Act(4, 8, "fear"),  # is afraid of the result
        Act(8, 13, "sadness"),
        Act(13, 19, "neutral"),  # bends down for a handkerchief, then listens
        Act(19, 22, "surprise"),  # the finding is harmless
        Act(22, 25, "disgust"),  # tells how the medicine tastes
        Act(25, 28, "neutral"),
        Act(28, 32, "sadness"),  # has felt the doctor's irritation
        Act(32, 34, "neutral"),
        Act(34, 40, "happiness"),
    ),
    "doctor": (
        Act(0, 8, "neutral"),
        Act(8, 13, "sadness", 0.9),  # mirrors the patient
        Act(13, 17, "neutral"),
        Act(17, 21, "happiness"),  # brings the good news
        Act(21, 25, "neutral"),
        Act(25, 29, "anger"),  # the medicine was taken irregularly
        Act(29, 33, "neutral"),
        Act(33, 40, "happiness", 0.9),  # reassures
    ),
}

TURNS = (
    Turn("doctor", 0.7, 3.6),
    Turn("patient", 4.3, 7.6),
    Turn("patient", 8.6, 11.9),
    Turn("doctor", 16.3, 20.0),
    Turn("patient", 22.5, 24.6),
    Turn("doctor", 25.6, 28.4),
    Turn("patient", 29.0, 31.2),
    Turn("doctor", 32.0, 35.2),
    Turn("patient", 35.7, 37.6),
    Turn("doctor", 38.0, 39.4),
)

BEND_S = (12.9, 16.1)  # the patient's face is out of the picture
NURSE_S = (25.6, 31.4)  # the nurse walks behind the patient
NURSE_SEEN_S = (27, 31)  # whole seconds in which her face can be seen


def starts_s(camera: str) -> float:
    """Return when a camera started, on the patient camera's clock."""
    return DOCTOR_STARTS_MS / 1000 if camera == "doctor" else 0.0


def truth_rows() -> Iterator[dict[str, str | int]]:
    """Yield the rows of truth.csv: camera, second, role, emotion, present.

    emotion is what is shown; present is 1 where the face is seen for most of the second, else it is empty.
    """
    for camera, acts in ACTS.items():
        for second in range(DURATION_S):
            act = next(act for act in acts if act.start_s <= second < act.end_s)
            hidden_s = min(second + 1, BEND_S[1]) - max(second, BEND_S[0])
            away = camera == "patient" and hidden_s > 0.5
            emotion = "" if away else act.emotion
            yield _row(camera, second, camera, emotion)
    for second in range(*NURSE_SEEN_S):
        yield _row("patient", second, "irrelevant", "neutral")


def _row(camera: str, second: int, role: str, emotion: str) -> dict[str, str | int]:
    present = int(emotion != "")
    return {"camera": camera, "second": second, "role": role, "emotion": emotion, "present": present}
