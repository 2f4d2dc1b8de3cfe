"""How loud a recording is over time, and where its picture begins for a player."""

from __future__ import annotations

import numpy as np
import pytest

from emotion.errors import NoAudioStream
from emotion.media import picture_delay_us, read_audio, read_peaks
from emotion.media.peaks import RATE_HZ
from tests import videos


def test_without_sound_nothing_is_loud(tmp_path):
    with pytest.raises(NoAudioStream):
        read_peaks(videos.write_silent(tmp_path), step_us=20_000)


def test_each_step_has_its_loudest_sample_and_the_last_one_may_be_short(tmp_path):
    path = videos.write_normal(tmp_path)
    sound = np.abs(read_audio(path, rate_hz=RATE_HZ))
    peaks = read_peaks(path, step_us=30_000)
    step = 480
    assert len(peaks) == -(-len(sound) // step)
    assert peaks[7] == sound[7 * step : 8 * step].max() > 0.2
    assert peaks[-1] == sound[(len(peaks) - 1) * step :].max()


def test_a_step_without_a_sample_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least a sample"):
        read_peaks(videos.write_normal(tmp_path), step_us=10)


def test_a_player_counts_a_picture_that_begins_after_the_sound_from_the_sound_on(tmp_path):
    assert picture_delay_us(videos.write_normal(tmp_path)) == 0
    late = videos.write_recording(tmp_path / "late.mp4", times=range(10, 60))
    assert picture_delay_us(late) == pytest.approx(400_000, abs=25_000)
    peaks = read_peaks(late, step_us=20_000)
    assert len(peaks) == pytest.approx(len(read_audio(late, rate_hz=RATE_HZ)) / 320, abs=1)
