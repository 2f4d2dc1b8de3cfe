"""How many pictures a file holds and when each is shown, counted rather than believed."""

from __future__ import annotations

from itertools import islice

from emotion.media.source import open_container, read_beginning, read_packets, video_stream
from emotion.types import MediaPath


def count_pictures(path: MediaPath, *, at_most: int) -> int:
    """Return the number of the video's pictures, or at_most as soon as there are as many. Decodes nothing.

    Raises UnreadableVideo and NoVideoStream as probe_video does.
    """
    with open_container(path) as container:
        packets = read_packets(container, video_stream(container, path))
        return sum(1 for _ in islice((packet for packet in packets if not packet.is_discard), at_most))


def picture_times(path: MediaPath) -> list[int] | None:
    """Return when each picture is shown, in µs from the first that decodes, in order. Decodes only that one.

    None where packets do not say it for certain: a picture without a time, or two with the same, or one that
    is shown before the first that decodes. Raises UnreadableVideo and NoVideoStream as probe_video does.
    """
    clock = read_beginning(path).clock
    with open_container(path) as container:
        stamps = [
            packet.pts
            for packet in read_packets(container, video_stream(container, path))
            if not packet.is_discard
        ]
    known = sorted(stamp for stamp in stamps if stamp is not None)
    certain = len(known) == len(set(known)) == len(stamps) and known[:1] == [clock.origin]
    return [clock.microseconds(stamp) for stamp in known] if certain else None
