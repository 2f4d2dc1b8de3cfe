from __future__ import annotations

import pytest

from emotion.labels import EMOTIONS, STATUSES
from emotion.smooth import settle_emotions
from emotion.statistics import count_changes, summarise_person
from emotion.timeline import valence_arousal
from emotion.types import Second
from tests.emotion.faces import probs_of

LETTERS = {"H": "happiness", "S": "sadness", "N": "neutral"}


def row(second: int, status: str = "ok", probs: tuple[float, ...] = ()) -> Second:
    best = EMOTIONS[probs.index(max(probs))] if probs else None
    valence, arousal = valence_arousal(probs) if probs else (None, None)
    return Second(
        "patient",
        second,
        "patient",
        1,
        status,
        best,
        max(probs, default=None),
        probs,
        valence,
        arousal,
        5,
        5 if probs else 0,
    )


def rows(pattern: str) -> list[Second]:
    """H, S, N: a clear second; h: happiness a little before sadness; s: the reverse; -: no face."""
    clear = {letter: probs_of(**{name: 0.9}) for letter, name in LETTERS.items()}
    close = {"h": probs_of(happiness=0.42, sadness=0.38), "s": probs_of(happiness=0.38, sadness=0.42)}
    known = clear | close
    return [
        row(second, "ok", known[letter]) if letter in known else row(second, "no_face")
        for second, letter in enumerate(pattern)
    ]


def test_nothing_recorded_is_not_measured_rather_than_zero():
    summary = summarise_person([], role="patient", duration_us=0)
    assert summary.detection_rate is None
    assert summary.dominant is None
    assert set(summary.share_by_emotion.values()) == {None}
    assert summary.changes_per_minute is None


def test_counts_and_shares_name_their_denominators():
    summary = summarise_person(rows("HHHS----"), role="patient", duration_us=8_000_000)
    assert summary.duration_s == 8.0
    assert summary.detection_rate == 0.5
    assert summary.seconds == {status: {"ok": 4, "no_face": 4}.get(status, 0) for status in STATUSES}
    assert summary.seconds_by_emotion["happiness"] == 3
    assert summary.share_by_emotion["happiness"] == 0.75
    assert sum(share or 0 for share in summary.share_by_emotion.values()) == pytest.approx(1)
    assert summary.dominant == "happiness"


def test_withheld_seconds_are_not_held_against_the_detector():
    seconds = [*rows("HH"), row(2, "consent_withheld"), row(3, "consent_withheld")]
    assert summarise_person(seconds, role="patient", duration_us=4_000_000).detection_rate == 1.0


def test_changes_are_per_minute_of_classified_time():
    summary = summarise_person(rows("HHHHHSSSSSNNNNN"), role="patient", duration_us=15_000_000)
    assert summary.changes_per_minute == 8.0  # two changes in fifteen seconds


@pytest.mark.parametrize(
    ("pattern", "settled", "changes"),
    [
        ("", "", 0),
        ("HHHH", "HHHH", 0),
        ("HSH", "HSH", 2),  # clear leads count at once
        ("hsh", "hhh", 0),  # a flicker by a hair's breadth does not
        ("hss", "hss", 1),  # unless it lasts
        ("H-S", "H-S", 0),  # nobody saw the change
    ],
)
def test_changes_count_when_clear_or_lasting(pattern: str, settled: str, changes: int):
    seconds = rows(pattern)
    letters = {"happiness": "H", "sadness": "S", None: "-"}
    assert "".join(letters[emotion] for emotion in settle_emotions(seconds)) == settled.upper()
    assert count_changes(seconds) == changes
