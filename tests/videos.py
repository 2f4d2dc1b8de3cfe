"""Small synthetic recordings, whole and broken, written where a test wants them. Nobody's face is in them.

Every writer takes a folder and returns the file. Each frame carries its own number, so that a test can say
which frame it got: `frame_number(image)` reads it, also from a file turned by its metadata.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

WIDTH, HEIGHT = 128, 96
BITS = 8
FPS = 25
FRAMES = 50  # two seconds
HOSTILE_NAME = '"><script>alert(1)</script>; $(reboot) \u202e\n..%2F patient.mp4'


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Return an upright (height, width, 3) uint8 BGR frame: its number as bars above, motion below."""
    image = np.full((height, width, 3), (96, 128, 112), np.uint8)
    for bit in range(BITS):
        left, right = width * bit // BITS, width * (bit + 1) // BITS
        image[: height // 2, left:right] = 235 if number >> bit & 1 else 20
    centre = width * (number % FRAMES) // FRAMES
    image[height * 5 // 8 : height * 7 // 8, max(0, centre - width // 8) : centre + width // 8] = (
        40,
        60,
        220,
    )
    return image


def frame_number(image: np.ndarray) -> int:
    """Return the number that picture() wrote into an upright frame, whatever the coding did to it."""
    row = image[image.shape[0] // 8 : image.shape[0] * 3 // 8].mean(axis=(0, 2))
    bits = (row[image.shape[1] * (2 * bit + 1) // (2 * BITS)] > 127 for bit in range(BITS))
    return sum(1 << bit for bit, bright in enumerate(bits) if bright)


def write_recording(
    path: Path,
    *,
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, FPS),
    size: tuple[int, int] = (WIDTH, HEIGHT),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    audio: str | None = "aac",
    container: str | None = None,
    container_options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    turn: Callable[[av.VideoStream], None] | None = None,
    draw: Callable[[int, int, int], np.ndarray] = picture,
) -> Path:
    """Write frames shown at `times` (in time_base; 50 at 25 per second by default) and a tone as long."""
    times = range(FRAMES) if times is None else times
    quick = {"preset": "ultrafast", "bf": "2"} if codec == "libx264" else {}
    with av.open(str(path), "w", format=container, options=container_options or {}) as output:
        output.metadata.update(metadata or {})
        video = output.add_stream(codec, rate=FPS, options={**quick, **(options or {})})
        video.width, video.height, video.pix_fmt = *size, pixel_format
        video.codec_context.time_base = time_base
        video.gop_size = 12
        if turn:
            turn(video)
        sound = output.add_stream(audio, rate=48_000, layout="mono") if audio else None
        for number, ticks in enumerate(times):
            frame = av.VideoFrame.from_ndarray(draw(number, *size), format="bgr24")
            frame.pts, frame.time_base = ticks, time_base
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if sound:
            seconds = float((times[-1] + 1) * time_base) if len(times) else 2.0
            output.mux(sound.encode(_tone(seconds)))
            output.mux(sound.encode(None))
    return path


def _tone(seconds: float, rate_hz: int = 48_000) -> av.AudioFrame:
    samples = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate_hz)) / rate_hz)
    frame = av.AudioFrame.from_ndarray(
        samples.astype(np.float32).reshape(1, -1), format="fltp", layout="mono"
    )
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
    return frame


def write_normal(directory: Path) -> Path:
    """H.264 and AAC in MP4, 25 frames a second for 2 s, index in front."""
    return write_recording(directory / "normal.mp4", container_options={"movflags": "+faststart"})


def write_silent(directory: Path) -> Path:
    """The same without sound."""
    return write_recording(directory / "silent.mp4", audio=None)


def write_mpeg4(directory: Path) -> Path:
    """MPEG-4 part 2 in AVI, which no browser plays."""
    return write_recording(directory / "old_camera.avi", codec="mpeg4", audio="libmp3lame")


def write_variable_frame_rate(directory: Path) -> Path:
    """A phone's file: 20 to 70 ms between frames, and one stall of half a second."""
    gaps_ms = [20 + 7 * (number * number % 8) + (500 if number == 30 else 0) for number in range(FRAMES - 1)]
    times = [0, *np.cumsum(gaps_ms).tolist()]
    return write_recording(directory / "variable_rate.mp4", times=times, time_base=Fraction(1, 1000))


def write_open_groups(directory: Path) -> Path:
    """H.264 whose B-frames lean on the next group of pictures, as broadcast encoders write it."""
    options = {
        "preset": "veryfast",
        "x264-params": "open-gop=1:keyint=12:min-keyint=12:bframes=3:b-pyramid=normal",
    }
    return write_recording(directory / "open_groups.mp4", options=options)


def write_rotated(directory: Path, degrees: int) -> Path:
    """A phone held on its side: stored turned back by `degrees`, with the metadata that turns it upright."""

    def draw(number: int, width: int, height: int) -> np.ndarray:
        upright = picture(number, height, width) if degrees % 180 else picture(number, width, height)
        return np.ascontiguousarray(np.rot90(upright, degrees // 90))

    return write_recording(
        directory / f"rotated_{degrees}.mp4",
        draw=draw,
        turn=lambda video: video.set_display_rotation(-degrees),
    )


def write_mirrored(directory: Path) -> Path:
    """A front camera's mirror image, with the metadata that turns it back."""
    return write_recording(
        directory / "mirrored.mp4",
        draw=lambda *size: np.ascontiguousarray(picture(*size)[:, ::-1]),
        turn=lambda video: video.set_display_rotation(0, hflip=True),
    )


def write_ten_bit(directory: Path) -> Path:
    """4:4:4 with 10 bits, a professional camera's."""
    return write_recording(directory / "ten_bit.mp4", pixel_format="yuv444p10le")


def write_odd_size(directory: Path) -> Path:
    """127 x 95 pixels."""
    return write_recording(directory / "odd.mkv", codec="mpeg4", size=(WIDTH - 1, HEIGHT - 1))


def write_single_frame(directory: Path) -> Path:
    """One frame and nothing more."""
    return write_recording(directory / "one_frame.mp4", times=[0], audio=None)


def write_browser_recording(directory: Path) -> Path:
    """VP9 and Opus in WebM as MediaRecorder delivers it: written as a stream, without duration or index."""
    quick = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    return write_recording(
        directory / "browser.webm",
        codec="libvpx-vp9",
        audio="libopus",
        options=quick,
        container_options={"live": "1"},
    )


def write_changing_size(directory: Path) -> Path:
    """A transport stream whose second half is half as large, as when a connection gets worse."""
    half = FRAMES // 2
    delay = 2  # frames by which the writer moves the first part back to make room for its B-frames
    parts = []
    for first, shown, scale in ((0, 0, 1), (half, half + delay, 2)):
        part = write_recording(
            directory / f"part_{scale}.ts",
            times=range(shown, shown + half),
            size=(WIDTH // scale, HEIGHT // scale),
            audio=None,
            draw=lambda number, width, height, first=first: picture(number + first, width, height),
        )
        parts.append(part.read_bytes())
        part.unlink()
    whole = directory / "changing_size.ts"
    whole.write_bytes(b"".join(parts))
    return whole


def write_dated(directory: Path, moment: str, name: str = "dated.mp4") -> Path:
    """A file whose camera knew the time, silent."""
    return write_recording(directory / name, audio=None, metadata={"creation_time": moment})


def write_hostile_name(directory: Path) -> Path:
    """A whole recording whose name attacks pages, shells and logs."""
    return write_normal(directory).rename(directory / HOSTILE_NAME.replace("/", "_"))


def write_audio_only(directory: Path) -> Path:
    """Sound without a picture in MP4."""
    path = directory / "audio_only.mp4"
    with av.open(str(path), "w") as output:
        sound = output.add_stream("aac", rate=48_000, layout="mono")
        output.mux(sound.encode(_tone(2.0)))
        output.mux(sound.encode(None))
    return path


def write_stretched(directory: Path, *, last_s: float) -> Path:
    """Three pictures, the last of which is stamped long after the others."""
    times = [0, 40, round(last_s * 1000)]
    return write_recording(
        directory / "stretched.mkv",
        times=times,
        time_base=Fraction(1, 1000),
        codec="mpeg4",
        audio=None,
    )


def write_zero_bytes(directory: Path) -> Path:
    """An upload that never began."""
    path = directory / "empty.mp4"
    path.write_bytes(b"")
    return path


def write_renamed_text(directory: Path) -> Path:
    """A letter that calls itself a video."""
    path = directory / "letter.mp4"
    path.write_text("Dear colleague, the recording follows by post.\n" * 200)
    return path


def write_renamed_picture(directory: Path) -> Path:
    """A PNG that calls itself a video."""
    path = directory / "photo.mp4"
    path.write_bytes(cv2.imencode(".png", picture(7))[1].tobytes())
    return path


def write_renamed_playlist(directory: Path) -> Path:
    """An HLS playlist naming a recording beside it: following it would let an upload read other files."""
    target = write_recording(directory / "secret.ts")
    path = directory / "playlist.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{target.name}\n#EXT-X-ENDLIST\n")
    return path


def write_renamed_concat(directory: Path) -> Path:
    """A concat script naming a whole recording beside it."""
    target = write_normal(directory)
    path = directory / "concat.mp4"
    path.write_text(f"ffconcat version 1.0\nfile {target.name}\n")
    return path


def write_without_index(directory: Path) -> Path:
    """The camera's battery went flat: the index at the end (moov) was never written."""
    path = write_recording(directory / "no_index.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    return path


def write_cut_short(directory: Path) -> Path:
    """A copy that stopped half-way: the index promises 50 frames, the data ends before."""
    path = write_normal(directory).rename(directory / "cut_short.mp4")
    data = path.read_bytes()
    begin = data.index(b"mdat")
    path.write_bytes(data[: begin + (len(data) - begin) // 2])
    return path


def write_damaged(directory: Path, *, begin: float = 0.4, end: float = 0.6) -> Path:
    """A bad sector: the data between two fractions of the picture is noise."""
    path = write_recording(
        directory / "damaged.mp4", audio=None, container_options={"movflags": "+faststart"}
    )
    data = bytearray(path.read_bytes())
    first = data.index(b"mdat") + 4
    low, high = (first + round((len(data) - first) * part) for part in (begin, end))
    data[low:high] = np.random.default_rng(0).integers(0, 256, high - low, np.uint8).tobytes()
    path.write_bytes(data)
    return path


def write_undecodable(directory: Path) -> Path:
    """A whole index over nothing but noise."""
    return write_damaged(directory, begin=0.0, end=1.0).rename(directory / "undecodable.mp4")


def write_lying_header(directory: Path, *, claimed_s: int = 3 * 3600) -> Path:
    """Two seconds whose headers say three hours."""
    path = write_normal(directory).rename(directory / "lying.mp4")
    data = bytearray(path.read_bytes())
    movie_scale = _read_field(data, data.index(b"mvhd") + 16)
    _write_field(data, data.index(b"mvhd") + 20, claimed_s * movie_scale)
    position = data.find(b"trak")
    while position >= 0:
        _write_field(data, data.index(b"tkhd", position) + 24, claimed_s * movie_scale)
        media = data.index(b"mdhd", position)
        _write_field(data, media + 20, claimed_s * _read_field(data, media + 16))
        position = data.find(b"trak", position + 4)
    path.write_bytes(data)
    return path


def _read_field(data: bytearray, offset: int) -> int:
    return int(struct.unpack_from(">I", data, offset)[0])


def _write_field(data: bytearray, offset: int, value: int) -> None:
    struct.pack_into(">I", data, offset, value)
