from __future__ import annotations

import pytest

from deid.mark import add_mark, read_mark
from emotion.media import probe_video, read_frames
from tests.videos import write_normal


def test_a_camera_s_file_has_no_mark(tmp_path):
    assert read_mark(write_normal(tmp_path)) is None


@pytest.mark.parametrize("method", ["blur", "swap"])
def test_the_mark_names_the_method_and_the_source_type(tmp_path, method):
    path = write_normal(tmp_path)
    add_mark(path, method)
    assert read_mark(path) == method
    assert b"http://cv.iptc.org/newscodes/digitalsourcetype/" in path.read_bytes()


def test_a_marked_file_plays_as_before(tmp_path):
    path = write_normal(tmp_path)
    before, frames = probe_video(path).duration_us, sum(1 for _ in read_frames(path))
    add_mark(path, "box")
    assert (probe_video(path).duration_us, sum(1 for _ in read_frames(path))) == (before, frames)


def test_bytes_that_are_no_boxes_have_no_mark(tmp_path):
    path = tmp_path / "noise.mp4"
    path.write_bytes(b"\x00\x00\x00\x00noise" * 9)
    assert read_mark(path) is None
