"""The words of the field in one order: emotions, roles and what can be said of one second."""

from __future__ import annotations

from typing import Final

EMOTIONS: Final = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
ROLES: Final = ("doctor", "patient", "irrelevant")
CAMERAS: Final = ("doctor", "patient")
STATUSES: Final = (
    "ok",
    "no_face",
    "low_confidence",
    "irrelevant_face",
    "occluded",
    "consent_withheld",
    "not_analysed",
)


def order_from(names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the columns of a model's output that put it into the order of EMOTIONS.

    names: the model's own seven labels in its own order. Raises ValueError unless they are exactly EMOTIONS.

    >>> order_from(("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise"))
    (3, 5, 4, 1, 0, 2, 6)
    """
    if sorted(names) != sorted(EMOTIONS):
        raise ValueError(f"expected the seven labels {EMOTIONS}, got {names}")
    return tuple(names.index(emotion) for emotion in EMOTIONS)
