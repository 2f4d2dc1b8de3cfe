"""What happens to the sound: removed, kept, or masked: in marked spans, or all of it by noise that says only
when and how loudly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from deid.spans import SoundSpan, silence_spans
from emotion.media import read_audio_blocks
from emotion.types import Float, MediaPath

AUDIO: Final = ("remove", "mask", "keep")
RATE_HZ: Final = 48_000
WINDOW_HZ: Final = 20  # loudness is kept at this rate: slower than any vowel, as fast as syllables
BLOCK: Final = RATE_HZ // WINDOW_HZ
#: By what became of the sound, whose voices are still heard: where and how people can be known by them.
VOICES: Final = {
    "none": "none",
    "removed": "none",
    "noise": "none",
    "masked-in-spans": "outside-of-spans",
    "kept": "all",
}


def read_sound(
    path: MediaPath, audio: str, *, spans: Sequence[SoundSpan] = (), seed: int = 0
) -> Iterator[Float]:
    """Yield blocks (N,) float32 mono at RATE_HZ from the first frame on, after what `audio` asks for.

    audio: "keep" or "mask". spans: what alone is masked, everything when there are none. seed: of the noise.
    Raises NoAudioStream.
    """
    blocks = read_audio_blocks(path, rate_hz=RATE_HZ)
    if audio == "keep":
        return blocks
    return silence_spans(blocks, spans, rate_hz=RATE_HZ) if spans else mask_speech(blocks, seed=seed)


def name_sound(audio: str, *, has_audio: bool, with_spans: bool) -> str:
    """Return what becomes of the sound, as the mark in a file says it: a key of VOICES.

    >>> name_sound("mask", has_audio=True, with_spans=True)
    'masked-in-spans'
    """
    if not has_audio:
        return "none"
    masked = "masked-in-spans" if with_spans else "noise"
    return {"remove": "removed", "mask": masked, "keep": "kept"}[audio]


def mask_speech(blocks: Iterator[Float], *, seed: int = 0) -> Iterator[Float]:
    """Yield noise as loud as the sound in every 50 ms: turns and emphasis stay, words and voice do not.

    A noise vocoder with a single band; at least three bands are needed to understand speech (Shannon et al.,
    "Speech recognition with primarily temporal cues", Science 1995). Gives as many samples as it takes.
    """
    source = np.random.default_rng(seed)
    left = np.zeros(0, np.float32)
    level = 0.0
    for block in blocks:
        left = np.concatenate([left, block])
        while left.size >= BLOCK:
            level, noise = _noise_like(left[:BLOCK], level, source)
            left = left[BLOCK:]
            yield noise
    if left.size:
        yield _noise_like(left, level, source)[1]


def _noise_like(piece: Float, level: float, source: np.random.Generator) -> tuple[float, Float]:
    """Return the loudness of a piece, and noise that goes there from the level before without a click."""
    loudness = float(np.sqrt(np.mean(np.square(piece, dtype=np.float64))))
    envelope = np.linspace(level, loudness, piece.size)
    noise = source.uniform(-1, 1, piece.size) * np.sqrt(3) * envelope
    return loudness, np.clip(noise, -1, 1).astype(np.float32)
