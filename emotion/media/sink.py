"""Writing a video every browser plays: H.264 in 4:2:0 with AAC in MP4; under its name only when whole."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags as CodecFlags
from av.container import OutputContainer
from av.container.core import Flags as ContainerFlags
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from emotion.errors import OutputUnwritable
from emotion.media.source import BUFFER_BYTES, partial_path, shown_name
from emotion.types import Float, Image, MediaPath

_MICROSECONDS: Final = Fraction(1, 1_000_000)
_KEYFRAME_EVERY_S: Final = 2  # seeking in a browser decodes from the keyframe before


class VideoSink:
    """Takes frames and sound in order of time; a `with` block that ends well renames the file into place.

    An exception inside the block leaves nothing behind; nothing stands under the final name before close().
    The file carries no metadata but its shape. Odd sizes grow by one repeated row or column, as 4:2:0 asks.
    Raises OutputUnwritable.
    """

    def __init__(
        self,
        destination: MediaPath,
        *,
        width: int,
        height: int,
        frame_rate: Fraction = Fraction(25),
        audio_rate_hz: int | None = None,
        crf: int = 23,
        preset: str = "veryfast",
        rotation_deg: int = 0,
        threads: int = 1,
    ) -> None:
        """frame_rate guides the encoder alone, times are those of write_frame. crf: 0 (lossless) to 51.

        threads: of the encoder; another number gives other bytes.
        """
        self._destination = destination
        self._opened = ExitStack()
        self._partial = partial_path(self._destination)
        self._size = (width, height)
        self._last_us = -1
        self._audio_written = 0
        try:
            self._container: OutputContainer = self._open(self._partial)
            self._container.flags |= cast(int, ContainerFlags.bitexact.value)
            self._video = self._add_video(frame_rate, crf, preset, rotation_deg, threads)
            self._audio = self._add_audio(audio_rate_hz)
            # x264 writes its version and settings into a note (SEI, unit type 6) beside the first frame.
            self._without_notes = BitStreamFilterContext("filter_units=remove_types=6", "h264")
        except (av.FFmpegError, OSError) as error:
            self._opened.close()
            self._partial.unlink(missing_ok=True)
            raise self._unwritable(error) from error

    def write_frame(self, image_bgr: Image, time_us: int) -> None:
        """Add a frame of the announced size; time_us must grow. The image is not modified."""
        height, width = image_bgr.shape[:2]
        if (width, height) != self._size:
            raise ValueError(
                f"expected frames of {self._size[0]}×{self._size[1]} pixels, got {width}×{height}"
            )
        if time_us <= self._last_us:
            raise ValueError(f"expected a time after {self._last_us} µs, got {time_us}")
        self._last_us = time_us
        if width % 2 or height % 2:
            image_bgr = np.pad(image_bgr, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image_bgr), format="bgr24")
        frame.pts, frame.time_base = time_us, _MICROSECONDS
        self._encode(self._video, frame)

    def write_audio(self, samples: Float) -> None:
        """Add (N,) float32 mono samples in -1..1 that follow the ones before; the first belongs to time 0."""
        if self._audio is None:
            raise ValueError("expected audio_rate_hz when the sink was made, got sound without it")
        if samples.size == 0:
            return
        frame = AudioFrame.from_ndarray(
            samples.astype(np.float32).reshape(1, -1), format="fltp", layout="mono"
        )
        frame.sample_rate = self._audio.rate
        frame.pts, frame.time_base = self._audio_written, Fraction(1, self._audio.rate)
        self._audio_written += samples.size
        self._encode(self._audio, frame)

    def close(self) -> None:
        """Finish the file and give it its name. Raises ValueError when it holds no frame."""
        if self._last_us < 0:
            self.discard()
            raise ValueError("expected at least one frame to write, got none")
        try:
            for stream in self._encoding():
                self._mux(stream, None)
            self._container.close()
            self._opened.close()
            self._partial.replace(self._destination)
        except (av.FFmpegError, OSError) as error:
            self.discard()
            raise self._unwritable(error) from error

    def discard(self) -> None:
        """Remove what was written so far."""
        try:
            self._container.close()
            self._opened.close()
        except (av.FFmpegError, OSError):
            pass  # the file is going away, whatever state its end is in
        finally:
            self._partial.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.discard()

    def _open(self, partial: MediaPath) -> OutputContainer:
        options = {"movflags": "+faststart"}
        if isinstance(partial, Path):
            return av.open(f"file:{partial.absolute()}", "w", format="mp4", options=options)
        file = self._opened.enter_context(partial.open("w+b"))
        return av.open(
            file,
            "w",
            format="mp4",
            options=options,
            buffer_size=BUFFER_BYTES,
            io_open=lambda *_: _SecondPlace(file),
        )

    def _add_video(
        self, frame_rate: Fraction, crf: int, preset: str, rotation_deg: int, threads: int
    ) -> VideoStream:
        stream = self._container.add_stream(
            "libx264", rate=frame_rate.limit_denominator(1001), options={"crf": str(crf), "preset": preset}
        )
        stream.width, stream.height = (side + side % 2 for side in self._size)
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = _MICROSECONDS
        stream.codec_context.thread_count = threads
        stream.codec_context.flags |= CodecFlags.bitexact
        stream.gop_size = max(1, round(frame_rate * _KEYFRAME_EVERY_S))
        if rotation_deg:
            stream.set_display_rotation(-rotation_deg)
        return stream

    def _encoding(self) -> list[VideoStream | AudioStream]:
        """Return the streams whose encoders still hold something."""
        return [self._video] if self._audio is None else [self._video, self._audio]

    def _add_audio(self, rate_hz: int | None) -> AudioStream | None:
        if rate_hz is None:
            return None
        stream = self._container.add_stream("aac", rate=rate_hz, layout="mono")
        stream.codec_context.flags |= CodecFlags.bitexact
        return stream

    def _encode(self, stream: VideoStream | AudioStream, frame: VideoFrame | AudioFrame) -> None:
        try:
            self._mux(stream, frame)
        except (av.FFmpegError, OSError) as error:
            self.discard()
            raise self._unwritable(error) from error

    def _mux(self, stream: VideoStream | AudioStream, frame: VideoFrame | AudioFrame | None) -> None:
        packets = stream.encode(frame)  # type: ignore[arg-type]
        if stream is self._video:
            packets = [kept for packet in packets for kept in self._without_notes.filter(packet)]
        self._container.mux(packets)

    def _unwritable(self, error: Exception) -> OutputUnwritable:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return OutputUnwritable(
            f"{shown_name(self._destination)} could not be written ({reason}); "
            "free some space or choose another folder."
        )


class _SecondPlace:
    """Reads a file that is being written at a place of its own, as FFmpeg does to move the index forward."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._place = file, 0

    def read(self, size: int) -> bytes:
        written_to = self._file.tell()
        self._file.seek(self._place)
        data = self._file.read(size)
        self._place += len(data)
        self._file.seek(written_to)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        written_to = self._file.tell()
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._file.seek(0, os.SEEK_END)}
        self._file.seek(written_to)
        self._place = start[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place


def write_video(
    destination: MediaPath,
    frames: Iterable[tuple[int, Image]],
    *,
    frame_rate: Fraction = Fraction(25),
    audio: Float | None = None,
    audio_rate_hz: int = 16_000,
    crf: int = 23,
    preset: str = "veryfast",
    rotation_deg: int = 0,
) -> None:
    """Write (time_us, image_bgr) pairs and, if given, (N,) float32 mono sound from time 0, interleaved.

    Raises ValueError without a single frame, OutputUnwritable; either leaves nothing behind.
    """
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise ValueError("expected at least one frame to write, got none")
    sound = np.zeros(0, np.float32) if audio is None else audio
    with VideoSink(
        destination,
        width=first[1].shape[1],
        height=first[1].shape[0],
        frame_rate=frame_rate,
        audio_rate_hz=None if audio is None else audio_rate_hz,
        crf=crf,
        preset=preset,
        rotation_deg=rotation_deg,
    ) as sink:
        heard = 0
        for time_us, image_bgr in chain([first], remaining):
            until = time_us * audio_rate_hz // 1_000_000
            if until > heard and heard < sound.size:
                sink.write_audio(sound[heard:until])
                heard = until
            sink.write_frame(image_bgr, time_us)
        if heard < sound.size:
            sink.write_audio(sound[heard:])
