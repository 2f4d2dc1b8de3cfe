"""A recording is written in stretches of at most 30 s; nobody sees where they were joined."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from deid import stretches, work
from deid.pipeline import deidentify
from deid.task import Task
from emotion.errors import OutputUnwritable
from emotion.media import VideoSink, picture_times, probe_video, read_audio, read_frames
from emotion.samples import plan_segments
from tests import videos
from tests.deid.test_run import hiding


def in_pieces_of(monkeypatch, segment_us: int) -> None:
    for module in (stretches, work):
        monkeypatch.setattr(module, "plan_segments", partial(plan_segments, segment_us=segment_us))


@pytest.mark.parametrize("method", ["box", "blur", "pixelate"])
def test_stretches_cover_every_frame_once_with_what_one_stretch_covers(tmp_path, monkeypatch, method):
    source = videos.write_normal(tmp_path)
    task = Task(method, audio="keep")
    whole = deidentify(source, tmp_path / "whole.mp4", task, hiding=hiding())
    in_pieces_of(monkeypatch, 600_000)
    cut = deidentify(source, tmp_path / "cut.mp4", task, hiding=hiding())
    assert (
        picture_times(tmp_path / "cut.mp4") == picture_times(tmp_path / "whole.mp4") == picture_times(source)
    )
    assert (cut.covers, cut.gaps, cut.verification) == (whole.covers, whole.gaps, whole.verification)
    pair = zip(read_frames(tmp_path / "cut.mp4"), read_frames(tmp_path / "whole.mp4"), strict=True)
    differences = [np.abs(a.image_bgr.astype(int) - b.image_bgr).mean() for a, b in pair]
    assert max(differences) < 4, "of encoding alone"
    heard = [read_audio(tmp_path / name) for name in ("cut.mp4", "whole.mp4")]
    assert np.array_equal(*heard)
    assert probe_video(tmp_path / "cut.mp4").duration_us == probe_video(tmp_path / "whole.mp4").duration_us


def test_stretches_leave_nothing_beside_the_result(tmp_path, monkeypatch):
    source = videos.write_normal(tmp_path)
    in_pieces_of(monkeypatch, 600_000)
    folder = tmp_path / "out"
    folder.mkdir()
    deidentify(source, folder / "cut.mp4", Task("box"), hiding=hiding())
    assert [path.name for path in folder.iterdir()] == ["cut.mp4"]


def test_same_task_in_stretches_writes_the_same_bytes(tmp_path, monkeypatch):
    source = videos.write_normal(tmp_path)
    in_pieces_of(monkeypatch, 600_000)
    for name in ("a.mp4", "b.mp4"):
        deidentify(source, tmp_path / name, Task("blur", audio="mask"), hiding=hiding())
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    "write", [videos.write_variable_frame_rate, videos.write_open_groups, videos.write_odd_size]
)
def test_frames_keep_their_times_over_the_joins_of_any_recording(tmp_path, monkeypatch, write):
    source = write(tmp_path)
    in_pieces_of(monkeypatch, 400_000)
    deidentify(source, tmp_path / "cut.mp4", Task("box"), hiding=hiding())
    times = [frame.time_us for frame in read_frames(tmp_path / "cut.mp4")]
    expected = [frame.time_us for frame in read_frames(source)]
    assert len(times) == len(expected)
    assert max(abs(a - b) for a, b in zip(times, expected, strict=True)) <= 1000


@pytest.mark.parametrize("after", [1, 3])
def test_full_disk_while_stretches_or_the_whole_are_written_leaves_nothing(tmp_path, monkeypatch, after):
    source = videos.write_normal(tmp_path)
    in_pieces_of(monkeypatch, 800_000)
    folder = tmp_path / "out"
    folder.mkdir()
    closed: list[object] = []
    close = VideoSink.close

    def full(self: VideoSink) -> None:
        closed.append(self)
        if len(closed) > after:
            self.discard()
            raise OutputUnwritable("the disk is full; free some space")
        close(self)

    monkeypatch.setattr(VideoSink, "close", full)
    with pytest.raises(OutputUnwritable, match="free some space"):
        deidentify(source, folder / "cut.mp4", Task("box"), hiding=hiding())
    assert list(folder.iterdir()) == []
    assert len(closed) == after + 1
