"""Voices and whose they were: on the demo whose turns are known, on real voices, on silence and noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from deid.demo.script import DOCTOR_STARTS_MS, TURNS
from emotion import voice
from emotion.media import read_audio
from emotion.speech import find_speech
from emotion.timeline import EncounterClock
from emotion.types import Float
from emotion.voice import RATE_HZ, Heard, VoiceDetector
from tests import videos

DEMO = Path(__file__).parents[2] / "deid" / "demo"
HERE = EncounterClock()
BOTH_HERE = {"doctor": HERE, "patient": HERE}


@pytest.fixture(scope="module")
def detector(weights_dir) -> VoiceDetector:
    return VoiceDetector(weights_dir)


@pytest.fixture(scope="module")
def demo(detector) -> dict[str, Heard]:
    return {camera: detector.listen(DEMO / f"consultation_{camera}.mp4") for camera in ("doctor", "patient")}


def listen(detector: VoiceDetector, folder: Path, name: str, sound: Float) -> Heard:
    wavfile.write(folder / f"{name}.wav", RATE_HZ, sound)
    return detector.listen(folder / f"{name}.wav")


def test_the_demos_turns_are_told_apart(demo):
    found = find_speech(demo, {"doctor": EncounterClock(DOCTOR_STARTS_MS * 1000), "patient": HERE})
    truth = {who: sum(turn.end_s - turn.start_s for turn in TURNS if turn.speaker == who) for who in demo}
    shares = found.as_dict()["share"]
    for who, spoken_s in truth.items():
        assert shares[who] == pytest.approx(spoken_s / sum(truth.values()), abs=0.03)
        assert float(found.spoken_by[who].sum()) == pytest.approx(spoken_s, abs=1.0)
    (silence,) = found.silences
    assert silence == pytest.approx((11.9, 16.3), abs=0.3)


@pytest.mark.real_clips
def test_real_voices_in_turn_are_given_to_whom_they_belong(detector, shared_data, tmp_path):
    sound = read_audio(shared_data / "clips" / "consultation_a_camera_doctor.mp4")
    turn = np.arange(sound.size) // (4 * RATE_HZ) % 2
    noise = np.random.default_rng(0).normal(0, 0.002, (2, sound.size)).astype(np.float32)
    far = np.float32(0.5)  # 6 dB
    heard = {
        "doctor": listen(detector, tmp_path, "doctor", np.where(turn == 0, sound, far * sound) + noise[0]),
        "patient": listen(detector, tmp_path, "patient", np.where(turn == 1, sound, far * sound) + noise[1]),
    }
    found = find_speech(heard, BOTH_HERE)
    mine = np.arange(found.spoken_s.size) // 4 % 2
    right = found.spoken_by["doctor"][mine == 0].sum() + found.spoken_by["patient"][mine == 1].sum()
    assert right / found.spoken_s.sum() > 0.95


@pytest.mark.real_clips
def test_one_sound_in_both_files_does_not_say_who_spoke(detector, shared_data):
    heard = {
        camera: detector.listen(shared_data / "clips" / f"consultation_a_camera_{camera}.mp4")
        for camera in ("doctor", "patient")
    }
    found = find_speech(heard, {"doctor": HERE, "patient": EncounterClock(-640_000)})
    assert found.spoken_s.sum() == pytest.approx(20.0, abs=1.5)
    assert (found.spoken_by, found.apart_db, found.as_dict()["share"]) == ({}, None, {})


@pytest.mark.real_clips
@pytest.mark.parametrize("name", ["street_crowd", "no_face"])
def test_noise_is_no_voice(detector, shared_data, name):
    found = find_speech(
        {"patient": detector.listen(shared_data / "clips" / f"{name}.mp4")}, {"patient": HERE}
    )
    assert found.spoken_s.sum() == 0
    assert found.silences[0][0] == 0


def test_what_is_heard_does_not_depend_on_how_much_is_read_at_once(detector, demo, monkeypatch):
    monkeypatch.setattr(voice, "_BLOCK", 37)
    again = detector.listen(DEMO / "consultation_doctor.mp4")
    np.testing.assert_allclose(again.probs, demo["doctor"].probs, atol=1e-5)
    np.testing.assert_array_equal(again.level_db, demo["doctor"].level_db)


def test_a_recording_without_sound_is_left_out(detector, tmp_path):
    silent = videos.write_recording(tmp_path / "silent.mp4", audio=None)
    assert detector.listen_to({"patient": silent}) == {}
    assert find_speech({}, {}) is None


def test_one_microphone_tells_when_but_not_who(demo):
    found = find_speech({"patient": demo["patient"]}, {"patient": HERE})
    assert found.spoken_s.sum() > 20
    assert found.spoken_by == {}


@pytest.mark.parametrize("known_ppm", [2000.0, 0.0])
def test_a_clock_that_runs_slow_is_followed(known_ppm):
    windows = np.arange(40_000)
    doctors_turn = (windows // 250 % 2).astype(np.float32)
    slow = np.rint(windows * (1 + 2000 / 1e6)).astype(int).clip(0, windows.size - 1)
    level, probs = np.full(windows.size, -20, np.float32), np.ones(windows.size, np.float32)
    heard = {
        "doctor": Heard(probs, level + 10 * doctors_turn),
        "patient": Heard(probs, (level + 10 * (1 - doctors_turn))[slow]),
    }
    found = find_speech(heard, {"doctor": HERE, "patient": EncounterClock(0, known_ppm)})
    second = np.arange(1000, 1200)
    truth = second // 8 % 2  # 250 windows are eight seconds
    told = found.spoken_by["doctor"][second] if found.spoken_by else np.zeros(second.size)
    wrong = float(np.abs(told - truth).mean())
    assert wrong < 0.05 if known_ppm else wrong > 0.1, "without the drift it would be wrong"


def test_loudness_that_merely_varies_is_no_two_people():
    random = np.random.default_rng(3)
    probs = np.ones(4_000, np.float32)
    for scatter in (0.5, 3, 8):
        levels = random.normal(-30, scatter, (2, 4_000)).astype(np.float32)
        found = find_speech(dict(zip(BOTH_HERE, map(Heard, (probs, probs), levels), strict=True)), BOTH_HERE)
        assert found.spoken_by == {}


def test_shapes_must_fit():
    with pytest.raises(ValueError, match=r"\(W,\) twice"):
        Heard(np.zeros(3, np.float32), np.zeros(4, np.float32))
