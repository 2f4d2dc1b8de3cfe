"""How many pictures a file holds, counted rather than believed."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from emotion.media.source import open_container, read_packets, video_stream


def count_pictures(path: Path, *, at_most: int) -> int:
    """Return the number of the video's pictures, or at_most as soon as there are as many. Decodes nothing.

    Raises UnreadableVideo and NoVideoStream as probe_video does.
    """
    with open_container(Path(path)) as container:
        packets = read_packets(container, video_stream(container, path))
        return sum(1 for _ in islice((packet for packet in packets if not packet.is_discard), at_most))
