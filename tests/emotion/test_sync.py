"""Two cameras find one clock by what they heard, and say so when they cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve

from emotion.errors import UnreadableVideo
from emotion.media import read_audio, write_video
from emotion.sync import Sync, estimate_offset, find_lag
from tests import videos

RATE_HZ = 8_000
CONFIDENT = 0.5


def speak(seconds: float, seed: int, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Syllables of changing pitch and colour with pauses between: (N,) float32 that no two seeds share."""
    random = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * rate_hz), np.float32)
    begin_s = 0.0
    while begin_s < seconds - 0.5:
        length_s = random.uniform(0.08, 0.35)
        time_s = np.arange(round(length_s * rate_hz)) / rate_hz
        pitch_hz, colour_hz = random.uniform(90, 220), random.uniform(300, 2500)
        voiced = sum(
            np.sin(2 * np.pi * pitch_hz * n * (time_s + 0.1 * time_s**2))
            * np.exp(-(((pitch_hz * n - colour_hz) / 600) ** 2))
            / n
            for n in range(1, 16)
        )
        breath = 0.05 * random.standard_normal(time_s.size)
        first = round(begin_s * rate_hz)
        sound[first : first + time_s.size] += np.hanning(time_s.size) * (voiced + breath)
        begin_s += length_s + (random.uniform(0.3, 1.5) if random.random() < 0.2 else random.uniform(0, 0.08))
    return 0.5 * sound / np.abs(sound).max()


def with_noise(sound: np.ndarray, seed: int, snr_db: float = 0.0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(sound.size)
    return np.asarray(sound + noise * sound.std() * 10 ** (-snr_db / 20), np.float32)


def in_room(sound: np.ndarray, seed: int, direct_db: float = -3.0) -> np.ndarray:
    """The sound with half a second of echo, louder than the direct sound, different at every place."""
    length = RATE_HZ // 2
    echo = np.random.default_rng(seed).standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    echo *= 10 ** (-direct_db / 20) / np.sqrt(np.square(echo).sum())
    echo[0] += 1
    return np.asarray(fftconvolve(sound, echo)[: sound.size], np.float32)


def film(path: Path, sound: np.ndarray | None, rate_hz: int = RATE_HZ, seconds: float | None = None) -> Path:
    """A camera that heard `sound`."""
    length_s = seconds or (sound.size / rate_hz if sound is not None else 2.0)
    times = range(0, round(length_s * 1e6), 2_000_000)
    frames = ((time_us, videos.picture(number, 32, 32)) for number, time_us in enumerate(times))
    loud = None if sound is None else 0.3 * sound / max(1.0, float(np.abs(sound).max()))
    write_video(path, frames, audio=loud, audio_rate_hz=rate_hz, preset="ultrafast")
    return path


@pytest.mark.parametrize("lag_s", [0.0, 0.64, -0.64, 10.0, -10.0, 0.0123])
def test_lag_is_found_in_clean_speech(lag_s: float) -> None:
    speech = speak(40, seed=1)
    early, late = speech[: 30 * RATE_HZ], speech[round(abs(lag_s) * RATE_HZ) :][: 30 * RATE_HZ]
    found, confidence = find_lag(early, late) if lag_s >= 0 else find_lag(late, early)
    assert found == pytest.approx(lag_s, abs=0.001)
    assert confidence > 0.95


@pytest.mark.parametrize("seed", range(4))
def test_lag_is_found_with_noise_as_loud_as_the_speech_and_echo(seed: int) -> None:
    speech = speak(40, seed)
    first, second = speech[: 30 * RATE_HZ], speech[10 * RATE_HZ :]
    first, second = (
        with_noise(in_room(one, seed + k), seed + 10 + k) for k, one in enumerate((first, second))
    )
    found, confidence = find_lag(first, second)
    assert found == pytest.approx(10.0, abs=0.04)
    assert confidence > CONFIDENT


@settings(max_examples=20, deadline=None)
@given(lag=st.integers(-4 * RATE_HZ, 4 * RATE_HZ), seed=st.integers(0, 1000))
def test_any_lag_is_found_and_swapping_turns_its_sign(lag: int, seed: int) -> None:
    speech = speak(24, seed)
    first, second = speech[max(0, -lag) :][: 18 * RATE_HZ], speech[max(0, lag) :][: 18 * RATE_HZ]
    kept = first.copy(), second.copy()
    found, confidence = find_lag(first, second)
    back, _ = find_lag(second, first)
    assert found == pytest.approx(lag / RATE_HZ, abs=0.002)
    assert back == pytest.approx(-found, abs=0.002)
    assert confidence > CONFIDENT
    assert np.array_equal(first, kept[0])
    assert np.array_equal(second, kept[1])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), first_s=st.floats(4, 40), second_s=st.floats(4, 40))
def test_unrelated_speech_is_not_believed(seed: int, first_s: float, second_s: float) -> None:
    assert find_lag(speak(first_s, seed), speak(second_s, seed + 5000))[1] < CONFIDENT


def test_muted_beginnings_and_noise_gates_do_not_fake_agreement() -> None:
    for seed in range(6):
        first, second = speak(20, seed), speak(20, seed + 100)
        first[: RATE_HZ * (seed % 3)] = 0
        second[: RATE_HZ // 2] = 0
        assert find_lag(first, second)[1] < CONFIDENT


def steady_sounds() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    time_s = np.arange(20 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(3).standard_normal((2, time_s.size))
    hum = sum(np.sin(2 * np.pi * 50 * n * time_s) / n for n in range(1, 30))
    return {
        "tones": (np.sin(2 * np.pi * 440 * time_s), np.sin(2 * np.pi * 880 * time_s)),
        "one tone": (np.sin(2 * np.pi * 440 * time_s), np.sin(2 * np.pi * 440 * time_s + 1)),
        "noises": (noise[0], noise[1]),
        "tone and noise": (np.sin(2 * np.pi * 440 * time_s), noise[0]),
        "mains hum": (hum + 0.01 * noise[0], hum + 0.01 * noise[1]),
        "ticking clock": ((time_s % 1 < 0.01) * 1.0, ((time_s + 0.3) % 1 < 0.01) * 1.0),
    }


@pytest.mark.parametrize("name", steady_sounds())
def test_sound_that_is_the_same_all_the_time_tells_nothing(name: str) -> None:
    first, second = steady_sounds()[name]
    assert find_lag(first.astype(np.float32), second.astype(np.float32))[1] < CONFIDENT


@pytest.mark.parametrize("samples", [0, 1, 100, 4_000])
def test_too_little_sound_tells_nothing(samples: int) -> None:
    assert find_lag(speak(10, 1), speak(10, 1)[:samples])[1] == 0.0
    assert find_lag(speak(10, 1)[:samples], speak(10, 1))[1] == 0.0


def test_silence_tells_nothing() -> None:
    silence = np.zeros(10 * RATE_HZ, np.float32)
    assert find_lag(silence, silence) == (0.0, 0.0)
    assert find_lag(speak(10, 1), silence) == (0.0, 0.0)


def test_cameras_with_different_rates_ten_seconds_apart_in_noise(tmp_path: Path) -> None:
    speech = speak(40, seed=5, rate_hz=44_100)
    first = film(tmp_path / "first.mp4", with_noise(speech[: 30 * 44_100], 1), 44_100)
    coarse = speech[10 * 44_100 :: 2]  # 22 050 Hz
    second = film(tmp_path / "second.mp4", with_noise(coarse, 2), 22_050)
    found = estimate_offset(first, second)
    assert found.method == "audio"
    assert found.offset_ms == pytest.approx(10_000, abs=40)
    assert estimate_offset(second, first).offset_ms == pytest.approx(-10_000, abs=40)


def test_unrelated_recordings_are_not_brought_together(tmp_path: Path) -> None:
    first, second = (film(tmp_path / f"{seed}.mp4", speak(20, seed)) for seed in (1, 2))
    assert estimate_offset(first, second) == Sync(0, 0.0, "none")


def test_silent_and_mute_recordings_are_not_brought_together(tmp_path: Path) -> None:
    spoken = film(tmp_path / "spoken.mp4", speak(10, 1))
    silent = film(tmp_path / "silent.mp4", np.zeros(10 * RATE_HZ, np.float32))
    mute = film(tmp_path / "mute.mp4", None)
    for other in (silent, mute):
        assert estimate_offset(spoken, other) == Sync(0, 0.0, "none")
        assert estimate_offset(other, spoken) == Sync(0, 0.0, "none")


def test_creation_times_count_where_sound_does_not_tell(tmp_path: Path) -> None:
    first = videos.write_dated(tmp_path, "2026-03-01T10:00:00Z", "first.mp4")
    second = videos.write_dated(tmp_path, "2026-03-01T10:00:01Z", "second.mp4")
    found = estimate_offset(first, second)
    assert (found.offset_ms, found.method) == (1000, "creation_time")
    assert 0 < found.confidence < CONFIDENT


def test_creation_times_without_overlap_do_not_count(tmp_path: Path) -> None:
    first = videos.write_dated(tmp_path, "2026-03-01T10:00:00Z", "first.mp4")
    second = videos.write_dated(tmp_path, "2026-03-02T10:00:00Z", "second.mp4")
    assert estimate_offset(first, second) == Sync(0, 0.0, "none")


def test_clock_drift_of_a_long_recording_is_measured(tmp_path: Path) -> None:
    speech = speak(345, seed=8)
    slow = 1 + 80e-6  # the second camera counts 80 µs too few in every second
    moments = np.arange(0, 340, slow / RATE_HZ) + 2.5
    late = np.interp(moments, np.arange(speech.size) / RATE_HZ, speech).astype(np.float32)
    first = film(tmp_path / "first.mp4", with_noise(speech, 1, 10))
    found = estimate_offset(first, film(tmp_path / "second.mp4", with_noise(late, 2, 10)))
    assert found.offset_ms == pytest.approx(2_500, abs=5)
    assert found.drift_ppm == pytest.approx(80, abs=10)
    assert found.first_us(330_000_000) == pytest.approx(2_500_000 + 330_000_000 * slow, abs=10_000)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableVideo, match="letter"):
        estimate_offset(videos.write_normal(tmp_path), videos.write_renamed_text(tmp_path))


@pytest.mark.real_clips
def test_real_consultation_is_found_640_ms_apart(shared_data: Path) -> None:
    patient, doctor = (
        shared_data / "clips" / f"consultation_a_camera_{who}.mp4" for who in ("patient", "doctor")
    )
    assert estimate_offset(patient, doctor).offset_ms == pytest.approx(640, abs=40)
    assert estimate_offset(doctor, patient).offset_ms == pytest.approx(-640, abs=40)
    heard = (
        with_noise(read_audio(path, rate_hz=RATE_HZ), seed) for seed, path in enumerate((patient, doctor))
    )
    lag_s, confidence = find_lag(*heard)
    assert lag_s == pytest.approx(0.64, abs=0.04)
    assert confidence > CONFIDENT


@pytest.mark.real_clips
def test_real_consultation_and_street_share_no_sound(shared_data: Path) -> None:
    clips = shared_data / "clips"
    found = estimate_offset(clips / "consultation_a_camera_doctor.mp4", clips / "street_crowd.mp4")
    assert (found.method, found.confidence) == ("none", 0.0)
