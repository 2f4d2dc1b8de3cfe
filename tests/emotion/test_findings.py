from __future__ import annotations

import json

import pytest

from emotion.findings import (
    PUBLISHED_DETECTION_RATE,
    count_transitions,
    find_episodes,
    find_patterns,
    measure_detection,
    share_emotions,
)
from emotion.labels import EMOTIONS
from tests.emotion.faces import probs_of
from tests.emotion.seconds import second_of, spell


def test_no_rows_have_no_shares_and_no_episodes():
    found = find_patterns([])
    assert found.detection.rate is None
    assert [share.share for share in found.shares] == [None] * len(EMOTIONS)
    assert found.transitions == found.episodes == ()


def test_shares_name_the_seconds_that_they_are_shares_of():
    shares = {share.emotion: share for share in share_emotions(spell("HHHN..-"))}
    assert (shares["happiness"].seconds, shares["happiness"].of_seconds) == (3, 4)
    assert shares["happiness"].share == 0.75
    assert sum(share.share for share in shares.values()) == 1


def test_detection_leaves_out_withheld_seconds_and_stands_beside_the_published_rate():
    detection = measure_detection(spell("HN.?--"))
    assert (detection.seconds, detection.of_seconds, detection.rate) == (2, 4, 0.5)
    assert detection.published == PUBLISHED_DETECTION_RATE == 0.8


def test_transitions_are_shares_of_the_departures_of_one_emotion():
    found = [(one.before, one.after, one.count, one.share) for one in count_transitions(spell("NNHHNNHHSS"))]
    assert found == [
        ("neutral", "happiness", 2, 1.0),
        ("happiness", "neutral", 1, 0.5),
        ("happiness", "sadness", 1, 0.5),
    ]


@pytest.mark.parametrize("letters", ["", "N", "NNN", "N.H", "N-H"])
def test_nothing_changes_within_one_emotion_or_across_a_gap(letters):
    assert count_transitions(spell(letters)) == ()


def test_missing_rows_are_a_gap_too():
    rows = spell("HH") + spell("HH", start=10)
    assert [(one.onset_s, one.offset_s) for one in find_episodes(rows)] == [(0, 2), (10, 12)]


def test_an_episode_has_its_onset_apex_and_offset():
    levels = (0.5, 0.9, 0.7)
    rows = [
        *spell("NN"),
        *(second_of(2 + at, probs_of(happiness=level)) for at, level in enumerate(levels)),
        *spell("NN", start=5),
    ]
    (episode,) = find_episodes(rows)
    assert (episode.emotion, episode.onset_s, episode.apex_s, episode.offset_s) == ("happiness", 2, 3, 5)
    assert (episode.duration_s, episode.apex_probability) == (3, 0.9)
    assert episode.onset_seen
    assert episode.offset_seen


def test_an_episode_at_an_edge_says_that_its_ends_were_not_seen():
    first, second = find_episodes(spell("SSN.SS"))
    assert (first.onset_seen, first.offset_seen) == (False, True)
    assert (second.onset_seen, second.offset_seen) == (False, False)


def test_short_and_neutral_stretches_are_no_episodes_unless_asked_for():
    rows = spell("NNNHNNN")
    assert find_episodes(rows) == ()
    assert [one.emotion for one in find_episodes(rows, emotions=EMOTIONS, min_episode_s=1)] == [
        "neutral",
        "happiness",
        "neutral",
    ]


def test_findings_are_plain_values():
    assert (
        json.loads(json.dumps(find_patterns(spell("NNHHSS")).as_dict()))["episodes"][0]["emotion"]
        == "happiness"
    )
