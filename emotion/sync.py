"""Two cameras on one clock: by what both of them heard, by when they say they began, or not at all.

Two views of the same sounds are correlated. The waveforms with their spectra made flat (generalized
cross-correlation with partial phase transform, Knapp & Carter 1976, doi:10.1109/TASSP.1976.1162830; exponent
0.8 after Donohue et al. 2007) are exact to a fraction of a millisecond, the onsets of loudness survive echo
and other microphones. A lag counts as far as both agree on it, and the result as far as no other lag does
nearly as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal, stats

from emotion.errors import NoAudioStream
from emotion.media import probe_video, read_audio
from emotion.types import Float, MediaPath, VideoInfo

_RATE_HZ: Final = 8_000  # speech ends at 4 kHz
_BAND_HZ: Final = (200, 3_500)  # without mains hum and handling noise
_WHITENING: Final = 0.8
_HOP: Final = _RATE_HZ // 200  # one loudness value for 5 ms
_FADE: Final = 0.15  # of the length, at either end
_FLOOR: Final = 0.01  # of the loudness; were a noise gate's silence deeper, its edges would outdo the speech
_SILENCE: Final = 1e-5  # root mean square; a 16-bit recorder's last bit is 3e-5
_NEIGHBOURHOOD_S: Final = 0.1  # a peak's own flanks and the nearest echoes are no rivals
_PROBE_S: Final = 60
_CONFIDENT: Final = 0.5
_PROMINENCE_AT_HALF: Final = 3.0  # from 20 s on: 496 unrelated pairs of 20 s stayed below 2.9
_SHORT_S: Final = 20  # below it chance agrees more often: 630 pairs of 12 s reached 5.5, 780 of 6 s 8.5
_CREATION_TIME_CONFIDENCE: Final = 0.3  # whole seconds, and two cameras' clocks
_DRIFT_SPAN_S: Final = 300
_DRIFT_POINTS: Final = 11
_DRIFT_WINDOW_S: Final = 20
_DRIFT_REACH_S: Final = 1.0
_DRIFT_SCATTER_S: Final = 0.01


@dataclass(frozen=True)
class Sync:
    """How the second camera's clock relates to the first's.

    offset_ms: add to the second file's time to get the first file's. drift_ppm: by how much the second's
    clock runs slow, 0 when the recording is too short to tell. confidence: 0..1; below 0.5 a person should
    look.
    """

    offset_ms: int
    confidence: float
    method: Literal["audio", "by_hand", "creation_time", "none"]
    drift_ppm: float = 0.0

    def first_us(self, second_us: int) -> int:
        """Return the time in the first file of a moment in the second.

        >>> Sync(offset_ms=640, confidence=1.0, method="audio", drift_ppm=50.0).first_us(1_800_000_000)
        1800730000
        """
        return second_us + self.offset_ms * 1000 + round(second_us * self.drift_ppm / 1_000_000)


def estimate_offset(first: MediaPath, second: MediaPath, *, max_offset_s: int = 300) -> Sync:
    """Return how to bring the second file onto the first one's clock, both counted from their first frames.

    max_offset_s: how much earlier one camera may have started. Where the sounds do not tell, the times of
    creation count, as long as they let the recordings overlap; where there are none, the offset is 0 with
    confidence 0. Raises UnreadableVideo.
    """
    infos = probe_video(first), probe_video(second)
    heard = _by_sound(*infos, max_offset_s) if infos[0].has_audio and infos[1].has_audio else None
    return heard or _by_creation_time(*infos) or Sync(0, 0.0, "none")


def offset_by_hand(offset_ms: int) -> Sync:
    """Return the offset that somebody measured, in full confidence and without drift."""
    return Sync(offset_ms, 1.0, "by_hand")


def find_lag(first: Float, second: Float) -> tuple[float, float]:
    """Return (lag, confidence): `second` sounds like `first` from lag seconds on.

    first, second: (N,) and (M,) mono at 8 kHz, not modified. lag may be negative and leaves an overlap of 3 s
    or half of the shorter one. confidence: 0..1, 0 for silence and for sound too short to compare.
    """
    first, second = _voice_band(first), _voice_band(second)
    overlap = min(3 * _RATE_HZ, min(first.size, second.size) // 2) // _HOP
    if overlap < 100 or min(_loudness(first), _loudness(second)) < _SILENCE:
        return 0.0, 0.0
    begin, waves = _correlate(_faded(first), _faded(second), _WHITENING)
    onset_begin, onsets = _correlate(_onsets(first), _onsets(second), 0.0)
    hops = np.arange(onset_begin + overlap, onset_begin + onsets.size - overlap)
    low = hops[0] * _HOP - _HOP // 2 - begin
    waves = waves[low : low + hops.size * _HOP].reshape(hops.size, _HOP)
    onsets = signal.order_filter(onsets, np.ones(3), 2)[overlap : onsets.size - overlap]
    agreement = np.maximum(waves.max(axis=1), 0) * np.maximum(onsets, 0)
    best = int(agreement.argmax())
    lag = hops[best] * _HOP - _HOP // 2 + int(waves[best].argmax())
    shorter_s = min(first.size, second.size) / _RATE_HZ
    return float(lag / _RATE_HZ), _confidence(agreement, best, shorter_s)


def _by_sound(first: VideoInfo, second: VideoInfo, max_offset_s: int) -> Sync | None:
    try:
        offset_s, confidence = _find_offset(first, second, max_offset_s)
        if confidence < _CONFIDENT:
            return None
        points = list(_follow(first, second, offset_s))
    except NoAudioStream:
        return None
    drift_ppm, offset_s = _fit_drift(points, offset_s)
    return Sync(round(offset_s * 1000), round(confidence, 3), "audio", round(drift_ppm, 1))


def _find_offset(first: VideoInfo, second: VideoInfo, max_offset_s: int) -> tuple[float, float]:
    """Return (offset in s, confidence) by looking for a minute of the second recording in the first."""
    first_s, second_s = first.duration_us / 1e6, second.duration_us / 1e6
    best = (0.0, 0.0)
    for share in (0.5, 0.25, 0.75) if second_s > 2 * _PROBE_S else (0.0,):
        length_s = _PROBE_S if second_s > 2 * _PROBE_S else second_s
        begin_s = share * (second_s - length_s)
        from_s = max(0.0, begin_s - max_offset_s)
        until_s = min(first_s, begin_s + length_s + max_offset_s)
        if until_s <= from_s:
            continue
        probe = _sound(second, begin_s, begin_s + length_s)
        lag_s, confidence = find_lag(_sound(first, from_s, until_s), probe)
        if confidence > best[1]:
            best = (from_s + lag_s - begin_s, confidence)
        if confidence > 0.9:
            break
    return best


def _follow(first: VideoInfo, second: VideoInfo, offset_s: float) -> Iterator[tuple[float, float]]:
    """Yield (time in the second, offset) in s at points along a long recording where the sound tells."""
    begin_s = max(0.0, -offset_s) + _DRIFT_REACH_S
    shared_until_s = min(second.duration_us / 1e6, first.duration_us / 1e6 - offset_s)
    end_s = shared_until_s - _DRIFT_WINDOW_S - _DRIFT_REACH_S
    if end_s - begin_s < _DRIFT_SPAN_S:
        return
    for moment_s in np.linspace(begin_s, end_s, _DRIFT_POINTS).tolist():
        from_s = moment_s + offset_s - _DRIFT_REACH_S
        around = _sound(first, from_s, from_s + _DRIFT_WINDOW_S + 2 * _DRIFT_REACH_S)
        lag_s, confidence = find_lag(around, _sound(second, moment_s, moment_s + _DRIFT_WINDOW_S))
        if confidence >= _CONFIDENT and abs(lag_s - _DRIFT_REACH_S) < _DRIFT_REACH_S:
            yield moment_s, offset_s + lag_s - _DRIFT_REACH_S


def _fit_drift(points: list[tuple[float, float]], offset_s: float) -> tuple[float, float]:
    """Return (drift in ppm, offset in s at the second's time 0); no drift unless the points lie on a line.

    The line is the median of the slopes between all points (Theil 1950, Sen 1968), which bears a few wrong
    ones.

    >>> _fit_drift([(0.0, 1.0), (400.0, 1.02), (800.0, 1.04), (1200.0, 1.06), (1600.0, 9.0)], 1.0)
    (50.0, 1.0)
    """
    if len(points) < _DRIFT_POINTS // 3:
        return 0.0, offset_s
    moments, offsets = np.array(points).T
    slope, intercept = stats.theilslopes(offsets, moments)[:2]
    if np.median(np.abs(offsets - intercept - slope * moments)) > _DRIFT_SCATTER_S:
        return 0.0, offset_s
    return round(float(slope) * 1e6, 3), round(float(intercept), 6)


def _by_creation_time(first: VideoInfo, second: VideoInfo) -> Sync | None:
    if first.created_at is None or second.created_at is None:
        return None
    between = datetime.fromisoformat(second.created_at) - datetime.fromisoformat(first.created_at)
    offset_ms = round(between.total_seconds() * 1000)
    if not -second.duration_us < offset_ms * 1000 < first.duration_us:
        return None
    return Sync(offset_ms, _CREATION_TIME_CONFIDENCE, "creation_time")


def _sound(info: VideoInfo, from_s: float, until_s: float) -> Float:
    start_us = max(0, round(from_s * 1_000_000))
    return read_audio(
        info.path, rate_hz=_RATE_HZ, start_us=start_us, end_us=max(start_us, round(until_s * 1_000_000))
    )


def _voice_band(samples: Float) -> Float:
    if samples.size < _RATE_HZ // 10:
        return np.zeros(0, np.float32)
    band = signal.butter(4, _BAND_HZ, "bandpass", fs=_RATE_HZ, output="sos")
    return np.asarray(signal.sosfiltfilt(band, samples), np.float32)


def _loudness(samples: Float) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if samples.size else 0.0


def _faded(samples: Float) -> Float:
    """Return the samples with soft ends: cut ends sound alike in both recordings, above all in a hum."""
    return np.asarray(samples * signal.windows.tukey(samples.size, 2 * _FADE), np.float32)


def _onsets(samples: Float) -> Float:
    """Return (N // 40,) how fast loudness rises, in 5 ms steps: the beginnings of words, knocks and steps."""
    count = samples.size // _HOP
    power = np.square(samples[: count * _HOP]).reshape(count, _HOP).mean(axis=1)
    level = np.log(np.sqrt(power) + _FLOOR * _loudness(samples))
    smooth = np.convolve(level, signal.windows.hann(5) / 2, mode="same")
    rises = np.maximum(np.diff(smooth, prepend=smooth[:1]), 0)
    return _faded((rises - rises.mean()).astype(np.float32))


def _correlate(first: Float, second: Float, whitening: float) -> tuple[int, Float]:
    """Return (b, c): c[i] is the correlation when `second` is moved by b + i samples."""
    size = fft.next_fast_len(first.size + second.size, real=True)
    cross = fft.rfft(first, size) * np.conj(fft.rfft(second, size))
    if whitening:
        strength = np.abs(cross)
        cross /= np.maximum(strength, 1e-3 * strength.mean() + 1e-20) ** whitening
    circular = fft.irfft(cross, size)
    begin = 1 - second.size
    return begin, np.concatenate([circular[begin:], circular[: first.size]], dtype=np.float32)


def _confidence(agreement: NDArray[np.float32], best: int, heard_s: float) -> float:
    """Return 0..1 from how far the best lag stands above every lag outside its neighbourhood."""
    reach = round(_NEIGHBOURHOOD_S * _RATE_HZ / _HOP)
    rivals = np.concatenate([agreement[: max(0, best - reach)], agreement[best + reach + 1 :]])
    rival = float(rivals.max(initial=0.0))
    peak = float(agreement[best])
    if peak <= 0.0:
        return 0.0
    prominence = peak / max(rival, peak * 1e-3)
    at_half = _PROMINENCE_AT_HALF * max(1.0, _SHORT_S / heard_s)
    return prominence**4 / (prominence**4 + at_half**4)
