"""The only place that opens video, sound or pictures. Every time it gives comes from the container."""

from emotion.media.audio import read_audio, read_audio_blocks
from emotion.media.density import count_pictures, picture_times
from emotion.media.frames import measure_decode_speed, read_frames
from emotion.media.peaks import picture_delay_us, read_peaks
from emotion.media.probe import needs_browser_copy, probe_video
from emotion.media.sink import VideoSink, write_video
from emotion.media.still import read_image, write_poster

__all__ = [
    "VideoSink",
    "count_pictures",
    "measure_decode_speed",
    "needs_browser_copy",
    "picture_delay_us",
    "picture_times",
    "probe_video",
    "read_audio",
    "read_audio_blocks",
    "read_frames",
    "read_image",
    "read_peaks",
    "write_poster",
    "write_video",
]
