"""Recordings that are no plain files: the same is read of them and written to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath

import numpy as np
import pytest

from emotion.errors import OutputUnwritable, UnreadableVideo
from emotion.media import (
    VideoSink,
    count_pictures,
    picture_times,
    probe_video,
    read_audio,
    read_frames,
    write_poster,
    write_video,
)
from tests import videos
from tests.emotion.memory import MemoryPath

WRITERS = (
    videos.write_normal,
    videos.write_silent,
    videos.write_open_groups,
    videos.write_browser_recording,
    videos.write_mpeg4,
)


def in_memory(path: Path) -> MemoryPath:
    return MemoryPath({PurePath(path.name): path.read_bytes()}, path.name)


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_the_same_frames_and_times_come_out(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    path = write(tmp_path)
    place = in_memory(path)
    for span in ({}, {"start_us": 600_000, "end_us": 1_400_000}):
        plain, elsewhere = list(read_frames(path, **span)), list(read_frames(place, **span))
        assert [frame.time_us for frame in plain] == [frame.time_us for frame in elsewhere]
        assert all(
            np.array_equal(one.image_bgr, other.image_bgr)
            for one, other in zip(plain, elsewhere, strict=True)
        )
    assert picture_times(place) == picture_times(path)
    assert count_pictures(place, at_most=1000) == count_pictures(path, at_most=1000)


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_the_same_is_said_of_it(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    path = write(tmp_path)
    plain, elsewhere = dict(vars(probe_video(path))), dict(vars(probe_video(in_memory(path))))
    assert (plain.pop("path").name, plain) == (elsewhere.pop("path").name, elsewhere)


def test_the_same_sound_is_heard(tmp_path: Path) -> None:
    path = videos.write_normal(tmp_path)
    for start_us in (0, 900_000):
        heard = read_audio(path, start_us=start_us)
        assert heard.size
        assert np.array_equal(heard, read_audio(in_memory(path), start_us=start_us))


def test_the_same_file_is_written_index_in_front(tmp_path: Path) -> None:
    frames = [(number * 40_000, videos.picture(number)) for number in range(videos.FRAMES)]
    sound = np.sin(np.arange(32_000) / 10).astype(np.float32)
    place = MemoryPath({}, "a.mp4")
    for destination in (tmp_path / "a.mp4", place):
        write_video(destination, frames, audio=sound)
    written = (tmp_path / "a.mp4").read_bytes()
    assert written.index(b"moov") < written.index(b"mdat")
    assert place.files == {PurePath("a.mp4"): written}


def test_the_same_poster_is_written(tmp_path: Path) -> None:
    path = videos.write_normal(tmp_path)
    place = in_memory(path)
    write_poster(path, tmp_path / "poster.jpg")
    write_poster(place, place.with_name("poster.jpg"))
    assert place.files[PurePath("poster.jpg")] == (tmp_path / "poster.jpg").read_bytes()


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\0\0\0\x18ftypisom"])
def test_what_is_no_video_is_a_sentence(content: bytes) -> None:
    with pytest.raises(UnreadableVideo, match=r"a\.mp4"):
        probe_video(MemoryPath({PurePath("a.mp4"): content}, "a.mp4"))


def test_a_file_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(UnreadableVideo, match="found none"):
        probe_video(MemoryPath({}, "a.mp4"))


class Locked(Exception):
    pass


def test_what_opening_or_reading_raises_is_not_taken_for_a_damaged_video(tmp_path: Path) -> None:
    class NoKey(MemoryPath):
        def open(self, mode, /):
            raise Locked

    class NoKeyAnyMore(MemoryPath):
        def open(self, mode, /):
            file = super().open(mode)
            if mode == "rb":
                file.read = self.fail
            return file

        def fail(self, size: int) -> bytes:
            raise Locked

    files = in_memory(videos.write_normal(tmp_path)).files
    for kind in (NoKey, NoKeyAnyMore):
        with pytest.raises(Locked):
            probe_video(kind(files, "normal.mp4"))


def test_an_abandoned_file_leaves_nothing() -> None:
    place = MemoryPath({}, "a.mp4")
    with pytest.raises(RuntimeError), VideoSink(place, width=videos.WIDTH, height=videos.HEIGHT) as sink:
        sink.write_frame(videos.picture(0), 0)
        raise RuntimeError
    assert place.files == {}


def test_a_full_disk_leaves_nothing_and_is_a_sentence() -> None:
    class Full(MemoryPath):
        def open(self, mode, /):
            file = super().open(mode)
            file.write = self.fail
            return file

        def fail(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    place = Full({}, "a.mp4")
    Full.with_name = lambda self, name: Full(self.files, self.place.with_name(name))
    frames = [(number * 40_000, videos.picture(number)) for number in range(videos.FRAMES)]
    with pytest.raises(OutputUnwritable, match="No space left"):
        write_video(place, frames)
    assert place.files == {}
