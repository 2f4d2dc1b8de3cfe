from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from emotion.conclude import EncounterAnalysis, conclude_encounter
from emotion.empathy import Evidence, Suggestion
from emotion.empathy_table import shipped_rules
from emotion.labels import EMOTIONS
from emotion.mirroring import Mirroring
from emotion.pipeline import analyse_camera
from emotion.plots import KEYS, SHAPES, Scale, draw_timeline, gather_columns
from emotion.report import render_report
from emotion.results import EngineRecord, describe_run
from emotion.types import Second
from tests import videos
from tests.emotion.faces import probs_of
from tests.emotion.stand_ins import engine

RECORD = EngineRecord(
    "brightness", "cpu", ({"name": "none", "package": "none", "version": "1", "sha256": "0" * 64},)
)
VOID = {"meta", "br"}


class Balanced(HTMLParser):
    """Fails on a tag that is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def second(number: int, status: str = "ok", **shares: float) -> Second:
    probs = probs_of(**shares) if status == "ok" else ()
    best = EMOTIONS[probs.index(max(probs))] if probs else None
    return Second(
        "patient",
        number,
        "patient",
        1,
        status,
        best,
        max(probs, default=None),
        probs,
        None,
        None,
        5,
        len(probs) and 5,
    )


def page_of(encounter: EncounterAnalysis) -> str:
    return render_report(encounter, describe_run(encounter, RECORD))


@pytest.fixture
def encounter(tmp_path: Path) -> EncounterAnalysis:
    path = videos.write_hostile_name(tmp_path)
    analyses = [
        analyse_camera(path, camera=camera, engine=engine(blind=range(25, 50)))
        for camera in ("patient", "doctor")
    ]
    return conclude_encounter(analyses)


def test_page_is_well_formed(encounter: EncounterAnalysis):
    parser = Balanced()
    parser.feed(page_of(encounter))
    assert parser.open == []


def test_page_asks_for_nothing_from_elsewhere_and_runs_nothing(encounter: EncounterAnalysis):
    parser = Balanced()
    parser.feed(page_of(encounter))
    tags = {tag for tag, _, _ in parser.attributes}
    assert not tags & {"script", "link", "img", "iframe", "object"}
    assert not [
        value for _, name, value in parser.attributes if name in {"src", "href"} or name.startswith("on")
    ]
    assert not re.search(r"url\((?!#)|@import|https?:", page_of(encounter))


def test_hostile_file_name_is_shown_and_harmless(encounter: EncounterAnalysis):
    page = page_of(encounter)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_every_emotion_has_its_letter_shape_and_colour(encounter: EncounterAnalysis):
    page = page_of(encounter)
    for emotion in EMOTIONS:
        assert f".e-{emotion} {{" in page
        assert SHAPES[emotion] in page
        assert f">{KEYS[emotion]}</text>" in page


def test_shares_stand_with_their_denominators(encounter: EncounterAnalysis):
    page = page_of(encounter)
    assert "50 % of 2 s" in page
    assert "100 % of 1 s" in page


def test_words_stay_honest(encounter: EncounterAnalysis):
    page = page_of(encounter).lower()
    assert "expression classified as" in page
    assert not re.search(r"\bfelt\b|\blied\b|anonymous|compliant", page)


def test_recording_without_a_face_says_not_measured(tmp_path: Path):
    path = videos.write_normal(tmp_path)
    camera = analyse_camera(path, camera="patient", engine=engine(blind=range(50)))
    page = page_of(conclude_encounter([camera]))
    assert "not measured" in page
    assert "No face was found in this recording." in page
    assert "0 % of 2 s" in page


def test_gap_is_drawn_as_a_gap():
    rows = [second(0, happiness=0.9), second(1, "no_face"), second(2, happiness=0.9)]
    drawing = draw_timeline(gather_columns(rows), Scale(0, 3), label="a & b")
    assert drawing.count('class="area e-happiness"') == 2
    assert 'class="s-no_face"' in drawing
    assert 'aria-label="a &amp; b"' in drawing


def test_long_recordings_are_drawn_by_means_of_what_was_seen():
    rows = [
        second(number, "no_face") if number % 2 else second(number, happiness=0.8) for number in range(1200)
    ]
    columns = gather_columns(rows, max_columns=600)
    assert len(columns) == 600
    assert columns[0].probs == pytest.approx(probs_of(happiness=0.8))
    assert (columns[0].sampled, columns[0].detected) == (10, 5)
    assert gather_columns([]) == []


def test_page_says_what_the_rules_suggest_and_who_follows_whom(encounter: EncounterAnalysis):
    rule = shipped_rules().rules[0]
    evidence = Evidence("doctor", ("anger",), (60, 61), 0.8, 0.1)
    told = replace(encounter, suggestions=(Suggestion(65, rule, (evidence,)),))
    page = render_report(told, describe_run(told, RECORD), "de")
    assert "1:05" in page
    assert escape(rule.text["de"]) in page
    assert "Does one face follow the other?" in page
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []


@pytest.mark.parametrize(
    ("lag_s", "words"),
    [(None, "not measured"), (0, "together"), (2, "patient 2 s later"), (-1, "doctor 1 s later")],
)
def test_lag_is_said_in_words(encounter: EncounterAnalysis, lag_s: int | None, words: str):
    told = replace(encounter, mirroring=(Mirroring("happiness", lag_s, 0.4, 40, 0.01, 0.0004),))
    page = page_of(told)
    assert f"<td>{words}</td>" in page
    assert "&lt; 0.001" in page


def test_mirroring_that_could_not_be_measured_is_one_sentence(encounter: EncounterAnalysis):
    page = page_of(encounter)
    assert all(one.correlation is None for one in encounter.mirroring)
    assert "Not measured: both were classified in too few of the same seconds" in page
