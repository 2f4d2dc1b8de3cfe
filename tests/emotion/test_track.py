from __future__ import annotations

import numpy as np
import pytest

from emotion.samples import FaceSamples
from emotion.track import link_tracks
from tests.emotion.faces import Face, grid, samples_of

ANNA, BERT = (1.0, 0.0), (0.0, 1.0)


def track_of(samples: FaceSamples) -> list[int]:
    numbers = np.zeros(len(samples), int)
    for track in link_tracks(samples):
        numbers[track.faces] = track.number
    return numbers.tolist()


def test_no_face_gives_no_track():
    assert link_tracks(samples_of([], grid(3))) == ()


def test_every_face_belongs_to_exactly_one_track():
    samples = samples_of([Face(t, x=x) for t in grid(4) for x in (200, 640, 1000)], grid(4))
    faces = np.concatenate([track.faces for track in link_tracks(samples)])
    assert sorted(faces.tolist()) == list(range(len(samples)))


def test_two_still_people_are_two_tracks_numbered_from_left_to_right():
    samples = samples_of([Face(t, x=x) for t in grid(2) for x in (300, 900)], grid(2))
    left, right = link_tracks(samples)
    assert (left.number, right.number) == (1, 2)
    assert set(samples.boxes_px[left.faces][:, 0].tolist()) == {200.0}
    assert set(samples.boxes_px[right.faces][:, 0].tolist()) == {800.0}


def test_order_of_faces_within_a_frame_does_not_matter():
    people = [Face(t, x=300 + 20 * i, side=180) for i, t in enumerate(grid(3))]
    people += [Face(t, x=900 - 20 * i, side=150) for i, t in enumerate(grid(3))]
    one = samples_of(people, grid(3))
    other = samples_of(reversed(people), grid(3))
    places = [
        [sorted(map(tuple, s.boxes_px[track.faces].tolist())) for track in link_tracks(s)]
        for s in (one, other)
    ]
    assert places[0] == places[1]


def test_crossing_people_keep_their_tracks():
    steps = list(enumerate(grid(4)))
    people = [Face(t, x=200 + 40 * i, y=300, side=120) for i, t in steps]
    people += [Face(t, x=1000 - 40 * i, y=420, side=120) for i, t in steps]
    samples = samples_of(people, grid(4))
    for track in link_tracks(samples):
        assert len(set(samples.boxes_px[track.faces][:, 1].tolist())) == 1


@pytest.mark.parametrize(
    ("gap_s", "expected"),
    [(0.6, 1), (1.4, 2)],
    ids=["bridged by motion", "too long for motion alone"],
)
def test_motion_bridges_short_gaps_only(gap_s: float, expected: int):
    times = grid(2) + grid(2, start_us=round((2 + gap_s) * 1e6))
    assert len(link_tracks(samples_of([Face(t) for t in times], grid(8)))) == expected


@pytest.mark.parametrize(("away_s", "expected"), [(5, 1), (58, 1), (70, 2)])
def test_person_who_returns_within_a_minute_keeps_the_track(away_s: int, expected: int):
    times = grid(2) + grid(2, start_us=(2 + away_s) * 1_000_000)
    faces = [Face(t, x=300 if t < 2_000_000 else 1000, person=ANNA) for t in times]
    assert len(link_tracks(samples_of(faces, times))) == expected


def test_someone_else_on_the_same_chair_is_another_track():
    faces = [Face(t, person=ANNA if t < 2_000_000 else BERT) for t in grid(4)]
    assert track_of(samples_of(faces, grid(4))) == [1] * 10 + [2] * 10


@pytest.mark.parametrize("cut_us", [3_000_000, 3_200_000, 3_600_000], ids=["on a second", "after", "before"])
def test_cut_to_somebody_else_on_the_same_spot_is_another_track_from_the_cut_on(cut_us: int):
    """Faces are embedded once a second, as the pipeline does; 0.17 is the likeness of two real people."""
    other = (0.17, (1 - 0.17**2) ** 0.5)
    faces = [
        Face(
            t,
            x=640 if t < cut_us else 720,
            person=None if t % 1_000_000 else ANNA if t < cut_us else other,
        )
        for t in grid(8)
    ]
    samples = samples_of(faces, grid(8))
    assert track_of(samples) == [1 if t < cut_us else 2 for t in grid(8)]


def test_cut_there_and_back_within_a_minute_gives_two_tracks_not_three():
    faces = [
        Face(
            t,
            x=640 if 4_000_000 <= t < 8_000_000 else 660,
            person=BERT if 4_000_000 <= t < 8_000_000 else ANNA,
        )
        for t in grid(12)
    ]
    assert track_of(samples_of(faces, grid(12))) == [1] * 20 + [2] * 20 + [1] * 20


def test_face_that_turns_away_stays_on_its_track():
    """A profile is less like the face from the front (0.4) than the next moment is like it."""
    away = (0.4, (1 - 0.4**2) ** 0.5)
    faces = [Face(t, person=away if 2_000_000 <= t < 3_000_000 else ANNA) for t in grid(5)]
    assert len(link_tracks(samples_of(faces, grid(5)))) == 1


def test_covered_face_that_moved_meanwhile_keeps_its_track():
    faces = [
        Face(t, x=500 if t < 3_000_000 else 800, person=ANNA)
        for t in grid(8)
        if not 3_000_000 <= t < 5_500_000
    ]
    assert len(link_tracks(samples_of(faces, grid(8)))) == 1


def test_two_people_seen_together_are_never_joined_however_alike():
    faces = [Face(t, x=x, person=ANNA) for t in grid(2) for x in (300, 900)]
    faces += [Face(t, x=640, person=ANNA) for t in grid(2, start_us=9_000_000)]
    tracks = link_tracks(samples_of(faces, grid(11)))
    assert sorted(len(track.faces) for track in tracks) == [10, 20]


def test_samples_are_not_modified():
    samples = samples_of([Face(t, person=ANNA) for t in grid(2)], grid(2))
    before = {name: value.copy() for name, value in vars(samples).items()}
    link_tracks(samples)
    assert all(np.array_equal(before[name], value) for name, value in vars(samples).items())
