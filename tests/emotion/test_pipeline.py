from __future__ import annotations

import threading
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from emotion.errors import Cancelled, NoVideoStream, UnreadableVideo
from emotion.media import probe_video
from emotion.pipeline import (
    AnalysisOptions,
    analyse_camera,
    analyse_encounter,
    conclude_camera,
    join_samples,
    plan_segments,
    sample_segment,
)
from emotion.samples import FaceSamples, Segment, read_samples, write_samples
from tests import videos
from tests.emotion.stand_ins import engine

SECOND = AnalysisOptions(segment_us=1_000_000)


def equal(one: FaceSamples, other: FaceSamples) -> bool:
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(FaceSamples))


def test_two_seconds_give_two_rows_of_five_samples(tmp_path: Path):
    analysis = analyse_camera(videos.write_normal(tmp_path), camera="patient", engine=engine())
    assert [(row.second, row.status, row.frames_sampled, row.frames_detected) for row in analysis.rows] == [
        (0, "ok", 5, 5),
        (1, "ok", 5, 5),
    ]
    assert all(sum(row.probs) == pytest.approx(1) for row in analysis.rows)
    assert analysis.summary.detection_rate == 1.0
    assert len(list(analysis.observations())) == 10


def test_recording_without_faces_is_a_valid_result(tmp_path: Path):
    analysis = analyse_camera(
        videos.write_normal(tmp_path), camera="patient", engine=engine(blind=range(videos.FRAMES))
    )
    assert [row.status for row in analysis.rows] == ["no_face", "no_face"]
    assert analysis.people.tracks == ()


def test_only_the_frames_of_the_sampling_rule_are_looked_at(tmp_path: Path):
    networks = engine()
    path = videos.write_normal(tmp_path)
    sample_segment(path, Segment(0, None), engine=networks)
    assert sorted(networks.detector.seen) == list(range(0, 50, 5))


def test_every_frame_can_be_analysed(tmp_path: Path):
    samples = sample_segment(
        videos.write_normal(tmp_path),
        Segment(0, None),
        engine=engine(),
        options=AnalysisOptions(sample_fps=None),
    )
    assert len(samples.frame_times_us) == 50


@pytest.mark.parametrize("writer", [videos.write_normal, videos.write_variable_frame_rate])
def test_segments_join_to_the_unbroken_run(tmp_path: Path, writer):
    path = writer(tmp_path)
    whole = sample_segment(path, Segment(0, None), engine=engine())
    segments = plan_segments(probe_video(path).duration_us, segment_us=1_000_000)
    assert len(segments) >= 2
    parts = [sample_segment(path, segment, engine=engine()) for segment in segments]
    assert equal(join_samples(parts), whole)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_number_of_workers_changes_nothing(tmp_path: Path, workers: int):
    path, options = videos.write_normal(tmp_path), AnalysisOptions(sample_fps=None)
    one = sample_segment(path, Segment(0, None), engine=engine(workers=workers), options=options)
    other = sample_segment(path, Segment(0, None), engine=engine(workers=3), options=options)
    assert equal(one, other)


def test_one_frame_of_each_second_is_embedded(tmp_path: Path):
    samples = sample_segment(videos.write_normal(tmp_path), Segment(0, None), engine=engine())
    assert samples.face_times_us[samples.is_embedded].tolist() == [0, 1_000_000]
    assert samples.embeddings.shape == (2, 3)


def test_samples_survive_their_file_bit_for_bit(tmp_path: Path):
    samples = sample_segment(videos.write_normal(tmp_path), Segment(0, None), engine=engine(blind=[10]))
    write_samples(samples, tmp_path / "samples.npz")
    assert equal(read_samples(tmp_path / "samples.npz"), samples)
    assert not list(tmp_path.glob(".*"))


def test_empty_segment_has_no_samples(tmp_path: Path):
    path = videos.write_normal(tmp_path)
    samples = sample_segment(path, Segment(60_000_000, 90_000_000), engine=engine())
    assert len(samples.frame_times_us) == 0
    assert (
        conclude_camera(samples, camera="patient", video=probe_video(path)).rows[0].status == "not_analysed"
    )


class Memory:
    """A store that remembers, and counts what it is asked to keep."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, Segment], FaceSamples] = {}
        self.saves = 0

    def load(self, camera: str, segment: Segment) -> FaceSamples | None:
        return self.kept.get((camera, segment))

    def save(self, camera: str, segment: Segment, samples: FaceSamples) -> None:
        self.kept[camera, segment] = samples
        self.saves += 1


def test_interrupted_run_goes_on_where_it_stopped_and_ends_the_same(tmp_path: Path):
    path = videos.write_normal(tmp_path)
    whole = analyse_camera(path, camera="patient", engine=engine(), options=SECOND)
    store = Memory()
    times = iter(range(100))
    with pytest.raises(Cancelled):
        analyse_camera(
            path,
            camera="patient",
            engine=engine(workers=1),
            options=SECOND,
            store=store,
            cancelled=lambda: next(times) > 8,
        )
    store.save("patient", Segment(0, 1_000_000), sample_segment(path, Segment(0, 1_000_000), engine=engine()))
    networks = engine()
    resumed = analyse_camera(path, camera="patient", engine=networks, options=SECOND, store=store)
    assert min(networks.detector.seen) >= 25
    assert resumed.rows == whole.rows
    assert equal(resumed.people.samples, whole.people.samples)


def test_progress_rises_to_one(tmp_path: Path):
    told: list[float] = []
    analyse_camera(videos.write_normal(tmp_path), camera="patient", engine=engine(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_cancelling_stops_every_thread(tmp_path: Path):
    path = videos.write_normal(tmp_path)
    with pytest.raises(Cancelled):
        analyse_camera(path, camera="patient", engine=engine(), cancelled=lambda: True)
    assert [
        thread.name for thread in threading.enumerate() if thread.name.startswith(("prefetch", "faces"))
    ] == []


@pytest.mark.parametrize(
    ("writer", "error"),
    [
        (videos.write_renamed_text, UnreadableVideo),
        (videos.write_zero_bytes, UnreadableVideo),
        (videos.write_without_index, UnreadableVideo),
        (videos.write_undecodable, UnreadableVideo),
        (videos.write_audio_only, NoVideoStream),
    ],
)
def test_unreadable_file_is_refused(tmp_path: Path, writer, error):
    with pytest.raises(error):
        analyse_camera(writer(tmp_path), camera="patient", engine=engine())


@pytest.mark.parametrize(
    "writer",
    [
        videos.write_variable_frame_rate,
        lambda folder: videos.write_rotated(folder, 90),
        videos.write_ten_bit,
        videos.write_odd_size,
        videos.write_silent,
        videos.write_browser_recording,
        videos.write_hostile_name,
        videos.write_changing_size,
    ],
)
def test_unusual_but_whole_file_gives_a_row_per_second(tmp_path: Path, writer):
    analysis = analyse_camera(writer(tmp_path), camera="patient", engine=engine())
    seconds = [row.second for row in analysis.rows]
    assert seconds == list(range(len(seconds)))
    assert len(seconds) >= 2
    assert {row.status for row in analysis.rows} <= {"ok", "no_face"}


def test_single_frame_is_one_second(tmp_path: Path):
    analysis = analyse_camera(videos.write_single_frame(tmp_path), camera="patient", engine=engine())
    assert [(row.second, row.status, row.frames_sampled) for row in analysis.rows] == [(0, "ok", 1)]


def test_lying_header_does_not_invent_hours(tmp_path: Path):
    analysis = analyse_camera(videos.write_lying_header(tmp_path), camera="patient", engine=engine())
    assert len(analysis.rows) == 2


def test_cut_off_file_keeps_what_decodes(tmp_path: Path):
    analysis = analyse_camera(videos.write_cut_short(tmp_path), camera="patient", engine=engine())
    assert analysis.rows[0].status == "ok"


def test_damaged_middle_leaves_rows_without_samples_or_with_fewer(tmp_path: Path):
    analysis = analyse_camera(videos.write_damaged(tmp_path), camera="patient", engine=engine())
    assert [row.second for row in analysis.rows] == [0, 1]
    assert sum(row.frames_sampled for row in analysis.rows) <= 10


def test_two_cameras_share_one_clock(tmp_path: Path):
    for name in ("patient", "doctor"):
        (tmp_path / name).mkdir()
    paths = {name: videos.write_silent(tmp_path / name) for name in ("patient", "doctor")}
    encounter = analyse_encounter(paths, engine=engine())
    assert [camera.camera for camera in encounter.cameras] == ["patient", "doctor"]
    assert not encounter.sync_applied
    assert [camera.offset_us for camera in encounter.cameras] == [0, 0]


def test_sampling_rate_is_free(tmp_path: Path):
    analysis = analyse_camera(
        videos.write_normal(tmp_path),
        camera="patient",
        engine=engine(),
        options=AnalysisOptions(sample_fps=Fraction(5, 2)),
    )
    assert [row.frames_sampled for row in analysis.rows] == [3, 2]
