"""Expressions as facial units: the seven emotions, blinks and the shapes of speech."""

from __future__ import annotations

from collections.abc import Mapping

# One side stands for both: "browDown" is browDownLeft and browDownRight.
_SIDED = (
    "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown",
    "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer",
)  # fmt: skip

EMOTION_UNITS: Mapping[str, Mapping[str, float]] = {
    "neutral": {},
    "happiness": {
        "mouthSmile": 0.9, "cheekSquint": 0.65, "eyeSquint": 0.25, "mouthUpperUp": 0.35, "jawOpen": 0.1,
        "mouthDimple": 0.2,
    },
    "sadness": {
        "browInnerUp": 1.0, "browDown": 0.55, "mouthFrown": 0.9, "mouthShrugLower": 0.2, "eyeBlink": 0.6,
    },
    "surprise": {"browInnerUp": 0.9, "browOuterUp": 0.9, "eyeWide": 0.9, "jawOpen": 0.45, "mouthFunnel": 0.3},
    "fear": {
        "browInnerUp": 0.95, "browOuterUp": 0.1, "browDown": 0.3, "eyeWide": 1.0, "mouthStretch": 0.7,
        "jawOpen": 0.1, "mouthLowerDown": 0.2, "mouthUpperUp": 0.16, "mouthFrown": 0.3,
    },
    "anger": {
        "browDown": 1.0, "eyeSquint": 0.4, "eyeWide": 0.5, "noseSneer": 0.7, "mouthFrown": 0.5,
        "jawOpen": 0.14, "mouthUpperUp": 0.5, "mouthLowerDown": 0.6, "mouthShrugUpper": 0.5,
        "cheekSquint": 0.25,
    },
    "disgust": {
        "noseSneer": 1.0, "mouthUpperUp": 1.0, "browDown": 0.95, "cheekSquint": 0.75, "eyeSquint": 0.7,
        "mouthFrown": 0.5, "mouthShrugLower": 0.4, "mouthLowerDown": 0.5, "mouthStretch": 0.2,
        "eyeBlink": 0.35,
    },
}  # fmt: skip


def both_sides(units: Mapping[str, float]) -> dict[str, float]:
    """Return units with every sided one spelled out.

    >>> both_sides({"jawOpen": 0.2, "browDown": 1.0})
    {'jawOpen': 0.2, 'browDownLeft': 1.0, 'browDownRight': 1.0}
    """
    spelled: dict[str, float] = {}
    for unit, weight in units.items():
        names = (unit + "Left", unit + "Right") if unit in _SIDED else (unit,)
        spelled.update(dict.fromkeys(names, weight))
    return spelled


def show_emotion(emotion: str, strength: float = 1.0) -> dict[str, float]:
    """Return the facial units of an emotion at a strength of 0..1. Raises KeyError for another emotion."""
    return {unit: weight * strength for unit, weight in both_sides(EMOTION_UNITS[emotion]).items()}
