"""Rows of a timeline made by hand, one second each."""

from __future__ import annotations

from collections.abc import Sequence

from emotion.labels import EMOTIONS
from emotion.timeline import valence_arousal
from emotion.types import Second
from tests.emotion.faces import probs_of

LETTERS = dict(zip("ADFHNSU", EMOTIONS, strict=True))
STATUS_LETTERS = {".": "no_face", "-": "consent_withheld", "?": "low_confidence"}


def second_of(second: int, probs: Sequence[float] = (), *, role: str = "patient", status: str = "") -> Second:
    """Return one row: "ok" with probabilities, else of the given status or "no_face"."""
    probs = tuple(probs)
    top = probs.index(max(probs)) if probs else None
    valence, arousal = valence_arousal(probs) if probs else (None, None)
    return Second(
        camera=role,
        second=second,
        role=role,
        track=1 if probs else None,
        status=status or ("ok" if probs else "no_face"),
        emotion=EMOTIONS[top] if top is not None else None,
        confidence=probs[top] if top is not None else None,
        probs=probs,
        valence=valence,
        arousal=arousal,
        frames_sampled=5,
        frames_detected=5 if probs else 0,
    )


def spell(letters: str, *, role: str = "patient", start: int = 0, level: float = 0.8) -> tuple[Second, ...]:
    """Return a row per letter: A D F H N S U for an emotion of that probability, . - ? for none."""
    return tuple(
        second_of(second, status=STATUS_LETTERS[letter], role=role)
        if letter in STATUS_LETTERS
        else second_of(second, leaning(LETTERS[letter], level), role=role)
        for second, letter in enumerate(letters, start)
    )


def leaning(emotion: str, level: float = 0.8) -> tuple[float, ...]:
    """Return probabilities with one emotion at a level; the rest is neutral, or sadness beside neutral."""
    other = "sadness" if emotion == "neutral" else "neutral"
    return probs_of(**{emotion: level, other: 1 - level})
