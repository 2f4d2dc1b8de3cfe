"""Moments that matter: when the patient's expression was negative, and what the doctor's did right after.

A help for looking again, not a judgement: a face is one of many ways to answer, and whether a moment was a
cue or a concern, and was given space, is for the doctor to code (VR-CoDES: Zimmermann et al., Patient Educ
Couns 2011;82:141; Del Piccolo et al., Patient Educ Couns 2011;82:149).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from emotion.findings import Episode, find_episodes
from emotion.smooth import settle_emotions
from emotion.types import Second

NEGATIVE: Final = ("anger", "disgust", "fear", "sadness")
AT_ODDS: Final = ("anger", "disgust", "happiness")  # expressions that do not answer distress
WITHIN_S: Final = 5
MET: Final = "met"
MISSED: Final = "missed"
UNSEEN: Final = "not_seen"


@dataclass(frozen=True)
class Moment:
    """A negative episode of the patient, and the doctor's expression within WITHIN_S of its onset.

    doctor: the settled expression most often classified in those seconds, None when the face was seen in
    fewer than half of them. answer: MET when the doctor's expression was, at least for a second, neither
    neutral nor at odds with distress, and was not at odds most of the time; UNSEEN without enough seen; else
    MISSED.
    """

    episode: Episode
    doctor: str | None
    answer: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a page."""
        episode = {**asdict(self.episode), "duration_s": self.episode.duration_s}
        return {**episode, "doctor": self.doctor, "answer": self.answer}


def find_moments(
    doctor: Sequence[Second], patient: Sequence[Second], *, min_episode_s: int = 2
) -> tuple[Moment, ...]:
    """Return the patient's negative episodes of at least min_episode_s with the doctor's answer to each.

    doctor, patient: rows on one clock in the order of time; either may be empty.
    """
    settled = dict(zip((row.second for row in doctor), settle_emotions(doctor), strict=True))
    return tuple(
        _answered(episode, settled)
        for episode in find_episodes(patient, emotions=NEGATIVE, min_episode_s=min_episode_s)
    )


def _answered(episode: Episode, settled: dict[int, str | None]) -> Moment:
    seen = [
        emotion
        for second in range(episode.onset_s, episode.onset_s + WITHIN_S)
        if (emotion := settled.get(second)) is not None
    ]
    if 2 * len(seen) < WITHIN_S:
        return Moment(episode, None, UNSEEN)
    most = Counter(seen).most_common(1)[0][0]
    fitting = [emotion for emotion in seen if emotion not in AT_ODDS and emotion != "neutral"]
    return Moment(episode, most, MET if fitting and most not in AT_ODDS else MISSED)
