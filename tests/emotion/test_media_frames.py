"""Which frames reading picks, what times they carry, and that segments join exactly."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotion.errors import NoVideoStream, UnreadableVideo
from emotion.media import measure_decode_speed, probe_video, read_frames
from emotion.types import Frame
from tests import videos

RATES = [None, Fraction(1), Fraction(3), Fraction(5), Fraction(25), Fraction(1000), Fraction(30000, 1001)]
WHOLE = [
    videos.write_normal,
    videos.write_open_groups,
    videos.write_variable_frame_rate,
    videos.write_mpeg4,
    videos.write_browser_recording,
    videos.write_changing_size,
    videos.write_odd_size,
]


@pytest.fixture(scope="module", params=WHOLE, ids=lambda write: write.__name__.removeprefix("write_"))
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    write: Callable[[Path], Path] = request.param
    return write(tmp_path_factory.mktemp("recording"))


def numbers(frames: Iterator[Frame]) -> list[int]:
    return [videos.frame_number(frame.image_bgr) for frame in frames]


def test_frames_that_are_asked_for_by_their_times_are_those_of_a_whole_reading(recording):
    whole = list(read_frames(recording))
    wanted = whole[1::5]
    found = list(read_frames(recording, only_us=[frame.time_us for frame in wanted]))
    assert [(frame.index, frame.time_us) for frame in found] == [(one.index, one.time_us) for one in wanted]
    assert all((one.image_bgr == other.image_bgr).all() for one, other in zip(found, wanted, strict=True))
    assert list(read_frames(recording, only_us=[whole[0].time_us + 1])) == []


def test_every_frame_comes_once_in_order_with_its_index(recording: Path) -> None:
    frames = list(read_frames(recording))
    assert numbers(iter(frames)) == list(range(videos.FRAMES))
    assert [frame.index for frame in frames] == list(range(videos.FRAMES))
    assert frames[0].time_us == 0
    assert all(one.time_us < other.time_us for one, other in pairwise(frames))


def test_times_are_the_containers_own(tmp_path: Path) -> None:
    times = [frame.time_us for frame in read_frames(videos.write_normal(tmp_path))]
    assert times == [40_000 * number for number in range(videos.FRAMES)]


def test_stall_of_a_variable_rate_keeps_its_length(tmp_path: Path) -> None:
    times = [frame.time_us for frame in read_frames(videos.write_variable_frame_rate(tmp_path))]
    assert times[:4] == [0, 20_000, 47_000, 95_000]
    assert max(later - earlier for earlier, later in pairwise(times)) > 500_000


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate])
def test_sampling_takes_the_first_frame_at_or_after_each_grid_point(recording: Path, rate: Fraction) -> None:
    every = list(read_frames(recording))
    last_us = every[-1].time_us
    points = (Fraction(k * 1_000_000) / rate for k in range(int(last_us * rate / 1_000_000) + 1))
    # time_us is rounded, the grid is not: half a microsecond before its grid point a frame is still on it.
    picked = {
        next(frame.index for frame in every if frame.time_us + Fraction(1, 2) >= point) for point in points
    }
    sampled = list(read_frames(recording, sample_fps=rate))
    assert [frame.index for frame in sampled] == sorted(picked)
    for frame in sampled:
        assert frame.time_us == every[frame.index].time_us
        assert np.array_equal(frame.image_bgr, every[frame.index].image_bgr)


@pytest.mark.parametrize("rate", RATES)
def test_segments_join_to_exactly_the_whole(recording: Path, rate: Fraction | None) -> None:
    whole = list(read_frames(recording, sample_fps=rate))
    edges = [0, 1, 333_333, 480_000, 480_001, 999_999, 1_000_000, 1_720_000, 10_000_000]
    parts = [
        frame
        for start_us, end_us in pairwise(edges)
        for frame in read_frames(recording, sample_fps=rate, start_us=start_us, end_us=end_us)
    ]
    assert [frame.time_us for frame in parts] == [frame.time_us for frame in whole]
    assert all(
        np.array_equal(one.image_bgr, other.image_bgr) for one, other in zip(parts, whole, strict=True)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start_us=st.integers(0, 2_500_000), length_us=st.integers(0, 2_500_000), rate=st.sampled_from(RATES))
def test_any_segment_is_the_slice_of_the_whole(
    recording: Path, start_us: int, length_us: int, rate: Fraction | None
) -> None:
    end_us = start_us + length_us
    whole = [frame.time_us for frame in read_frames(recording, sample_fps=rate)]
    part = list(read_frames(recording, sample_fps=rate, start_us=start_us, end_us=end_us))
    assert [frame.time_us for frame in part] == [time_us for time_us in whole if start_us <= time_us < end_us]


def test_index_counts_passed_over_frames_of_the_span(tmp_path: Path) -> None:
    frames = read_frames(videos.write_normal(tmp_path), sample_fps=Fraction(5), start_us=500_000)
    assert [frame.index for frame in frames][:3] == [2, 7, 12]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotated_recordings_come_upright(tmp_path: Path, degrees: int) -> None:
    path = videos.write_rotated(tmp_path, degrees)
    frames = list(read_frames(path))
    info = probe_video(path)
    assert numbers(iter(frames)) == list(range(videos.FRAMES))
    assert {frame.image_bgr.shape for frame in frames} == {(info.height, info.width, 3)}


def test_mirrored_recordings_come_as_the_world_is(tmp_path: Path) -> None:
    assert numbers(read_frames(videos.write_mirrored(tmp_path))) == list(range(videos.FRAMES))


def test_ten_bits_become_eight_with_the_same_colours(tmp_path: Path) -> None:
    frame = next(read_frames(videos.write_ten_bit(tmp_path)))
    assert frame.image_bgr.dtype == np.uint8
    assert np.abs(frame.image_bgr.astype(int) - videos.picture(0)).mean() < 6


def test_one_frame_is_enough(tmp_path: Path) -> None:
    frames = list(read_frames(videos.write_single_frame(tmp_path), sample_fps=Fraction(5)))
    assert [(frame.index, frame.time_us) for frame in frames] == [(0, 0)]


def test_changed_resolution_is_scaled_to_the_first(tmp_path: Path) -> None:
    shapes = {frame.image_bgr.shape for frame in read_frames(videos.write_changing_size(tmp_path))}
    assert shapes == {(videos.HEIGHT, videos.WIDTH, 3)}


def test_copy_that_stopped_half_way_yields_its_first_half(tmp_path: Path) -> None:
    seen = numbers(read_frames(videos.write_cut_short(tmp_path)))
    assert seen == list(range(len(seen)))
    assert 10 < len(seen) < videos.FRAMES


def test_bad_sector_costs_its_frames_and_no_others(tmp_path: Path) -> None:
    seen = numbers(read_frames(videos.write_damaged(tmp_path)))
    assert seen[:10] == list(range(10))
    assert seen[-10:] == list(range(videos.FRAMES - 10, videos.FRAMES))


def test_lying_header_does_not_invent_frames(tmp_path: Path) -> None:
    path = videos.write_lying_header(tmp_path)
    assert len(list(read_frames(path))) == videos.FRAMES
    assert list(read_frames(path, start_us=3_600_000_000)) == []


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (videos.write_zero_bytes, UnreadableVideo),
        (videos.write_renamed_text, UnreadableVideo),
        (videos.write_renamed_picture, UnreadableVideo),
        (videos.write_renamed_playlist, UnreadableVideo),
        (videos.write_renamed_concat, UnreadableVideo),
        (videos.write_without_index, UnreadableVideo),
        (videos.write_undecodable, UnreadableVideo),
        (videos.write_audio_only, NoVideoStream),
    ],
)
def test_nothing_is_read_from_what_is_no_video(
    tmp_path: Path, write: Callable[[Path], Path], error: type[Exception]
) -> None:
    with pytest.raises(error):
        next(read_frames(write(tmp_path)))


@pytest.mark.parametrize(
    ("rate", "start_us", "end_us"),
    [(Fraction(0), 0, None), (Fraction(-1), 0, None), (None, -1, None), (None, 5, 4)],
)
def test_senseless_spans_are_refused_at_once(
    tmp_path: Path, rate: Fraction | None, start_us: int, end_us: int | None
) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_frames(tmp_path / "unread.mp4", sample_fps=rate, start_us=start_us, end_us=end_us)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted through /proc")
def test_closing_early_releases_the_file(tmp_path: Path) -> None:
    path = videos.write_normal(tmp_path)

    def is_open() -> bool:
        descriptors = Path("/proc/self/fd").iterdir()
        return any(os.path.realpath(one) == str(path.resolve()) for one in descriptors)

    frames = read_frames(path)
    next(frames)
    assert is_open()
    frames.close()  # type: ignore[attr-defined]
    assert not is_open()


def test_decode_speed_is_a_rate(tmp_path: Path) -> None:
    assert measure_decode_speed(videos.write_normal(tmp_path)) > 0
