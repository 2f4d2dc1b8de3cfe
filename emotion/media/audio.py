"""Sound on the clock of the picture: a mono sample's place in the array is its time since the first frame."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from emotion.errors import NoAudioStream, NoVideoStream
from emotion.media.source import (
    listen_only_to,
    open_container,
    raise_if_storage_fails,
    read_beginning,
    shown_name,
)
from emotion.types import Float, MediaPath

_DECODERS: Final = (
    frozenset(
        {"aac", "aac_latm", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "opus", "libopus", "vorbis"}
    )
    | frozenset({"flac", "alac", "ac3", "eac3", "wmav1", "wmav2", "amrnb", "amrwb", "adpcm_ms"})
    | frozenset({"vorbis", "adpcm_ima_wav", "adpcm_ima_qt"})
)
_TOLERANCE_S: Final = 0.03  # timestamps in whole milliseconds and clock drift; more is a real gap
_SILENCE: Final = 65_536  # samples at most in one block of a gap, which a file may claim to be of any length
_PREROLL_US: Final = 500_000  # overlapping transforms need what came before


def read_audio(
    path: MediaPath, *, rate_hz: int = 16_000, start_us: int = 0, end_us: int | None = None
) -> Float:
    """Return the sound as (N,) float32 mono in -1..1, all of it at once: an hour at 16 kHz takes 230 MB.

    Sample i belongs to start_us + i / rate_hz after the first frame of the picture. Ends with the sound, or
    at end_us if that comes first. Raises NoAudioStream, UnreadableVideo.
    """
    blocks = list(read_audio_blocks(path, rate_hz=rate_hz, start_us=start_us, end_us=end_us))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def read_audio_blocks(
    path: MediaPath, *, rate_hz: int = 16_000, start_us: int = 0, end_us: int | None = None
) -> Iterator[Float]:
    """Return an iterator over what read_audio returns, in constant memory. Gaps become silence."""
    if rate_hz <= 0 or start_us < 0 or (end_us is not None and end_us < start_us):
        raise ValueError(
            f"expected a rate above 0 and 0 <= start <= end, got {rate_hz}, {start_us}, {end_us}"
        )
    return _read_blocks(path, rate_hz, start_us, end_us)


def _read_blocks(path: MediaPath, rate_hz: int, start_us: int, end_us: int | None) -> Iterator[Float]:
    with open_container(path) as container:
        stream = _audio_stream(container, path)
        start_s = origin_s(path) + Fraction(start_us, 1_000_000)
        if start_us > _PREROLL_US and stream.time_base:
            container.seek(
                int((start_s - Fraction(_PREROLL_US, 1_000_000)) / stream.time_base), stream=stream
            )
        limit = None if end_us is None else (end_us - start_us) * rate_hz // 1_000_000
        written = 0
        for position, samples in _place(_decode(container, stream), float(start_s), rate_hz):
            for block in _continue_from(written, position, samples):
                wanted = block if limit is None else block[: limit - written]
                if wanted.size:
                    yield wanted
                written += wanted.size
                if limit is not None and written >= limit:
                    return


def _audio_stream(container: InputContainer, path: MediaPath) -> AudioStream:
    for stream in container.streams.audio:
        name = stream.codec_context.name if stream.codec_context else ""
        if name in _DECODERS or name.startswith("pcm_"):
            listen_only_to(container, stream)
            return stream
    raise NoAudioStream(f"Expected sound in {shown_name(path)}, found none that can be decoded.")


def origin_s(path: MediaPath) -> Fraction:
    """Return the container's time at the first frame in seconds; a file of sound alone begins at its own
    zero.
    """
    try:
        clock = read_beginning(path).clock
    except NoVideoStream:
        return Fraction(0)
    return clock.origin * clock.time_base


def _decode(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.FFmpegError:
                continue
    except av.FFmpegError as error:
        raise_if_storage_fails(error, container.name)


def _place(frames: Iterator[AudioFrame], start_s: float, rate_hz: int) -> Iterator[tuple[int, Float]]:
    """Yield (position, samples), position counted in samples of rate_hz from start_s; below 0 lies before it.

    Between two jumps of the timestamps the samples are simply counted, so their jitter is not heard.
    """
    resampler, shape, position, expected_s = None, None, 0, 0.0
    for frame in frames:
        here_s = expected_s if frame.time is None else frame.time - start_s
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or form != shape or abs(here_s - expected_s) > _TOLERANCE_S:
            if resampler is not None:
                yield position, _joined(resampler.resample(None))
            resampler, shape = AudioResampler(format="flt", layout="mono", rate=rate_hz), form
            position, expected_s = round(here_s * rate_hz), here_s
        expected_s += frame.samples / frame.sample_rate
        frame.pts = None
        samples = _joined(resampler.resample(frame))
        yield position, samples
        position += samples.size
    if resampler is not None:
        yield position, _joined(resampler.resample(None))


def _joined(frames: list[AudioFrame]) -> Float:
    parts = [frame.to_ndarray().reshape(-1) for frame in frames if frame is not None]
    if not parts:
        return np.zeros(0, np.float32)
    samples = np.concatenate(parts).astype(np.float32, copy=False)
    return np.nan_to_num(samples, nan=0, posinf=1, neginf=-1)  # sound in floats may hold what is no number


def _continue_from(written: int, position: int, samples: Float) -> Iterator[Float]:
    """Yield the samples that follow `written` without a hole: silence before them, or their known part cut.

    >>> [block.tolist() for block in _continue_from(2, 4, np.ones(1, np.float32))]
    [[0.0, 0.0], [1.0]]
    >>> [block.tolist() for block in _continue_from(2, 1, np.ones(3, np.float32))]
    [[1.0, 1.0]]
    """
    for begin in range(written, position, _SILENCE):
        yield np.zeros(min(_SILENCE, position - begin), np.float32)
    yield samples[max(0, written - position) :]
