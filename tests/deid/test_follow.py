"""A rectangle that follows what a person drew it around, and stops where that is lost."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from deid.errors import InvalidCovers
from deid.follow import follow, thin
from emotion.errors import Cancelled
from emotion.media import VideoSink

SIZE = (240, 160)  # width, height
FRAMES = 30
STEP_US = 40_000


def badge(seed: int = 3) -> np.ndarray:
    """Return a picture (24, 36, 3) with something to follow."""
    rough = np.random.default_rng(seed).integers(0, 255, (6, 9, 3), np.uint8)
    return cv2.resize(rough, (36, 24), interpolation=cv2.INTER_CUBIC)


def write(path, place, *, hidden_from: int = FRAMES):
    """Write a recording in which a badge lies at place(frame), its upper left corner, before a soft wall."""
    wall = cv2.GaussianBlur(
        np.random.default_rng(0).integers(60, 120, (SIZE[1], SIZE[0], 3), np.uint8), (0, 0), 9
    )
    with VideoSink(path, width=SIZE[0], height=SIZE[1], frame_rate=Fraction(25)) as sink:
        for number in range(FRAMES):
            image = np.full((SIZE[1], 2 * SIZE[0] + 100, 3), 90, np.uint8)
            image[:, : SIZE[0]] = wall
            if number < hidden_from:
                x, y = place(number)
                image[y : y + 24, x : x + 36] = badge()
            sink.write_frame(np.ascontiguousarray(image[:, : SIZE[0]]), number * STEP_US)
    return path


def box_at(x: float, y: float):
    return (x, y, x + 36.0, y + 24.0)


@pytest.mark.parametrize("speed", [(0, 0), (3, 1), (5, 2)])
def test_what_moves_is_followed_within_two_pixels(tmp_path, speed):
    def place(number):
        return 20 + speed[0] * number, 30 + speed[1] * number

    found = follow(write(tmp_path / "a.mp4", place), box_at(20, 30), start_us=0, end_us=1_160_000)
    assert found.lost == ""
    assert found.cover.end_us == (FRAMES - 1) * STEP_US
    for number in range(FRAMES):
        got = found.cover.box_at(number * STEP_US)
        assert got is not None
        assert np.abs(np.array(got) - box_at(*place(number))).max() <= 2.5
    assert len(found.cover.keys) < FRAMES


def test_what_disappears_is_not_followed_on(tmp_path):
    path = write(tmp_path / "a.mp4", lambda number: (20 + number, 30), hidden_from=12)
    found = follow(path, box_at(20, 30), start_us=0, end_us=1_160_000)
    assert found.lost
    assert found.cover.end_us < 13 * STEP_US


def test_what_leaves_the_picture_is_followed_until_it_is_half_outside(tmp_path):
    path = write(tmp_path / "a.mp4", lambda number: (160 + 4 * number, 30))
    found = follow(path, box_at(160, 30), start_us=0, end_us=1_160_000)
    assert found.lost
    assert 12 * STEP_US <= found.cover.end_us < 24 * STEP_US


def test_a_span_in_the_middle_begins_at_its_own_frame(tmp_path):
    path = write(tmp_path / "a.mp4", lambda number: (20 + 2 * number, 30))
    found = follow(path, box_at(40, 30), start_us=400_000, end_us=800_000)
    assert (found.cover.start_us, found.cover.end_us) == (400_000, 800_000)


def test_a_span_between_two_frames_begins_with_the_one_that_is_on_screen(tmp_path):
    path = write(tmp_path / "a.mp4", lambda number: (20 + 2 * number, 30))
    for end_us, last in ((430_000, 400_000), (490_000, 480_000)):
        found = follow(path, box_at(40, 30), start_us=410_000, end_us=end_us)
        assert (found.cover.start_us, found.cover.end_us) == (400_000, last)


def test_a_span_without_a_frame_is_refused(tmp_path):
    path = write(tmp_path / "a.mp4", lambda number: (20, 30))
    with pytest.raises(InvalidCovers):
        follow(path, box_at(20, 30), start_us=9_000_000, end_us=9_100_000)


def test_a_span_that_ends_before_it_begins_is_refused(tmp_path):
    with pytest.raises(InvalidCovers, match="expected an end after"):
        follow(write(tmp_path / "a.mp4", lambda _: (20, 30)), box_at(20, 30), start_us=400_000, end_us=0)


@pytest.mark.parametrize(
    "box",
    [
        (0.0, 0.0, 9e6, 9e6),
        (240.0, 0.0, 250.0, 9.0),
        (-9.0, 0.0, 0.0, 9.0),
        (30.0, 0.0, 20.0, 9.0),
        (0.0, float("nan"), 9.0, 9.0),
    ],
)
def test_a_rectangle_beside_the_picture_or_larger_than_it_is_refused(tmp_path, box):
    with pytest.raises(InvalidCovers, match="expected a box on 240 × 160"):
        follow(write(tmp_path / "a.mp4", lambda _: (20, 30)), box, start_us=0, end_us=0)


def test_following_can_be_stopped(tmp_path):
    path = write(tmp_path / "a.mp4", lambda number: (20, 30))
    with pytest.raises(Cancelled):
        follow(path, box_at(20, 30), start_us=0, end_us=1_160_000, cancelled=lambda: True)


def test_keys_on_a_line_are_left_out_and_a_corner_stays():
    keys = [(at, (float(max(0, at - 5) * 4), 0.0, 10.0 + max(0, at - 5) * 4, 4.0)) for at in range(10)]
    assert [at for at, _ in thin(keys)] == [0, 5, 9]
    assert thin(keys[:1]) == keys[:1]
