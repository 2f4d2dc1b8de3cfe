"""What probing says of whole and broken recordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from emotion.errors import NoVideoStream, UnreadableVideo
from emotion.media import count_pictures, needs_browser_copy, probe_video
from tests import videos


def test_normal_recording_is_described_as_written(tmp_path: Path) -> None:
    path = videos.write_normal(tmp_path)
    info = probe_video(path)
    assert (info.container, info.codec, info.pixel_format) == ("mp4", "h264", "yuv420p")
    assert (info.width, info.height, info.rotation_deg) == (videos.WIDTH, videos.HEIGHT, 0)
    assert (info.duration_us, info.frame_rate) == (2_000_000, Fraction(25))
    assert (info.has_audio, info.audio_codec, info.audio_rate_hz) == (True, "aac", 48_000)
    assert (info.path, info.size_bytes, info.created_at) == (path, path.stat().st_size, None)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_is_applied_to_width_and_height(tmp_path: Path, degrees: int) -> None:
    info = probe_video(videos.write_rotated(tmp_path, degrees))
    upright = (videos.HEIGHT, videos.WIDTH) if degrees % 180 else (videos.WIDTH, videos.HEIGHT)
    assert (info.rotation_deg, (info.width, info.height)) == (degrees, upright)


def test_mirror_image_counts_as_not_rotated(tmp_path: Path) -> None:
    assert probe_video(videos.write_mirrored(tmp_path)).rotation_deg == 0


def test_duration_is_measured_where_the_header_claims_three_hours(tmp_path: Path) -> None:
    info = probe_video(videos.write_lying_header(tmp_path))
    assert (info.duration_us, info.frame_rate) == (2_000_000, Fraction(25))


def test_duration_is_measured_where_the_header_claims_less(tmp_path: Path) -> None:
    info = probe_video(videos.write_lying_header(tmp_path, claimed_s=1))
    assert (info.duration_us, info.frame_rate) == (2_000_000, Fraction(25))


def test_duration_is_measured_where_a_browser_wrote_none(tmp_path: Path) -> None:
    info = probe_video(videos.write_browser_recording(tmp_path))
    assert (info.container, info.codec, info.audio_codec, info.duration_us) == (
        "webm",
        "vp9",
        "opus",
        2_000_000,
    )


def test_copy_that_stopped_half_way_has_the_length_of_what_arrived(tmp_path: Path) -> None:
    assert 500_000 < probe_video(videos.write_cut_short(tmp_path)).duration_us < 1_500_000


def test_variable_rate_has_the_length_of_its_timestamps(tmp_path: Path) -> None:
    info = probe_video(videos.write_variable_frame_rate(tmp_path))
    assert info.duration_us == pytest.approx(2_600_000, abs=700_000)
    assert info.frame_rate is not None


@pytest.mark.parametrize(
    ("write", "size"),
    [
        (videos.write_ten_bit, (videos.WIDTH, videos.HEIGHT)),
        (videos.write_odd_size, (videos.WIDTH - 1, videos.HEIGHT - 1)),
        (videos.write_single_frame, (videos.WIDTH, videos.HEIGHT)),
        (videos.write_mpeg4, (videos.WIDTH, videos.HEIGHT)),
        (videos.write_changing_size, (videos.WIDTH, videos.HEIGHT)),
        (videos.write_hostile_name, (videos.WIDTH, videos.HEIGHT)),
    ],
)
def test_unusual_but_whole_recordings_are_accepted(
    tmp_path: Path, write: Callable[[Path], Path], size: tuple[int, int]
) -> None:
    info = probe_video(write(tmp_path))
    assert (info.width, info.height) == size
    assert info.duration_us > 0


def test_creation_time_is_iso_with_its_zone(tmp_path: Path) -> None:
    path = videos.write_dated(tmp_path, "2026-01-02T03:04:05.500000Z")
    assert str(probe_video(path).created_at).startswith("2026-01-02T03:04:05")
    assert str(probe_video(path).created_at).endswith("+00:00")


def test_sound_alone_is_refused_as_having_no_picture(tmp_path: Path) -> None:
    with pytest.raises(NoVideoStream, match="no moving picture"):
        probe_video(videos.write_audio_only(tmp_path))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (videos.write_zero_bytes, "is empty"),
        (videos.write_renamed_text, "is not a video"),
        (videos.write_renamed_picture, "is not a video"),
        (videos.write_renamed_playlist, "is not a video"),
        (videos.write_renamed_concat, "is not a video"),
        (videos.write_without_index, "broke off"),
        (videos.write_undecodable, "can be decoded"),
        (lambda folder: folder / "absent.mp4", "found none"),
        (lambda folder: folder, "found none"),
    ],
)
def test_what_is_no_video_is_refused_in_one_sentence_without_its_folder(
    tmp_path: Path, write: Callable[[Path], Path], reason: str
) -> None:
    path = write(tmp_path)
    with pytest.raises(UnreadableVideo, match=reason) as caught:
        probe_video(path)
    message = str(caught.value)
    assert f'"{path.name}"' in message
    assert str(tmp_path.parent) not in message
    assert message.endswith(".")
    assert message.count(". ") == 0


def test_hostile_name_is_printable_in_a_message(tmp_path: Path) -> None:
    path = tmp_path / ("\x1b[2J\n\u202e" + "x" * 150 + ".mp4")
    path.write_text("no video")
    with pytest.raises(UnreadableVideo) as caught:
        probe_video(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250


def test_browsers_need_a_copy_of_what_they_cannot_play(tmp_path: Path) -> None:
    plays = probe_video(videos.write_normal(tmp_path))
    assert not needs_browser_copy(plays)
    assert not needs_browser_copy(probe_video(videos.write_silent(tmp_path)))
    assert not needs_browser_copy(probe_video(videos.write_browser_recording(tmp_path)))
    assert needs_browser_copy(probe_video(videos.write_ten_bit(tmp_path)))
    assert needs_browser_copy(probe_video(videos.write_mpeg4(tmp_path)))
    assert needs_browser_copy(replace(plays, codec="hevc"))
    assert needs_browser_copy(replace(plays, container="mpegts"))
    assert needs_browser_copy(replace(plays, audio_codec="pcm_s16le"))


@pytest.mark.real_clips
def test_real_clips_last_as_long_as_their_cameras_say(shared_data: Path) -> None:
    expected_s = {
        "consultation_a_camera_patient": 24.0,
        "consultation_a_camera_doctor": 23.37,
        "one_face": 15.48,
    }
    for name, seconds in expected_s.items():
        info = probe_video(shared_data / "clips" / f"{name}.mp4")
        assert info.duration_us / 1e6 == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize(
    ("at_most", "counted"), [(0, 0), (1, 1), (videos.FRAMES, videos.FRAMES), (1000, videos.FRAMES)]
)
def test_pictures_are_counted_as_far_as_asked(tmp_path: Path, at_most: int, counted: int) -> None:
    assert count_pictures(videos.write_normal(tmp_path), at_most=at_most) == counted


def test_pictures_of_sound_alone_cannot_be_counted(tmp_path: Path) -> None:
    with pytest.raises(NoVideoStream):
        count_pictures(videos.write_audio_only(tmp_path), at_most=1)
