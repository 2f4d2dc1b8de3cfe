"""Pages written by the server and by scripts say the same."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from emotion.labels import EMOTIONS, STATUSES
from webapp.analysis.templatetags import readings

LABELS = Path(__file__).parents[3] / "frontend" / "static" / "js" / "lib" / "labels.js"


def pairs_in(name: str) -> dict[str, str]:
    block = re.search(rf"const {name} = {{(.*?)}};", LABELS.read_text(), re.S)
    assert block is not None
    return dict(re.findall(r'(\w+): "([^"]+)"', block[1]))


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(readings).failed == 0


def test_scripts_and_templates_use_the_same_letters_and_words():
    assert pairs_in("LETTERS") == readings.LETTERS
    assert pairs_in("STATUS_WORDS") == {"ok": "face read", **readings.STATUS_WORDS}


def test_every_emotion_has_a_letter_and_every_status_has_words():
    assert tuple(readings.LETTERS) == EMOTIONS
    assert ("ok", *readings.STATUS_WORDS) == STATUSES


def test_share_names_its_denominator_and_absence_is_not_zero():
    summary = {"share_by_emotion": {"fear": 0.25, "anger": None}, "seconds": {"ok": 8}}
    assert readings.emotion_share(summary, "fear") == "25\u00a0% of 8\u00a0s"
    assert readings.emotion_share(summary, "anger") == "not measured"


def test_only_statuses_that_occur_are_listed():
    lanes = [{"summary": {"seconds": {"ok": 3, "no_face": 2}}}, {"summary": {"seconds": {"ok": 5}}}]
    assert readings.statuses_in(lanes) == [("no_face", "no face")]


def test_detection_is_a_share_of_the_seconds_that_were_to_be_classified():
    seconds = {"ok": 4, "no_face": 1, "consent_withheld": 7}
    words = readings.detection_share({"detection_rate": 0.8, "duration_s": 4.2, "seconds": seconds})
    assert words.replace(readings.NBSP, " ") == "80 % of 5 s"
