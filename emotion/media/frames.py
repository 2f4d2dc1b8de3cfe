"""Frames with exact times: every one, or the first at or after each point of a sampling grid.

Sampling decodes less than everything. Which frames the grid picks is known from the packets' timestamps
before anything is decoded, so a frame that is neither picked nor referred to by another is left out.
"""

from __future__ import annotations

import time
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain, repeat
from typing import Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from emotion.media.picture import to_upright_bgr
from emotion.media.source import (
    Clock,
    decode_all,
    decode_packet,
    open_container,
    raise_if_storage_fails,
    read_beginning,
    read_packets,
    video_stream,
)
from emotion.types import Frame, MediaPath

_LOOKAHEAD: Final = 32  # packets; H.264 and HEVC reorder by 16 at most
_REMEMBERED: Final = 4 * _LOOKAHEAD
_SKIPPABLE: Final = ("h264", "hevc")  # decoders that know which frames no other frame needs


def read_frames(
    path: MediaPath,
    *,
    sample_fps: Fraction | None = None,
    start_us: int = 0,
    end_us: int | None = None,
    only_us: Collection[int] | None = None,
) -> Iterator[Frame]:
    """Return the upright frames of a video from start_us up to, not including, end_us, in order of time.

    sample_fps: for every k the first frame at or after k / sample_fps seconds, no frame twice; None gives
    every frame. only_us: of these the ones shown at these times alone, which costs less than reading all.
    Neighbouring segments give together exactly what one reading gives. A frame's index counts the frames from
    start_us on, those passed over included. A damaged part yields what decodes. Closing the
    iterator closes the file. Raises UnreadableVideo when nothing decodes, ValueError for a sampling rate or
    span below zero.
    """
    if sample_fps is not None and sample_fps <= 0:
        raise ValueError(f"expected a sampling rate above 0 per second, got {sample_fps}")
    if start_us < 0 or (end_us is not None and end_us < start_us):
        raise ValueError(f"expected 0 <= start_us <= end_us, got {start_us} and {end_us}")
    return _read_span(path, sample_fps, start_us, end_us, None if only_us is None else frozenset(only_us))


def measure_decode_speed(path: MediaPath) -> float:
    """Return how many frames decode per second of wall time when nothing else is done with them."""
    with open_container(path) as container:
        stream = video_stream(container, path)
        began = time.perf_counter()
        count = sum(1 for _ in decode_all(container, stream))
        return count / (time.perf_counter() - began)


def _read_span(
    path: MediaPath,
    sample_fps: Fraction | None,
    start_us: int,
    end_us: int | None,
    only_us: frozenset[int] | None,
) -> Iterator[Frame]:
    beginning = read_beginning(path)
    clock, last_cell, index = beginning.clock, -1, -1
    plan = _Plan(clock, sample_fps, start_us, only_us)
    with _open_before(path, clock, start_us) as (stream, packets):
        skip = stream.codec_context.name in _SKIPPABLE and not beginning.interlaced
        for ticks, frame in _in_order(_decode_planned(stream, packets, plan, skip)):
            time_us = clock.microseconds(ticks)
            if end_us is not None and time_us >= end_us:
                return
            if sample_fps is not None:
                cell = clock.grid_cell(ticks, sample_fps)
                if cell <= last_cell:
                    continue
                last_cell = cell
            if time_us >= start_us and (only_us is None or time_us in only_us):
                index = max(index + 1, plan.count_before(ticks))
                image = to_upright_bgr(frame, beginning.width, beginning.height, beginning.matrix)
                yield Frame(index, time_us, image)


class _Plan:
    """What the timestamps of the packets around the reading position say about the frames to come."""

    def __init__(
        self, clock: Clock, sample_fps: Fraction | None, start_us: int, only_us: frozenset[int] | None
    ) -> None:
        self._clock, self._sample_fps, self._start_us, self._only_us = clock, sample_fps, start_us, only_us
        self._shown: list[int] = []  # the latest timestamps in the order in which frames are shown
        self._forgotten = 0  # older ones inside the span
        self._damaged = False  # then a picked frame may be missing, and the one after it takes its place

    def note(self, packet: Packet[VideoStream]) -> None:
        """Take in the timestamp of one more packet, in decoding order."""
        self._damaged = self._damaged or packet.is_corrupt
        if packet.pts is None or packet.is_discard:
            return
        insort(self._shown, packet.pts)
        if len(self._shown) > _REMEMBERED:
            self._forgotten += self._clock.microseconds(self._shown.pop(0)) >= self._start_us

    def needs(self, packet: Packet[VideoStream]) -> bool:
        """Return whether the packet's own frame is picked; true when in doubt."""
        if packet.pts is None or self._damaged:
            return True
        if self._only_us is not None and self._clock.microseconds(packet.pts) not in self._only_us:
            return False
        if self._sample_fps is None:
            return self._clock.microseconds(packet.pts) >= self._start_us
        position = bisect_left(self._shown, packet.pts)
        if position == 0:
            return True
        before, here = (
            self._clock.grid_cell(ticks, self._sample_fps)
            for ticks in (self._shown[position - 1], packet.pts)
        )
        return before < here

    def count_before(self, ticks: int) -> int:
        """Return the number of frames from the start of the span to `ticks`."""
        first = bisect_left(self._shown, self._start_us, key=self._clock.microseconds)
        return self._forgotten + bisect_left(self._shown, ticks) - first


def _decode_planned(
    stream: VideoStream, packets: Iterator[Packet[VideoStream]], plan: _Plan, skip: bool
) -> Iterator[VideoFrame]:
    """Yield at least every frame that the plan needs, leaving out others that no other frame refers to."""
    ahead: deque[Packet[VideoStream]] = deque()
    for packet in chain(packets, repeat(None, _LOOKAHEAD)):
        if packet is not None:
            plan.note(packet)
            ahead.append(packet)
        if ahead and (packet is None or len(ahead) > _LOOKAHEAD):
            if skip:
                stream.codec_context.skip_frame = "DEFAULT" if plan.needs(ahead[0]) else "NONREF"
            yield from decode_packet(stream, ahead.popleft())
    yield from decode_packet(stream, None)


def _in_order(frames: Iterator[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
    """Yield frames with strictly increasing ticks; a missing or backward timestamp goes on from the last."""
    last: int | None = None
    for frame in frames:
        ticks = frame.pts
        if ticks is None or (last is not None and ticks <= last):
            if last is None:
                continue
            ticks = last + max(1, frame.duration)
        last = ticks
        yield ticks, frame


@contextmanager
def _open_before(
    path: MediaPath, clock: Clock, start_us: int
) -> Iterator[tuple[VideoStream, Iterator[Packet[VideoStream]]]]:
    """Give the stream and its packets from a keyframe shown before start_us, or from the beginning."""
    with open_container(path) as container:
        stream = video_stream(container, path)
        packets = _seek_before(container, stream, clock, start_us)
        if packets is not None:
            yield stream, packets
            return
    with open_container(path) as container:
        stream = video_stream(container, path)
        yield stream, read_packets(container, stream)


def _seek_before(
    container: InputContainer, stream: VideoStream, clock: Clock, start_us: int
) -> Iterator[Packet[VideoStream]] | None:
    """Return the packets from a keyframe shown before start_us on, None when there is no such keyframe.

    "Before" is meant strictly: the sampling grid must know the last frame in front of the span, and B-frames
    shown before the keyframe, which need the group before it, must lie outside the span.
    """
    if start_us == 0:
        return read_packets(container, stream)
    step = max(1, int(1 / clock.time_base))
    goal = clock.ticks(start_us) - 1
    while goal > clock.origin:
        try:
            container.seek(goal, stream=stream)
        except av.FFmpegError as error:
            raise_if_storage_fails(error, container.name)
            return None
        packets = read_packets(container, stream)
        key = next((packet for packet in packets if packet.is_keyframe), None)
        if key is not None and key.pts is not None and clock.microseconds(key.pts) < start_us:
            return chain([key], packets)
        goal, step = goal - step, step * 2
    return None
