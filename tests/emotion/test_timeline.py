from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.labels import EMOTIONS
from emotion.roles import assign_roles
from emotion.timeline import (
    VALENCE_AROUSAL,
    EncounterClock,
    TimelineOptions,
    build_timeline,
    mean_probs,
    valence_arousal,
)
from emotion.track import link_tracks
from emotion.types import Second
from tests.emotion.faces import SIZE_WH, Face, grid, probs_of, samples_of


def timeline(faces: list[Face], *, duration_s: float, frames=None, offset_us: int = 0) -> tuple[Second, ...]:
    samples = samples_of(faces, grid(duration_s) if frames is None else frames)
    tracks = link_tracks(samples)
    return build_timeline(
        samples,
        tracks,
        assign_roles(samples, tracks, camera="patient", size_wh=SIZE_WH),
        camera="patient",
        duration_us=round(duration_s * 1e6),
        sample_fps=Fraction(5),
        clock=EncounterClock(offset_us),
    )


def statuses(rows: tuple[Second, ...]) -> list[str]:
    return [row.status for row in rows]


def test_recording_without_a_face_has_a_row_for_every_second():
    rows = timeline([], duration_s=3)
    assert [(row.second, row.status, row.frames_sampled, row.frames_detected) for row in rows] == [
        (second, "no_face", 5, 0) for second in range(3)
    ]
    assert all(row.probs == () and row.emotion is None and row.track is None for row in rows)


def test_mean_is_weighted_by_quality():
    happy, sad = probs_of(happiness=0.8, neutral=0.2), probs_of(sadness=0.6, neutral=0.4)
    faces = [
        Face(0, quality=0.9, probs=happy),
        Face(200_000, quality=0.3, probs=sad),
        Face(400_000, quality=0.3),
    ]
    (row,) = timeline(faces, duration_s=1)
    # weights .6 .2 .2: happiness .48, sadness .12, neutral .12 + .08 + .2 = .4
    assert row.probs == pytest.approx(probs_of(happiness=0.48, sadness=0.12, neutral=0.40), abs=1e-6)
    assert (row.emotion, row.frames_sampled, row.frames_detected) == ("happiness", 5, 3)
    assert row.confidence == pytest.approx(0.48, abs=1e-6)
    assert row.valence == pytest.approx(0.48 * 0.81 - 0.12 * 0.63, abs=1e-6)
    assert row.arousal == pytest.approx(0.48 * 0.51 - 0.12 * 0.27, abs=1e-6)


def test_each_status_is_told_apart():
    own = [Face(t) for t in grid(1)]  # second 0
    own += [Face(t, quality=0.05) for t in grid(1, start_us=1_000_000)]
    own += [Face(t, probs=(1 / 7,) * 7) for t in grid(1, start_us=2_000_000)]
    bystander = [Face(t, x=100, y=100, side=50) for t in grid(1, start_us=3_000_000)]
    frames = grid(5) + grid(1, start_us=6_000_000)
    assert statuses(timeline(own + bystander, duration_s=7, frames=frames)) == [
        "ok",
        "low_confidence",
        "low_confidence",
        "irrelevant_face",
        "no_face",
        "not_analysed",
        "no_face",
    ]


@pytest.mark.parametrize(
    ("back_at_s", "back_x", "back_side", "expected"),
    [
        (4, 640, 200, ["occluded"] * 2),
        (4, 700, 220, ["occluded"] * 2),
        (4, 1000, 200, ["no_face"] * 2),
        (4, 640, 320, ["no_face"] * 2),
        (13, 640, 200, ["no_face"] * 11),
    ],
    ids=["same place", "nearly", "moved", "came nearer", "too long"],
)
def test_face_hidden_on_the_spot_is_told_from_a_person_who_left(back_at_s, back_x, back_side, expected):
    faces = [Face(t, person=(1.0, 0.0)) for t in grid(2)]
    again = grid(2, start_us=back_at_s * 1_000_000)
    faces += [Face(t, x=back_x, side=back_side, person=(1.0, 0.0)) for t in again]
    rows = timeline(faces, duration_s=back_at_s + 2)
    assert statuses(rows) == ["ok", "ok", *expected, "ok", "ok"]
    assert {row.probs for row in rows if row.status == expected[0]} == {()}


def test_bystander_beside_the_patient_never_counts():
    own = [Face(t, side=300, probs=probs_of(sadness=0.9)) for t in grid(2)]
    bystander = [Face(t, x=100, y=100, side=60, probs=probs_of(happiness=1.0)) for t in grid(2)]
    rows = timeline(own + bystander, duration_s=2)
    assert [row.emotion for row in rows] == ["sadness", "sadness"]
    assert [row.frames_detected for row in rows] == [5, 5]


@pytest.mark.parametrize(
    ("duration_s", "offset_us", "expected"),
    [
        (3.0, 0, range(3)),
        (2.96, 0, range(3)),
        (3.1, 0, range(3)),  # a tenth of a second that holds no sampled frame is no row
        (3.5, 0, range(4)),
        (0.04, 0, range(1)),
        (2.4, 640_000, range(3)),
        (2.6, 640_000, range(4)),
        (2.0, -1_500_000, range(-2, 1)),
    ],
)
def test_seconds_cover_the_recording_on_the_encounters_clock(
    duration_s: float, offset_us: int, expected: range
):
    frames = [t for t in grid(4) if t < duration_s * 1e6 and (t < 3_000_000 or duration_s > 3.2)]
    rows = timeline([], duration_s=duration_s, frames=frames, offset_us=offset_us)
    assert [row.second for row in rows] == list(expected)


def test_damaged_end_keeps_its_rows_as_not_analysed():
    rows = timeline([], duration_s=6, frames=grid(3))
    assert statuses(rows) == ["no_face"] * 3 + ["not_analysed"] * 3


def test_offset_moves_faces_to_the_encounters_second():
    faces = [Face(t) for t in grid(1)]
    rows = timeline(faces, duration_s=1, offset_us=640_000)
    assert [(row.second, row.frames_sampled, row.frames_detected) for row in rows] == [(0, 2, 2), (1, 3, 3)]


def test_neutral_is_the_origin_and_every_emotion_has_its_coordinates():
    for emotion, place in VALENCE_AROUSAL.items():
        probs = tuple(float(emotion == name) for name in EMOTIONS)
        assert valence_arousal(probs) == pytest.approx(place)
    assert VALENCE_AROUSAL["neutral"] == (0.0, 0.0)


@given(
    st.lists(
        st.tuples(st.lists(st.floats(0.01, 1), min_size=7, max_size=7), st.floats(0.01, 1)),
        min_size=1,
        max_size=9,
    )
)
def test_means_of_probabilities_are_probabilities(pairs):
    probs = np.array([np.array(values) / sum(values) for values, _ in pairs], np.float32)
    mean = mean_probs(probs, np.array([weight for _, weight in pairs], np.float32))
    assert sum(mean) == pytest.approx(1.0)
    assert min(mean) >= 0
    assert max(mean) <= probs.max() + 1e-6


def test_limits_of_quality_and_confidence_can_be_chosen():
    assert TimelineOptions(min_quality=0.5).min_quality == 0.5
    samples = samples_of([Face(t, quality=0.4) for t in grid(1)], grid(1))
    tracks = link_tracks(samples)
    (row,) = build_timeline(
        samples,
        tracks,
        assign_roles(samples, tracks, camera="patient", size_wh=SIZE_WH),
        camera="patient",
        duration_us=1_000_000,
        sample_fps=Fraction(5),
        options=TimelineOptions(min_quality=0.5),
    )
    assert row.status == "low_confidence"
