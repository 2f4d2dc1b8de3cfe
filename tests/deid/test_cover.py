from __future__ import annotations

import numpy as np
import pytest

from deid.cover import BRIDGED, CHECKED, HELD, SEEN, CoverOptions, plan_cover
from emotion.samples import FaceSamples
from emotion.track import Track
from tests.deid.worlds import STEP_US, at, samples_of

SIZE = (480, 640)
OPTIONS = CoverOptions(bridge_us=10 * STEP_US, hold_us=3 * STEP_US, margin_ratio=0.0, lost_margin_ratio=0.5)
BOX = (300.0, 200.0, 340.0, 240.0)


def plan(samples: FaceSamples, *, frames: int = 60, **options):
    times = np.arange(frames, dtype=np.int64) * STEP_US
    track = Track(1, np.arange(len(samples)), None)
    tracks = [track] if len(samples) else []
    return plan_cover(samples, tracks, times_us=times, size_hw=SIZE, options=OPTIONS, **options)


def test_a_recording_without_a_face_has_no_cover():
    empty = plan(samples_of({}, frames=60))
    assert len(empty.frames) == 0
    assert empty.rows_of(3) == slice(0, 0)
    assert empty.gaps == ()


def test_every_sighting_is_covered_by_its_own_box():
    covered = plan(samples_of(dict.fromkeys(range(60), BOX), frames=60))
    assert covered.frames.tolist() == list(range(60))
    assert (covered.kinds == SEEN).all()
    assert np.allclose(covered.boxes_px, BOX)


def test_a_face_that_the_detector_loses_is_covered_through_the_gap():
    seen = dict.fromkeys([*range(20), *range(26, 60)], BOX)
    covered = plan(samples_of(seen, frames=60))
    assert covered.frames.tolist() == list(range(60))
    assert covered.kinds[20:26].tolist() == [BRIDGED] * 6
    assert [(gap.start_us, gap.end_us, gap.covered) for gap in covered.gaps] == [(at(19), at(26), True)]


def test_a_bridge_follows_the_line_between_two_sightings():
    covered = plan(samples_of({0: (0, 0, 40, 40), 10: (100, 0, 140, 40)}, frames=60), frames=11)
    assert covered.faces_px[5].tolist() == [50, 0, 90, 40]


def test_covers_reach_before_the_first_and_behind_the_last_sighting():
    covered = plan(samples_of({30: BOX}, frames=60))
    assert covered.frames.tolist() == [27, 28, 29, 30, 31, 32, 33]
    assert covered.kinds.tolist() == [HELD, HELD, HELD, SEEN, HELD, HELD, HELD]
    assert covered.boxes_px[0].tolist() == [290, 190, 350, 250]


def test_frames_between_two_looks_are_no_gap():
    every_other = dict.fromkeys(range(0, 60, 2), BOX)
    samples = samples_of(every_other, frames=60, looked_at=range(0, 60, 2))
    covered = plan(samples)
    assert covered.frames.tolist() == list(range(60))
    assert (covered.kinds[:58] == SEEN).all()
    assert covered.gaps == ()


def test_a_long_absence_from_the_middle_of_the_picture_goes_to_review():
    covered = plan(samples_of({5: BOX, 50: BOX}, frames=60))
    (gap,) = covered.gaps
    assert (gap.covered, gap.needs_review) == (False, True)
    assert {6, 7, 8, 47, 48, 49} <= set(covered.frames.tolist())


def test_leaving_through_the_border_needs_no_review():
    covered = plan(samples_of({5: (0, 200, 40, 240), 50: BOX}, frames=60))
    assert [gap.needs_review for gap in covered.gaps] == [False]


def test_what_only_the_second_detector_found_is_covered_around_its_frame():
    covered = plan(samples_of({}, frames=60), extra=[(10, np.array(BOX, np.float32))])
    assert covered.frames.tolist() == list(range(7, 14))
    assert (covered.kinds == CHECKED).all()


@pytest.mark.parametrize("missing", [[1], [58], [10, 11, 12, 13, 14], [0, 59]])
def test_no_frame_of_an_unbroken_presence_is_ever_open(missing):
    seen = {frame: BOX for frame in range(60) if frame not in missing}
    assert set(plan(samples_of(seen, frames=60)).frames.tolist()) == set(range(60))
