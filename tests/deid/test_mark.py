from __future__ import annotations

import pytest

from deid.mark import add_mark, read_heard, read_mark
from deid.sound import VOICES, name_sound
from emotion.media import probe_video, read_frames
from tests.videos import write_normal


def test_a_camera_s_file_has_no_mark(tmp_path):
    path = write_normal(tmp_path)
    assert (read_mark(path), read_heard(path)) == (None, None)


@pytest.mark.parametrize("method", ["blur", "swap"])
def test_the_mark_names_the_method_and_the_source_type(tmp_path, method):
    path = write_normal(tmp_path)
    add_mark(path, method, sound="removed")
    assert read_mark(path) == method
    assert b"http://cv.iptc.org/newscodes/digitalsourcetype/" in path.read_bytes()


def test_a_marked_file_plays_as_before(tmp_path):
    path = write_normal(tmp_path)
    before, frames = probe_video(path).duration_us, sum(1 for _ in read_frames(path))
    add_mark(path, "box", sound="kept")
    assert (probe_video(path).duration_us, sum(1 for _ in read_frames(path))) == (before, frames)


@pytest.mark.parametrize(
    ("audio", "has_audio", "with_spans", "sound", "voices"),
    [
        ("keep", False, False, "none", "none"),
        ("remove", True, False, "removed", "none"),
        ("mask", True, False, "noise", "none"),
        ("mask", True, True, "masked-in-spans", "outside-of-spans"),
        ("keep", True, False, "kept", "all"),
    ],
)
def test_the_mark_says_whose_voices_are_still_heard(tmp_path, audio, has_audio, with_spans, sound, voices):
    path = write_normal(tmp_path)
    add_mark(path, "box", sound=name_sound(audio, has_audio=has_audio, with_spans=with_spans))
    assert read_heard(path) == {"sound": sound, "voices": voices}
    assert read_mark(path) == "box"


def test_a_sound_that_nobody_knows_is_not_written_down(tmp_path):
    with pytest.raises(KeyError):
        add_mark(write_normal(tmp_path), "box", sound="whispered")
    assert set(VOICES.values()) == {"none", "outside-of-spans", "all"}


def test_bytes_that_are_no_boxes_have_no_mark(tmp_path):
    path = tmp_path / "noise.mp4"
    path.write_bytes(b"\x00\x00\x00\x00noise" * 9)
    assert read_mark(path) is None
