"""A mean of photographs moves as the person does and keeps its own proportions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deid.average import Expressions, average
from deid.draw import Motion, Shape, draw_donor
from deid.held import CELLS, hidden_area, pack
from deid.photo import LIDS, LIPS, PhotoFace, _gaps, _pose, rest_of
from deid.response import load_response
from tests.deid.contributors import somebody

REST = load_response().rest.astype(np.float32)
CALM_PROBS = np.eye(1, 7, 4, dtype=np.float32)[0]
POINTS = (load_response().rest[:, :2] * [80, -80] + [160, 160]).astype(np.float32)


def unit(name):
    response = load_response()
    return response.moves[response.units.index(name)].astype(np.float32)


def moving(moved, *, calm=REST, turn=(0.0, 0.0, 0.0), gaze=(0.0, 0.0)):
    return Motion(POINTS, turn, gaze, {}, Shape(calm, np.asarray(moved, np.float16), CALM_PROBS))


@pytest.fixture(scope="module")
def donor():
    group = [somebody(1), somebody(2)]
    return PhotoFace(average(group, 2, group, Expressions(None, {})), None)


@pytest.fixture
def frame():
    lots = np.random.default_rng(0)
    return lots.integers(90, 130, (320, 320, 3), np.uint8)


def posed(donor, motion):
    return _pose(donor.mean.calm, motion, motion.shape)


def test_at_rest_the_shape_is_the_donor_s_whatever_the_person_s(donor):
    larger = moving(np.zeros((468, 3)), calm=REST * 1.2)
    same = moving(np.zeros((468, 3)))
    far = ~np.isin(np.arange(468), [*LIPS.ravel(), *LIDS.ravel()])
    assert posed(donor, larger)[:468][far] == pytest.approx(posed(donor, same)[:468][far])
    assert posed(donor, same)[:468][far] == pytest.approx(donor.mean.calm[far], abs=1e-6)


def test_lids_that_close_close_the_donor_s_eyes(donor):
    upper, lower = LIDS[:, 0], LIDS[:, 1]
    moved = np.zeros((468, 3))
    moved[upper] = REST[lower] - REST[upper]
    assert np.abs(_gaps(posed(donor, moving(moved)), LIDS)).max() < 2e-3


def test_lips_that_part_part_as_far(donor):
    moved = np.zeros((468, 3))
    moved[LIPS[:, 1], 1] -= 0.2
    wanted = _gaps((REST + moved).astype(np.float64), LIPS)
    assert _gaps(posed(donor, moving(moved)), LIPS) == pytest.approx(wanted, abs=2e-3)


def test_no_landmark_is_thrown_out_of_the_face(donor):
    thrown = posed(donor, moving(np.full((468, 3), 50.0)))
    assert np.abs(thrown).max() < 5


def test_a_donor_is_drawn_where_the_person_was_and_nowhere_else(donor, frame):
    before = frame.copy()
    after = draw_donor(frame, donor, moving(np.zeros((468, 3))))
    assert np.array_equal(frame, before)
    inside = after[120:200, 120:200].astype(int) - before[120:200, 120:200]
    assert np.abs(inside).mean() > 5
    assert np.array_equal(after[:20], before[:20]) and np.array_equal(after[:, :20], before[:, :20])


@pytest.mark.parametrize("yaw", [-60.0, 60.0])
def test_a_turned_donor_is_drawn_too(donor, frame, yaw):
    drawn = donor.draw(frame, POINTS, moving(np.zeros((468, 3)), turn=(yaw, 0.0, 0.0)))
    assert drawn.shape == (320, 320, 4) and drawn.dtype == np.uint8
    assert (drawn[..., 3] > 200).mean() > 0.1


def test_a_motion_without_a_shape_is_refused(donor, frame):
    with pytest.raises(ValueError, match="with the shape"):
        donor.draw(frame, POINTS, Motion(POINTS, (0, 0, 0), (0, 0), {}))


def test_a_gaze_moves_the_eyes_alone(donor, frame):
    ahead, aside = (
        donor.draw(frame, POINTS, moving(np.zeros((468, 3)), gaze=(yaw, 0.0))).astype(int) for yaw in (0, 25)
    )
    on_face = ahead[..., 3] > 200  # what is beyond has the mean colour of the face
    changed = np.argwhere((np.abs(ahead - aside)[..., :3].max(axis=2) > 0) & on_face)
    eyes = POINTS[[33, 133, 362, 263]]
    assert len(changed) > 0
    assert np.abs(changed[:, 0] - eyes[:, 1].mean()).max() < 15


def test_a_fold_between_the_brows_is_carried_over_and_a_mark_on_the_cheek_is_not(donor):
    """Light that changed is carried over only where skin folds with an expression."""
    plain = np.full((320, 320, 3), 140, np.uint8)
    folded, marked = plain.copy(), plain.copy()
    (x, y), (left, top) = POINTS[9].astype(int), POINTS[123].astype(int)
    folded[y - 4 : y + 5, x - 1 : x + 2] = 60
    marked[top - 2 : top + 3, left - 2 : left + 3] = 60
    rest = rest_of([(plain, POINTS)])
    face = PhotoFace(donor.mean, rest)
    motion = moving(np.zeros((468, 3)))
    calm, fold, mark = (
        face.draw(image, POINTS, motion)[..., :3].astype(int) for image in (plain, folded, marked)
    )
    assert (calm - fold)[y - 3 : y + 4, x - 1 : x + 2].max() > 8
    assert np.abs(calm - mark).max() <= 2


def test_of_no_frame_there_is_no_face_at_rest():
    assert rest_of([]) is None


def test_nothing_is_taken_over_from_what_is_before_the_face(donor, frame):
    face = PhotoFace(donor.mean, rest_of([(frame, POINTS)]))
    cells = np.zeros((1, CELLS, CELLS), np.bool_)
    cells[0, CELLS // 2 :] = True
    still, hidden = moving(np.zeros((468, 3))), pack(cells)[0]
    striped = frame.copy()
    striped[hidden_area(POINTS, hidden, frame.shape[:2]) > 0] = 240
    striped[::6] = np.where(striped[::6] == 240, 20, striped[::6])
    pairs = [
        [
            face.draw(picture, POINTS, replace(still, held=held))[..., :3].astype(int)
            for picture in (frame, striped)
        ]
        for held in (None, hidden)
    ]
    shown, kept = (np.abs(one[0] - one[1]).mean() for one in pairs)
    assert kept < 0.1 * shown
