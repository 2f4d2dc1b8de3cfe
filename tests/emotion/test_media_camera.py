from __future__ import annotations

from fractions import Fraction
from itertools import islice

import pytest

from emotion.errors import UnreadableVideo
from emotion.media.camera import read_camera
from tests import videos


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


@pytest.fixture
def clip(tmp_path) -> str:
    return str(videos.write_recording(tmp_path / "clip.mp4", times=range(50), size=(64, 48)))


def test_a_file_plays_at_its_own_speed(clip):
    clock = Clock()
    times = [clock.now_s for _ in read_camera(clip, fps=Fraction(5), now=clock.now, sleep=clock.sleep)]
    assert len(times) == 10
    assert times == pytest.approx([100 + 0.2 * step for step in range(10)])


def test_a_file_can_go_on_for_ever(clip):
    clock = Clock()
    endless = read_camera(clip, fps=Fraction(5), loop=True, now=clock.now, sleep=clock.sleep)
    assert len(list(islice(endless, 25))) == 25


def test_who_falls_behind_does_not_sleep(clip):
    clock = Clock()
    for _ in read_camera(clip, fps=Fraction(5), now=clock.now, sleep=clock.sleep):
        clock.now_s += 1.0
    assert clock.now_s == pytest.approx(110.0)


@pytest.mark.parametrize("source", ["/dev/video-that-is-not-there", "rtsp://127.0.0.1:9/nothing"])
def test_a_camera_that_delivers_nothing_says_so(source):
    with pytest.raises(UnreadableVideo, match="does not deliver"):
        next(read_camera(source))
