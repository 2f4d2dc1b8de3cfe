"""One frame as a method would show it."""

from __future__ import annotations

import numpy as np
import pytest

from deid.demo import demo_videos
from deid.donor_rules import DonorRules
from deid.errors import UnknownDonor, UnknownMethod
from deid.preview import Previewer
from emotion.media import read_frames, write_video
from tests import videos


@pytest.fixture(scope="module")
def demo_clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("preview") / "clip.mp4"
    frames = read_frames(demo_videos()["patient"], end_us=400_000)
    write_video(path, ((frame.time_us, frame.image_bgr) for frame in frames))
    return path


@pytest.fixture(scope="module")
def previewer(weights_dir):
    return Previewer(weights_dir)


def test_a_recording_without_a_face_is_shown_as_it_is(previewer, tmp_path):
    shown = previewer.show(videos.write_normal(tmp_path), "blur")
    assert (shown.faces, shown.donor) == (0, None)


def test_what_does_not_exist_is_refused(previewer, demo_clip):
    with pytest.raises(UnknownMethod):
        previewer.show(demo_clip, "paint")
    with pytest.raises(UnknownDonor):
        previewer.show(demo_clip, "swap", DonorRules("the neighbour"))


def test_a_frame_that_is_known_is_shown_again_without_looking_at_others(previewer, demo_clip):
    best = previewer.show(demo_clip, "box")
    times_us = [frame.time_us for frame in read_frames(demo_clip)]
    assert np.array_equal(previewer.show(demo_clip, "box", at_us=best.time_us).image_bgr, best.image_bgr)
    assert previewer.show(demo_clip, "box", at_us=times_us[0]).time_us == times_us[0]
    assert previewer.show(demo_clip, "box", at_us=times_us[-1] + 60_000_000).time_us == best.time_us


def test_moments_at_which_a_face_was_found_are_offered_in_order_each_once(previewer, demo_clip, tmp_path):
    assert previewer.moments(videos.write_normal(tmp_path)) == ()
    found = previewer.moments(demo_clip)
    times_us = [one.time_us for one in found]
    assert len(times_us) > 2 and times_us == sorted(set(times_us))
    assert set(times_us) <= {frame.time_us for frame in read_frames(demo_clip)}
    assert previewer.show(demo_clip, "box").time_us in times_us
    assert all(previewer.show(demo_clip, "box", at_us=at_us).time_us == at_us for at_us in times_us)


def test_a_moment_shows_the_face_and_a_little_around_it(previewer, demo_clip):
    one = previewer.moments(demo_clip)[0]
    whole = next(frame for frame in read_frames(demo_clip) if frame.time_us == one.time_us).image_bgr
    height, width = one.image_bgr.shape[:2]
    assert 0.2 * whole.shape[0] < height <= whole.shape[0]
    assert abs(height - width) < 0.5 * height


def test_warming_up_changes_nothing_that_is_shown(previewer, demo_clip, weights_dir):
    ready = Previewer(weights_dir)
    ready.warm_up()
    rules = DonorRules("donor-4")
    first, second = (one.show(demo_clip, "swap", rules) for one in (previewer, ready))
    assert np.array_equal(first.image_bgr, second.image_bgr)


@pytest.mark.parametrize("method", ["blur", "swap", "avatar"])
def test_the_face_of_one_frame_is_hidden_and_the_rest_stays_unless_all_is_drawn(previewer, demo_clip, method):
    shown = previewer.show(demo_clip, method, DonorRules("donor-4"))
    (frame,) = [one for one in read_frames(demo_clip) if one.time_us == shown.time_us]
    assert shown.donor == (None if method == "blur" else "donor-4")
    changed = np.abs(frame.image_bgr.astype(int) - shown.image_bgr).max(axis=2) > 8
    assert changed.mean() > (0.9 if method == "avatar" else 0.01)
    if method != "avatar":
        assert not changed[:, :8].any()
