"""Stretches of a picture that were encoded apart, put one behind another without encoding anything again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import TypeAlias

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from emotion.errors import UnreadableVideo
from emotion.media.sink import VideoSink
from emotion.media.source import open_container, read_packets, video_stream
from emotion.types import MediaPath

Joined: TypeAlias = "tuple[Packet[VideoStream], int, int]"


class JoinSink(VideoSink):
    """Takes packets of a picture that is encoded already, and sound, in order of time.

    Each part begins with a keyframe that nothing before it is needed for, and is encoded as the first one is.
    """

    def __init__(
        self, destination: MediaPath, template: VideoStream, *, audio_rate_hz: int | None = None
    ) -> None:
        self._template = template
        super().__init__(
            destination, width=template.width, height=template.height, audio_rate_hz=audio_rate_hz
        )

    def write_packet(self, packet: Packet[VideoStream], pts_us: int, dts_us: int) -> None:
        """Add an encoded frame, in the order of decoding."""
        self._last_us = max(self._last_us, pts_us)
        packet.stream, packet.time_base = self._video, Fraction(1, 1_000_000)
        packet.pts, packet.dts = pts_us, dts_us
        try:
            self._container.mux([packet])
        except (av.FFmpegError, OSError) as error:
            self.discard()
            raise self._unwritable(error) from error

    def _add_video(
        self, frame_rate: Fraction, crf: int, preset: str, rotation_deg: int, threads: int
    ) -> VideoStream:
        stream = self._container.add_stream_from_template(self._template)
        stream.time_base = Fraction(1, 1_000_000)
        return stream

    def _encoding(self) -> list[VideoStream | AudioStream]:
        return [] if self._audio is None else [self._audio]


def join_pictures(parts: Sequence[MediaPath], times_us: Sequence[int]) -> Iterator[Joined]:
    """Yield the packets of all parts with the time at which each is shown and decoded.

    times_us: when the frames of all parts are shown, in microseconds. A part's own times say only in which
    order its frames are shown. Raises UnreadableVideo when there are not as many frames or a part is encoded
    otherwise than the first.
    """
    ranks = _ranks(parts)
    shown = [rank for part in ranks for rank in part]
    if len(shown) != len(times_us) or len(set(shown)) != len(shown):
        raise UnreadableVideo(f"expected {len(times_us)} frames in all parts, got {len(set(shown))}")
    ahead = max((at - rank for at, rank in enumerate(shown)), default=0)
    lead_us = times_us[min(ahead, len(times_us) - 1)] - times_us[0] if ahead else 0
    at = 0
    for part, ranks_of_part in zip(parts, ranks, strict=True):
        with open_container(part) as container:
            packets = read_packets(container, video_stream(container, part))
            for packet, rank in zip(packets, ranks_of_part, strict=True):
                decoded_us = times_us[at - ahead] if at >= ahead else times_us[at] - lead_us
                yield packet, times_us[rank], min(decoded_us, times_us[rank])
                at += 1


@contextmanager
def open_template(part: MediaPath) -> Iterator[VideoStream]:
    """Give the picture stream of a part, for JoinSink."""
    with open_container(part) as container:
        yield video_stream(container, part)


def _ranks(parts: Sequence[MediaPath]) -> list[list[int]]:
    """Return for each part the numbers of its frames in the order of showing, in the order of decoding."""
    found: list[list[int]] = []
    before, coding = 0, None
    for part in parts:
        with open_container(part) as container:
            stream = video_stream(container, part)
            now = (stream.width, stream.height, bytes(stream.codec_context.extradata or b""))
            stamps = [packet.pts or 0 for packet in read_packets(container, stream)]
        coding = coding or now
        if now != coding:
            raise UnreadableVideo("expected all parts to be encoded alike")
        rank_of = {stamp: before + rank for rank, stamp in enumerate(sorted(stamps))}
        found.append([rank_of[stamp] for stamp in stamps])
        before += len(stamps)
    return found
