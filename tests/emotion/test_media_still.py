"""Pictures are read upright, and a video's poster shows something."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion.errors import OutputUnwritable, UnreadableImage, UnreadableVideo
from emotion.media import read_image, write_poster, write_video
from tests import videos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing else in it."""
    path = tmp_path / "films"
    path.mkdir()
    return path


def write_jpeg(path: Path, image: np.ndarray, *, orientation: int = 1) -> Path:
    """A JPEG whose EXIF says how the camera was held."""
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    directory = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\x00\x00MM\x00*" + struct.pack(">I", 8) + directory
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    return path


@pytest.mark.parametrize(("orientation", "quarter_turns"), [(1, 0), (3, 2), (6, 1), (8, 3)])
def test_picture_comes_upright(folder: Path, orientation: int, quarter_turns: int) -> None:
    stored = np.ascontiguousarray(np.rot90(videos.picture(77), quarter_turns))
    image = read_image(write_jpeg(folder / "photo.jpg", stored, orientation=orientation))
    assert image.shape == (videos.HEIGHT, videos.WIDTH, 3)
    assert videos.frame_number(image) == 77


@pytest.mark.parametrize("name", ["grey.png", "transparent.png", "deep.png"])
def test_every_kind_of_picture_becomes_bgr_bytes(folder: Path, name: str) -> None:
    grey = cv2.cvtColor(videos.picture(9), cv2.COLOR_BGR2GRAY)
    kinds = {
        "grey.png": grey,
        "transparent.png": cv2.cvtColor(videos.picture(9), cv2.COLOR_BGR2BGRA),
        "deep.png": grey.astype(np.uint16) * 257,
    }
    (folder / name).write_bytes(cv2.imencode(".png", kinds[name])[1].tobytes())
    image = read_image(folder / name)
    assert (image.dtype, image.shape) == (np.uint8, (videos.HEIGHT, videos.WIDTH, 3))
    assert videos.frame_number(image) == 9


@pytest.mark.parametrize("data", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_what_is_no_picture_is_refused_without_its_folder(folder: Path, data: bytes | None) -> None:
    path = folder / "photo.png"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UnreadableImage, match=r'"photo\.png"') as caught:
        read_image(path)
    assert str(folder) not in str(caught.value)


def test_poster_is_an_early_frame_of_the_right_shape(folder: Path) -> None:
    write_poster(videos.write_rotated(folder, 90), folder / "poster.jpg", max_side=64)
    assert read_image(folder / "poster.jpg").shape == (64, 48, 3)
    assert sorted(path.name for path in folder.iterdir()) == ["poster.jpg", "rotated_90.mp4"]


def test_small_video_is_not_blown_up(folder: Path) -> None:
    write_poster(videos.write_normal(folder), folder / "poster.jpg")
    image = read_image(folder / "poster.jpg")
    assert image.shape == (videos.HEIGHT, videos.WIDTH, 3)
    assert videos.frame_number(image) == 0


def test_poster_passes_over_a_black_beginning(folder: Path) -> None:
    black = np.zeros((videos.HEIGHT, videos.WIDTH, 3), np.uint8)
    frames = ((number * 100_000, black if number < 15 else videos.picture(number)) for number in range(30))
    write_video(folder / "fade.mp4", frames)
    write_poster(folder / "fade.mp4", folder / "poster.jpg")
    assert videos.frame_number(read_image(folder / "poster.jpg")) == 15


def test_dark_video_still_has_a_poster(folder: Path) -> None:
    black = np.zeros((videos.HEIGHT, videos.WIDTH, 3), np.uint8)
    write_video(folder / "night.mp4", ((number * 100_000, black) for number in range(5)))
    write_poster(folder / "night.mp4", folder / "poster.jpg")
    assert read_image(folder / "poster.jpg").mean() < 10


def test_no_poster_of_what_is_no_video(folder: Path) -> None:
    with pytest.raises(UnreadableVideo):
        write_poster(videos.write_renamed_text(folder), folder / "poster.jpg")
    assert not (folder / "poster.jpg").exists()


def test_poster_that_cannot_be_written_is_said(folder: Path) -> None:
    with pytest.raises(OutputUnwritable, match=r'"poster\.jpg"'):
        write_poster(videos.write_normal(folder), folder / "absent" / "poster.jpg")
