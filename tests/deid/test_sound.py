from __future__ import annotations

import numpy as np
import pytest

from deid.sound import BLOCK, RATE_HZ, mask_speech


def masked(sound, *, pieces=7, seed=3):
    parts = np.array_split(np.asarray(sound, np.float32), pieces)
    blocks = list(mask_speech(iter(parts), seed=seed))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def test_no_sound_gives_no_sound():
    assert masked([], pieces=1).size == 0


def test_the_mask_is_as_long_as_the_sound():
    assert masked(np.ones(3 * BLOCK + 17)).size == 3 * BLOCK + 17


def test_loudness_stays_and_the_tone_is_gone():
    time_s = np.arange(RATE_HZ) / RATE_HZ
    tone = 0.4 * np.sin(2 * np.pi * 220 * time_s) * (time_s > 0.5)
    noise = masked(tone)
    loud, quiet = noise[RATE_HZ * 3 // 4 :], noise[: RATE_HZ // 2 - BLOCK]
    assert np.sqrt(np.mean(loud**2)) == pytest.approx(0.4 / np.sqrt(2), rel=0.1)
    assert np.abs(quiet).max() == 0
    spectrum = np.abs(np.fft.rfft(loud))
    assert spectrum[round(220 * len(loud) / RATE_HZ)] < 5 * spectrum.mean()


def test_where_the_blocks_are_cut_makes_no_difference():
    sound = np.random.default_rng(0).normal(0, 0.1, 5 * BLOCK)
    assert np.array_equal(masked(sound, pieces=1), masked(sound, pieces=13))
