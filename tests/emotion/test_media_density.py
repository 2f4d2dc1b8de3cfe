from __future__ import annotations

import pytest

from emotion.errors import UnreadableVideo
from emotion.media import count_pictures, picture_times, read_frames
from tests import videos


@pytest.mark.parametrize(
    "write",
    [videos.write_normal, videos.write_variable_frame_rate, videos.write_mpeg4, videos.write_open_groups],
    ids=lambda write: write.__name__,
)
def test_times_of_packets_are_those_of_decoded_frames(tmp_path, write):
    path = write(tmp_path)
    assert picture_times(path) == [frame.time_us for frame in read_frames(path)]
    assert count_pictures(path, at_most=1000) == videos.FRAMES


def test_a_file_without_a_picture_is_refused(tmp_path):
    with pytest.raises(UnreadableVideo):
        picture_times(videos.write_zero_bytes(tmp_path))
