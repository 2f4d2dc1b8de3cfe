"""What a recording is: shape, measured length, sound, when it was made, whether a browser can play it."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from emotion.media.source import (
    Clock,
    nothing_decodes,
    open_container,
    raise_if_storage_fails,
    read_beginning,
    read_packets,
    size_of,
    video_stream,
)
from emotion.types import MediaPath, VideoInfo

_BROWSER_CODINGS: Final = {
    "mp4": ({"h264"}, {"aac", "mp3", None}),
    "webm": ({"vp8", "vp9"}, {"opus", "vorbis", None}),
}
_BROWSER_PIXELS: Final = ("yuv420p", "yuvj420p")


def probe_video(path: MediaPath) -> VideoInfo:
    """Return what the container says of itself, with the duration measured from its last packets.

    rotation_deg is clockwise, and already applied to width and height. Decodes one frame. Raises
    UnreadableVideo when that fails or the file is no video, NoVideoStream when there is only sound.
    """
    beginning = read_beginning(path)
    duration_us = _measure_duration(path, beginning.clock)
    with open_container(path) as container:
        stream = video_stream(container, path)
        audio = next((one for one in container.streams.audio if one.codec_context), None)
        return VideoInfo(
            path=path,
            size_bytes=size_of(path),
            container=_container_name(container, path),
            codec=stream.codec_context.name,
            pixel_format=stream.codec_context.pix_fmt or "unknown",
            width=beginning.width,
            height=beginning.height,
            rotation_deg=beginning.rotation_deg,
            duration_us=duration_us,
            frame_rate=_frame_rate(stream, duration_us),
            has_audio=audio is not None,
            audio_codec=audio.codec_context.name if audio else None,
            audio_rate_hz=audio.codec_context.sample_rate if audio else None,
            created_at=_created_at({**stream.metadata, **container.metadata}),
        )


def needs_browser_copy(info: VideoInfo) -> bool:
    """Return whether browsers need a copy: not for 8-bit 4:2:0 in H.264 in MP4, or in VP8 or VP9 in WebM."""
    video_codings, audio_codings = _BROWSER_CODINGS.get(info.container, (set[str](), set[str | None]()))
    plays = info.codec in video_codings and info.audio_codec in audio_codings
    return not (plays and info.pixel_format in _BROWSER_PIXELS)


def _measure_duration(path: MediaPath, clock: Clock) -> int:
    """Return the microseconds from the first frame to the end of the last, by reading packets, not headers.

    The header serves only to jump near the end, so an hour takes no longer than a minute; where the jump
    finds nothing, as in a file that was cut short, every packet is read.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        claimed = stream.duration or (
            container.duration and int(container.duration / 1_000_000 / clock.time_base)
        )
        if claimed:
            try:
                container.seek(clock.origin + claimed, stream=stream)
            except av.FFmpegError as error:
                raise_if_storage_fails(error, container.name)
                claimed = None
        end = _last_end(container, stream)
    if end is None and claimed:
        with open_container(path) as container:
            end = _last_end(container, video_stream(container, path))
    if end is None:
        raise nothing_decodes(path)
    return max(0, clock.microseconds(end))


def _last_end(container: InputContainer, stream: VideoStream) -> int | None:
    """Return the largest end of any packet from here on in ticks, None when there is none."""
    usual = (
        int(1 / (stream.guessed_rate * stream.time_base)) if stream.guessed_rate and stream.time_base else 0
    )
    ends = (
        packet.pts + (packet.duration or usual)
        for packet in read_packets(container, stream)
        if packet.pts is not None and not packet.is_discard
    )
    return max(ends, default=None)


def _frame_rate(stream: VideoStream, duration_us: int) -> Fraction | None:
    """Return the average rate, counted again where the header's own duration is not the measured one."""
    if not (stream.duration and stream.time_base and stream.frames and duration_us):
        return stream.average_rate or stream.guessed_rate
    claimed_us = stream.duration * stream.time_base * 1_000_000
    if abs(claimed_us - duration_us) * 20 <= duration_us:
        return stream.average_rate
    return stream.guessed_rate or Fraction(stream.frames * 1_000_000, duration_us)


def _container_name(container: InputContainer, path: MediaPath) -> str:
    """Return mp4, mov, webm, matroska, avi…: one reader of FFmpeg serves relatives and is named after all."""
    names = container.format.name
    if names.startswith("mov,"):
        return "mov" if container.metadata.get("major_brand", "").strip() == "qt" else "mp4"
    if names.startswith("matroska"):
        with path.open("rb") as file:
            return "webm" if b"webm" in file.read(64) else "matroska"
    return names.split(",")[0]


def _created_at(metadata: dict[str, str]) -> str | None:
    """Return the moment of recording as ISO 8601, None when the camera did not set its clock.

    >>> _created_at({"creation_time": "2023-02-03T21:18:59.000000Z"})
    '2023-02-03T21:18:59+00:00'
    >>> _created_at({"creation_time": "1904-01-01T00:00:00.000000Z"}) is None
    True
    """
    for key in ("com.apple.quicktime.creationdate", "creation_time", "DATE_RECORDED", "date"):
        try:
            moment = datetime.fromisoformat(metadata.get(key, ""))
        except ValueError:
            continue
        if moment.year > 1971:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    return None
