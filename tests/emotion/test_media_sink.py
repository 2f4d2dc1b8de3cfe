"""What the sink writes can be read back, and what it cannot finish does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from emotion.errors import OutputUnwritable
from emotion.media import (
    VideoSink,
    needs_browser_copy,
    probe_video,
    read_audio,
    read_frames,
    write_video,
)
from tests import videos

TIMES_US = [0, 33_333, 66_667, 100_000, 170_001, 1_000_000, 1_000_001]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing else in it."""
    path = tmp_path / "films"
    path.mkdir()
    return path


def numbered(times_us: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    return ((time_us, videos.picture(number)) for number, time_us in enumerate(times_us))


def test_times_and_pictures_come_back_as_written(folder: Path) -> None:
    path = folder / "out.mp4"
    write_video(path, numbered(TIMES_US))
    frames = list(read_frames(path))
    assert [frame.time_us for frame in frames] == TIMES_US
    assert [videos.frame_number(frame.image_bgr) for frame in frames] == list(range(len(TIMES_US)))


def test_file_plays_in_a_browser_and_begins_with_its_index(folder: Path) -> None:
    path = folder / "out.mp4"
    write_video(path, numbered(TIMES_US), audio=np.zeros(16_000, np.float32))
    data = path.read_bytes()
    assert not needs_browser_copy(probe_video(path))
    assert data.index(b"moov") < data.index(b"mdat")


def test_file_says_nothing_about_how_it_was_made(folder: Path) -> None:
    path = folder / "out.mp4"
    write_video(path, numbered(TIMES_US), audio=np.zeros(16_000, np.float32))
    data = path.read_bytes()
    assert not [
        word for word in (b"Lavf", b"Lavc", b"x264", b"encoder", str(folder).encode()) if word in data
    ]
    assert probe_video(path).created_at is None


def test_sound_comes_back_at_its_time(folder: Path) -> None:
    sound = np.sin(np.arange(32_000) * 2 * np.pi * 440 / 16_000).astype(np.float32) * 0.5
    write_video(folder / "out.mp4", numbered([0, 1_000_000, 1_960_000]), audio=sound)
    heard = read_audio(folder / "out.mp4")
    assert np.corrcoef(heard[:31_000], sound[:31_000])[0, 1] > 0.99


def test_odd_size_grows_to_even(folder: Path) -> None:
    write_video(folder / "out.mp4", [(0, videos.picture(5, 127, 95))])
    info = probe_video(folder / "out.mp4")
    assert (info.width, info.height) == (128, 96)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_is_kept_as_metadata(folder: Path, degrees: int) -> None:
    write_video(folder / "out.mp4", numbered([0]), rotation_deg=degrees)
    assert probe_video(folder / "out.mp4").rotation_deg == degrees


def test_smaller_crf_is_closer_to_the_original(folder: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (96, 128, 3), np.uint8)
    for crf in (10, 45):
        write_video(folder / f"{crf}.mp4", [(0, noise)], crf=crf)
    assert (folder / "10.mp4").stat().st_size > 2 * (folder / "45.mp4").stat().st_size


def test_failure_half_way_leaves_nothing_behind(folder: Path) -> None:
    def broken() -> Iterator[tuple[int, np.ndarray]]:
        yield from numbered([0, 40_000])
        raise RuntimeError("the camera burnt")

    with pytest.raises(RuntimeError, match="burnt"):
        write_video(folder / "out.mp4", broken())
    assert list(folder.iterdir()) == []


def test_failure_half_way_keeps_the_file_that_was_there(folder: Path) -> None:
    path = folder / "out.mp4"
    path.write_bytes(b"older")
    with pytest.raises(ValueError, match="after"):
        write_video(path, [(5, videos.picture(0)), (5, videos.picture(1))])
    assert path.read_bytes() == b"older"
    assert list(folder.iterdir()) == [path]


def test_nothing_stands_under_the_name_before_the_end(folder: Path) -> None:
    path = folder / "out.mp4"
    with VideoSink(path, width=videos.WIDTH, height=videos.HEIGHT) as sink:
        sink.write_frame(videos.picture(0), 0)
        assert not path.exists()
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("image", [videos.picture(0, 64, 96), videos.picture(0, 128, 64)])
def test_frame_of_another_size_is_refused(folder: Path, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected frames of 128×96"):
        write_video(folder / "out.mp4", [(0, videos.picture(0)), (1, image)])
    assert list(folder.iterdir()) == []


def test_no_frames_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        write_video(folder / "out.mp4", [])
    assert list(folder.iterdir()) == []


def test_sink_without_a_frame_is_refused(folder: Path) -> None:
    with (
        pytest.raises(ValueError, match="at least one frame"),
        VideoSink(folder / "out.mp4", width=64, height=64),
    ):
        pass
    assert list(folder.iterdir()) == []


def test_absent_folder_is_said_without_its_path(folder: Path) -> None:
    with pytest.raises(OutputUnwritable) as caught:
        write_video(folder / "absent" / "out.mp4", numbered([0]))
    assert '"out.mp4"' in str(caught.value)
    assert str(folder) not in str(caught.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is simulated by /dev/full")
def test_full_disk_is_said_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emotion.media.sink.partial_path", lambda destination: folder / "full")
    (folder / "full").symlink_to("/dev/full")
    with pytest.raises(OutputUnwritable, match="No space left"):
        write_video(folder / "out.mp4", numbered([0, 40_000]))
    assert list(folder.iterdir()) == []


def test_frame_given_is_not_modified(folder: Path) -> None:
    image = videos.picture(3)
    write_video(folder / "out.mp4", [(0, image)], frame_rate=Fraction(30000, 1001))
    assert np.array_equal(image, videos.picture(3))
