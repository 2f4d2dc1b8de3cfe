from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from deid.cover import plan_cover
from deid.errors import OutputDiffers
from deid.second_detector import UltraLight
from deid.verify import check_length, check_times, find_residuals, share_under
from emotion.media import probe_video
from emotion.track import Track
from tests import videos
from tests.deid.stand_ins import FACE_PX, SeesDetail
from tests.deid.worlds import STEP_US, samples_of

SIZE = (videos.HEIGHT, videos.WIDTH)


def plan(seen, frames=videos.FRAMES):
    samples = samples_of(dict.fromkeys(seen, tuple(FACE_PX)), frames=frames)
    tracks = [Track(1, np.arange(len(samples)), None)] if len(samples) else []
    times = np.arange(frames, dtype=np.int64) * STEP_US
    return plan_cover(samples, tracks, times_us=times, size_hw=SIZE)


def look(path, *, covered=(), exempt=(), frames=videos.FRAMES):
    plans = plan(covered, frames), plan(exempt, frames)
    return find_residuals(path, range(frames), plans, detector=SeesDetail())


def test_a_box_without_covers_lies_under_none():
    assert share_under(FACE_PX, np.zeros((0, 4), np.float32)) == 0


def test_an_open_face_is_reported_with_its_frame_and_time(tmp_path):
    found = look(videos.write_normal(tmp_path))
    assert [one.frame for one in found] == list(range(videos.FRAMES))
    assert found[10].time_us == 10 * STEP_US


def test_faces_under_a_cover_or_exempt_are_not_reported(tmp_path):
    path = videos.write_normal(tmp_path)
    everywhere = range(videos.FRAMES)
    assert look(path, covered=everywhere) == ()
    assert look(path, exempt=everywhere) == ()


@pytest.mark.parametrize("frames", [videos.FRAMES - 1, videos.FRAMES + 1])
def test_a_frame_more_or_less_than_the_original_is_refused(tmp_path, frames):
    with pytest.raises(OutputDiffers):
        look(videos.write_normal(tmp_path), frames=frames)


def test_frames_at_other_times_are_refused(tmp_path):
    path = videos.write_recording(tmp_path / "slow.mp4", time_base=Fraction(1, 24))
    with pytest.raises(OutputDiffers, match="not at the time"):
        look(path)


def test_the_second_detector_finds_nothing_in_a_picture_without_a_face(weights_dir):
    boxes, scores = UltraLight(weights_dir).find(videos.picture(3, 640, 360))
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


def test_the_second_detector_finds_the_synthetic_doctor_where_the_first_does(weights_dir):
    from deid.demo import demo_videos
    from emotion.detect import CenterFace
    from emotion.geometry import iou_matrix
    from emotion.media import read_frames

    frame = next(read_frames(demo_videos()["doctor"]))
    boxes, _ = UltraLight(weights_dir).find(frame.image_bgr)
    first = CenterFace(weights_dir).detect(frame.image_bgr).boxes_px
    assert len(boxes) == len(first) == 1
    assert iou_matrix(boxes, first)[0, 0] > 0.5


def test_a_file_of_another_length_or_with_other_times_is_refused(tmp_path):
    path = videos.write_normal(tmp_path)
    video, times_us = probe_video(path), np.arange(videos.FRAMES, dtype=np.int64) * STEP_US
    check_times(path, times_us)
    assert check_length(path, video) == video.duration_us
    with pytest.raises(OutputDiffers, match="a length of"):
        check_length(path, replace(video, duration_us=video.duration_us + 500_000))
    with pytest.raises(OutputDiffers, match="frames in the written file"):
        check_times(path, times_us[:-1])
    with pytest.raises(OutputDiffers, match="not at the time"):
        check_times(path, times_us * 2)
