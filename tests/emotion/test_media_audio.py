"""Sound lies on the clock of the picture, whatever its container, rate and gaps."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from emotion.errors import NoAudioStream, UnreadableVideo
from emotion.media import read_audio, read_audio_blocks, read_peaks, write_video
from tests import videos

RATE_HZ = 16_000


def write_clicks(path: Path, at_s: list[float], *, seconds: float = 4.0, rate_hz: int = 44_100) -> Path:
    """A picture with short clicks at known times."""
    sound = np.zeros(round(seconds * rate_hz), np.float32)
    for moment in at_s:
        begin = round(moment * rate_hz)
        sound[begin : begin + rate_hz // 200] = 0.8
    frames = ((number * 40_000, videos.picture(number)) for number in range(round(seconds * 25)))
    write_video(path, frames, audio=sound, audio_rate_hz=rate_hz, preset="ultrafast")
    return path


def first_click_s(samples: np.ndarray, rate_hz: int = RATE_HZ) -> float:
    return float(np.argmax(np.abs(samples) > 0.3)) / rate_hz


def test_sample_stands_at_its_time(tmp_path: Path) -> None:
    samples = read_audio(write_clicks(tmp_path / "a.mp4", [1.5]))
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert first_click_s(samples) == pytest.approx(1.5, abs=0.002)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_rate_is_the_one_asked_for(tmp_path: Path, rate_hz: int) -> None:
    samples = read_audio(videos.write_normal(tmp_path), rate_hz=rate_hz)
    assert samples.size == pytest.approx(2 * rate_hz, abs=rate_hz // 20)
    spectrum = np.abs(np.fft.rfft(samples[:rate_hz]))
    assert int(np.argmax(spectrum)) == 440


def test_span_begins_and_ends_where_asked(tmp_path: Path) -> None:
    path = write_clicks(tmp_path / "a.mp4", [2.25])
    samples = read_audio(path, start_us=2_000_000, end_us=2_500_000)
    assert samples.size == RATE_HZ // 2
    assert first_click_s(samples) == pytest.approx(0.25, abs=0.002)


def test_blocks_are_the_whole_in_pieces(tmp_path: Path) -> None:
    path = videos.write_browser_recording(tmp_path)
    blocks = list(read_audio_blocks(path))
    assert len(blocks) > 10
    assert np.array_equal(np.concatenate(blocks), read_audio(path))


def test_sound_that_starts_before_the_picture_is_cut_to_it(tmp_path: Path) -> None:
    path = tmp_path / "late_picture.mkv"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = videos.WIDTH, videos.HEIGHT, "yuv420p"
        sound = output.add_stream("aac", rate=48_000, layout="mono")
        samples = np.zeros(96_000, np.float32)
        samples[48_000:48_240] = 0.8
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
        for number in range(25):
            image = av.VideoFrame.from_ndarray(videos.picture(number), format="bgr24")
            image.pts, image.time_base = number + 15, Fraction(1, 25)
            output.mux(video.encode(image))
        output.mux(video.encode(None))
    assert first_click_s(read_audio(path)) == pytest.approx(0.4, abs=0.03)


def test_gap_in_the_sound_becomes_silence(tmp_path: Path) -> None:
    path = tmp_path / "gap.mkv"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = videos.WIDTH, videos.HEIGHT, "yuv420p"
        sound = output.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for number in range(50):
            image = av.VideoFrame.from_ndarray(videos.picture(number), format="bgr24")
            image.pts, image.time_base = number, Fraction(1, 25)
            output.mux(video.encode(image))
        output.mux(video.encode(None))
        for begin in (0, RATE_HZ):  # half a second of sound, half a second without, half a second of sound
            loud = np.full((1, RATE_HZ // 2), 16_000, np.int16)
            frame = av.AudioFrame.from_ndarray(loud, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, begin, Fraction(1, RATE_HZ)
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    samples = read_audio(path)
    assert samples.size == RATE_HZ * 3 // 2
    halves = [np.abs(samples[begin + 100 : begin + 7_900]).mean() for begin in (0, RATE_HZ // 2, RATE_HZ)]
    assert [level > 0.1 for level in halves] == [True, False, True]


def write_sound(path: Path, *frames: tuple[float, np.ndarray]) -> Path:
    """Sound alone, as float samples at times in seconds."""
    with av.open(str(path), "w") as output:
        sound = output.add_stream("pcm_f32le", rate=RATE_HZ, layout="mono")
        for begin_s, samples in frames:
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
            frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
            frame.pts = round(begin_s * RATE_HZ)
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    return path


def test_a_gap_of_days_is_never_in_memory_at_once_nor_read_beyond_the_end(tmp_path: Path) -> None:
    loud = np.full(RATE_HZ, 0.5, np.float32)
    path = write_sound(tmp_path / "days.mka", (0, loud), (200_000, loud))
    sizes = [block.size for block in read_audio_blocks(path, end_us=60_000_000)]
    assert sum(sizes) == 60 * RATE_HZ
    assert max(sizes) < 5 * RATE_HZ
    assert len(read_peaks(path, step_us=1_000_000, end_us=60_000_000)) == 60


def test_a_sample_that_is_no_number_is_silence_and_the_rest_is_heard(tmp_path: Path) -> None:
    sound = np.full(RATE_HZ, 0.5, np.float32)
    sound[[800, 900]] = np.nan, np.inf
    samples = read_audio(write_sound(tmp_path / "nan.mka", (0, sound)))
    assert (samples[800], samples[900], samples[1000]) == (0, 1, 0.5)
    assert np.isfinite(samples).all()


def test_sound_without_a_picture_can_still_be_heard(tmp_path: Path) -> None:
    assert read_audio(videos.write_audio_only(tmp_path)).size > RATE_HZ


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (videos.write_silent, NoAudioStream),
        (videos.write_renamed_text, UnreadableVideo),
        (videos.write_zero_bytes, UnreadableVideo),
    ],
)
def test_no_sound_is_said_in_words(
    tmp_path: Path, write: Callable[[Path], Path], error: type[Exception]
) -> None:
    path = write(tmp_path)
    with pytest.raises(error, match=path.name):
        read_audio(path)


@pytest.mark.parametrize(
    ("start_us", "end_us", "rate_hz"), [(-1, None, 16_000), (2, 1, 16_000), (0, None, 0)]
)
def test_senseless_spans_are_refused(tmp_path: Path, start_us: int, end_us: int | None, rate_hz: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_audio(tmp_path / "unread.mp4", rate_hz=rate_hz, start_us=start_us, end_us=end_us)
