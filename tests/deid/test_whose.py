"""Whose face is whose where it was settled elsewhere: never a bystander's, never one that is not certain."""

from __future__ import annotations

import numpy as np
import pytest

from deid.cover import CoverPlan
from deid.whose import rows_at

LEFT, RIGHT = (0.0, 0.0, 100.0, 100.0), (300.0, 0.0, 400.0, 100.0)


def plan_of(*faces: tuple[int, int, tuple[float, ...]]) -> CoverPlan:
    """Each: number of a frame, 40 ms after the one before; track; box."""
    frames = np.array([frame for frame, _, _ in faces], np.int64)
    tracks = np.array([track for _, track, _ in faces], np.int64)
    boxes = np.array([box for _, _, box in faces], np.float32).reshape(-1, 4)
    times_us = np.arange(50, dtype=np.int64) * 40_000
    zeros = np.zeros(len(faces), np.int64)
    return CoverPlan(times_us, frames, boxes, boxes, tracks, zeros, zeros, ())


TWO = plan_of(*(one for frame in range(10) for one in ((frame, 1, LEFT), (frame, 2, RIGHT))))


def test_nobody_is_anywhere_without_a_face_or_a_place():
    assert rows_at([(0, LEFT)], plan_of(), [])[0] is None
    assert rows_at([], TWO, [1, 2])[0] is None


@pytest.mark.parametrize(("box", "track"), [(LEFT, 1), (RIGHT, 2)])
def test_the_person_is_the_track_that_is_where_they_are_and_the_other_face_is_left_out(box, track):
    found, rows = rows_at([(0, box), (200_000, box)], TWO, [1, 2])
    assert found == track
    assert set(TWO.tracks[rows].tolist()) == {track}
    assert TWO.frames[rows].tolist() == list(range(9)), "no frame further than 120 ms from any place"


def test_a_track_that_may_not_be_meant_is_not():
    assert rows_at([(0, LEFT)], TWO, [2])[0] is None


def test_a_track_that_is_two_people_is_nobodys():
    changing = plan_of(*((frame, 1, LEFT if frame < 5 else RIGHT) for frame in range(10)))
    assert rows_at([(at * 40_000, LEFT) for at in range(10)], changing, [1])[0] is None
