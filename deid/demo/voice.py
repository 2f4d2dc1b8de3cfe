"""The sound of the scene, made of formants: two people take turns in a language that does not exist.

Source and filter (Fant 1960): a train of glottal pulses through resonances at the formants of a few vowels,
bursts of noise for consonants. No recorded voice is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.signal import lfilter

from deid.demo.script import DOCTOR_STARTS_MS, DURATION_S, TURNS, Turn
from deid.heads.pack import Float

RATE_HZ = 16_000
LEAD_S = 2  # the scene sounds on after the first camera stops
VOWELS_HZ = (  # Peterson and Barney 1952, rounded: a, e, i, o, u, schwa
    (730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010),
    (570, 840, 2410), (300, 870, 2240), (500, 1500, 2500),
)  # fmt: skip
BANDWIDTHS_HZ = (80.0, 100.0, 140.0)


@dataclass(frozen=True)
class Voice:
    """pitch_hz: middle of the melody; tract: formants times this (a shorter throat sounds brighter); seed."""

    pitch_hz: float
    tract: float
    seed: int


VOICES = {"doctor": Voice(205.0, 1.14, 5), "patient": Voice(118.0, 1.0, 8)}


@dataclass(frozen=True)
class Syllable:
    """start_s within the scene; burst_s of noise, then a vowel of vowel_s."""

    start_s: float
    burst_s: float
    vowel_s: float
    vowel: int


@cache
def plan_syllables(turn: Turn) -> tuple[Syllable, ...]:
    """Return the syllables of a turn: four to six in a second, with short pauses between words."""
    source = np.random.default_rng([VOICES[turn.speaker].seed, round(turn.start_s * 10)])
    syllables, now = [], turn.start_s
    while now < turn.end_s - 0.25:
        burst, vowel = float(source.uniform(0.02, 0.06)), float(source.uniform(0.09, 0.19))
        syllables.append(Syllable(now, burst, vowel, int(source.integers(len(VOWELS_HZ)))))
        now += burst + vowel + (float(source.uniform(0.08, 0.25)) if source.random() < 0.25 else 0.01)
    return tuple(syllables)


def loudness_at(speaker: str, scene_s: float) -> float:
    """Return how open the speaker's mouth is, 0..1, from the syllable being spoken."""
    for turn in TURNS:
        if turn.speaker == speaker and turn.start_s <= scene_s <= turn.end_s:
            for syllable in plan_syllables(turn):
                into = (scene_s - syllable.start_s - syllable.burst_s) / syllable.vowel_s
                if 0 <= into <= 1:
                    wide = (1.0, 0.7, 0.45, 0.8, 0.4, 0.6)[syllable.vowel]
                    return float(wide * np.sin(np.pi * into) ** 0.6)
    return 0.0


def camera_sound(camera: str) -> Float:
    """Return what the camera's microphone hears, (DURATION_S * RATE_HZ,) mono -1..1, from its own time 0.

    Each microphone is nearer to its own person, a little late for the other one, and has a hiss of its own.
    """
    start = DOCTOR_STARTS_MS * RATE_HZ // 1000 if camera == "doctor" else 0
    count = DURATION_S * RATE_HZ
    heard = np.zeros(count, np.float64)
    for speaker in VOICES:
        near = speaker == camera
        late = 0 if near else round(0.0035 * RATE_HZ)  # 1.2 m of air
        voice = speak(speaker)[start : start + count]
        heard[late:] += (1.0 if near else 0.45) * voice[: count - late]
    hiss = np.random.default_rng(101 if camera == "doctor" else 202).normal(0, 0.002, count)
    hum = lfilter([0.02], [1, -0.98], np.random.default_rng(303).normal(0, 0.03, count + 16_000))
    heard += hiss + 0.3 * hum[start : start + count]
    return np.clip(heard * 0.8, -1, 1).astype(np.float32)


@cache
def speak(speaker: str) -> Float:
    """Return everything the speaker says, on the clock of the scene, (N,) mono."""
    sound = np.zeros((DURATION_S + LEAD_S) * RATE_HZ)
    voice = VOICES[speaker]
    source = np.random.default_rng(voice.seed)
    for turn in TURNS:
        if turn.speaker != speaker:
            continue
        for syllable in plan_syllables(turn):
            piece = _sound_syllable(syllable, voice, source, (syllable.start_s - turn.start_s))
            at = round(syllable.start_s * RATE_HZ)
            sound[at : at + len(piece)] += piece
    said: Float = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    return said


def _sound_syllable(syllable: Syllable, voice: Voice, source: np.random.Generator, into_s: float) -> Float:
    burst = source.normal(0, 0.10, round(syllable.burst_s * RATE_HZ))
    burst = np.diff(burst, prepend=0.0) * np.hanning(len(burst))
    count = round(syllable.vowel_s * RATE_HZ)
    fall = 1.12 - 0.06 * into_s + 0.06 * np.sin(np.linspace(0, 2.5, count))
    phase = np.cumsum(voice.pitch_hz * fall / RATE_HZ)
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.01 * source.normal(0, 1, count)
    vowel = lfilter([1.0], [1.0, -0.96], pulses)
    for formant_hz, width_hz in zip(VOWELS_HZ[syllable.vowel], BANDWIDTHS_HZ, strict=True):
        radius = np.exp(-np.pi * width_hz / RATE_HZ)
        angle = 2 * np.pi * formant_hz * voice.tract / RATE_HZ
        feedback = [1.0, -2 * radius * np.cos(angle), radius**2]
        vowel = lfilter([sum(feedback)], feedback, vowel)
    vowel = vowel / (np.abs(vowel).max() + 1e-9) * np.sin(np.linspace(0, np.pi, count)) ** 0.5
    return np.concatenate([burst, vowel]).astype(np.float32)
