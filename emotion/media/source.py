"""Opening a camera's file: what is trusted, when time begins, what a refusal says."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeVar

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from emotion.errors import NoVideoStream, StorageFails, UnreadableVideo
from emotion.media.picture import Matrix, display_matrix, upright_size
from emotion.types import MediaPath

Where = TypeVar("Where", bound=MediaPath)

# Without playlists (HLS, DASH, concat), which name other files and addresses, and without still pictures.
_CONTAINERS: Final = "mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,wav,mp3,flac,aac"
_DECODERS: Final = (
    frozenset({"h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4", "mpeg1video", "mpeg2video", "h263"})
    | frozenset({"msmpeg4v2", "msmpeg4", "wmv1", "wmv2", "wmv3", "vc1", "flv", "theora", "mjpeg", "dvvideo"})
    | frozenset({"prores", "dnxhd", "ffv1"})
)
_MAX_PIXELS: Final = 64_000_000  # a 10 000 x 6 400 frame; larger headers are an attack on memory
_MAX_SHOWN_NAME: Final = 80
BUFFER_BYTES: Final = 64 * 1024  # between FFmpeg and a file that it does not open itself
_STORAGE_FAILS: Final = frozenset(
    {errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENODEV}
)
_PIECE_BYTES: Final = 4 << 20


@dataclass(frozen=True)
class Clock:
    """Turns a stream's ticks into microseconds since the first frame that is shown.

    >>> clock = Clock(origin=1000, time_base=Fraction(1, 30000))
    >>> clock.microseconds(1000), clock.microseconds(2001), clock.microseconds(31000)
    (0, 33367, 1000000)
    """

    origin: int
    time_base: Fraction

    def microseconds(self, ticks: int) -> int:
        """Return the microseconds from the first frame to `ticks`, rounded to the nearest."""
        numerator, denominator = self.time_base.as_integer_ratio()
        return (2 * (ticks - self.origin) * numerator * 1_000_000 + denominator) // (2 * denominator)

    def ticks(self, time_us: int) -> int:
        """Return the last tick that is not after `time_us`.

        >>> Clock(origin=1000, time_base=Fraction(1, 30000)).ticks(33_367)
        2001
        """
        return self.origin + int(Fraction(time_us, 1_000_000) / self.time_base)

    def grid_cell(self, ticks: int, sample_fps: Fraction) -> int:
        """Return how many whole sampling periods lie before `ticks`, without rounding time first.

        >>> Clock(origin=0, time_base=Fraction(1, 15360)).grid_cell(5120, Fraction(3))
        1
        """
        numerator, denominator = (self.time_base * sample_fps).as_integer_ratio()
        return (ticks - self.origin) * numerator // denominator


@dataclass(frozen=True)
class Beginning:
    """The first frame that a file shows: its clock, and what every later frame is held to."""

    clock: Clock
    width: int  # of the upright frame
    height: int
    rotation_deg: int
    matrix: Matrix  # turns a stored frame upright
    interlaced: bool


def shown_name(path: MediaPath) -> str:
    """Return the file's name as it may stand in a message: quoted, printable, without its folder.

    >>> shown_name(Path("/secret/study/a\\nb.mp4"))
    '"a?b.mp4"'
    """
    name = "".join(letter if letter.isprintable() else "?" for letter in path.name)
    return f'"{name[:_MAX_SHOWN_NAME]}…"' if len(name) > _MAX_SHOWN_NAME else f'"{name}"'


def partial_path(destination: Where) -> Where:
    """Return a name beside `destination` for a file being written; a rename then finishes it."""
    return destination.with_name(f".{secrets.token_hex(8)}.part")


def size_of(path: MediaPath) -> int:
    """Return the number of bytes of a file's content."""
    if isinstance(path, Path):
        return path.stat().st_size
    with path.open("rb") as file:
        return file.seek(0, os.SEEK_END)


@contextmanager
def open_container(path: MediaPath) -> Iterator[InputContainer]:
    """Give an open container and close it afterwards. Raises UnreadableVideo, which names no folder, and
    StorageFails.
    """
    _refuse_what_is_no_file(path)
    address = f"file:{path.absolute()}" if isinstance(path, Path) else ""  # read without a detour
    with ExitStack() as opened:
        try:
            container = av.open(
                address or opened.enter_context(path.open("rb")),
                "r",
                options={"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"},
                metadata_errors="replace",
                buffer_size=BUFFER_BYTES,
            )
        except PermissionError as error:
            raise UnreadableVideo(
                f"{shown_name(path)} may not be read; check the rights of the file."
            ) from error
        except (av.FFmpegError, ValueError, OSError) as error:
            raise_if_storage_fails(error, address)
            raise UnreadableVideo(_refusal(path)) from error
        opened.callback(container.close)
        yield container


def video_stream(container: InputContainer, path: MediaPath) -> VideoStream:
    """Return the largest moving picture of the container, ready to decode on all cores; all else is off.

    Raises NoVideoStream when there is only sound (a cover picture does not count), UnreadableVideo when the
    picture's coding is unknown or its size absurd.
    """
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & still]
    if not streams:
        raise NoVideoStream(
            f"Expected a video, but {shown_name(path)} holds no moving picture; "
            "choose the camera's recording."
        )
    stream = max(streams, key=lambda one: (one.width or 0) * (one.height or 0) if one.codec_context else -1)
    coding = stream.codec_context.name if stream.codec_context else "unknown"
    if coding not in _DECODERS:
        raise UnreadableVideo(
            f"The picture of {shown_name(path)} is coded as {coding}, which is not supported; "
            "convert it to H.264."
        )
    if stream.width * stream.height > _MAX_PIXELS:
        raise UnreadableVideo(
            f"{shown_name(path)} claims frames of {stream.width}×{stream.height} pixels, "
            "more than any camera's; choose the camera's recording."
        )
    stream.codec_context.options = {"max_pixels": str(_MAX_PIXELS)}
    stream.thread_type = "AUTO"
    listen_only_to(container, stream)
    return stream


def listen_only_to(container: InputContainer, wanted: Stream) -> None:
    """Let the demuxer skip the bytes of every other stream."""
    for stream in container.streams:
        if stream.index != wanted.index:
            stream.discard = Discard.all


def read_beginning(path: MediaPath) -> Beginning:
    """Return the clock and shape of the first frame that decodes. Raises UnreadableVideo when none does."""
    with open_container(path) as container:
        stream = video_stream(container, path)
        stream.thread_type = "SLICE"  # frame threads would decode ahead for nothing
        for frame in decode_all(container, stream):
            if frame.pts is not None and stream.time_base is not None:
                matrix = display_matrix(frame)
                width, height, rotation_deg = upright_size(frame.width, frame.height, matrix)
                clock = Clock(frame.pts, stream.time_base)
                return Beginning(clock, width, height, rotation_deg, matrix, frame.interlaced_frame)
    raise nothing_decodes(path)


def read_packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Yield the packets of the stream from here to the end of the file or to where it breaks off.

    Raises StorageFails when it is the storage that breaks off.
    """
    try:
        yield from (packet for packet in container.demux(stream) if packet.size)
    except av.FFmpegError as error:
        raise_if_storage_fails(error, container.name)


def decode_packet(stream: VideoStream, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
    """Return the frames that come out when the packet goes in, none if damaged; None asks for the rest."""
    try:
        return stream.decode(packet)
    except av.FFmpegError:
        return []


def decode_all(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield every frame that decodes, passing over damaged packets, until the file ends or breaks off."""
    for packet in read_packets(container, stream):
        yield from decode_packet(stream, packet)
    yield from decode_packet(stream, None)


def raise_if_storage_fails(error: Exception, name: str) -> None:
    """Raise StorageFails when reading ended because the storage did not answer; else a file would seem to end
    there, and what follows would be missing without a word. name: what FFmpeg opened, as a container gives
    it; a file that it did not open itself raises errors of its own.

    Demuxers say "input/output error" of damaged files too; then the whole file is read to tell which it is.
    """
    if not isinstance(error, OSError) or not name.startswith("file:"):
        return
    path = Path(name.removeprefix("file:"))
    if error.errno in _STORAGE_FAILS or (error.errno == errno.EIO and not _can_be_read(path)):
        raise StorageFails(
            f"The storage stopped answering while {shown_name(path)} was read; try again once it is back."
        ) from error


def _can_be_read(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            while file.read(_PIECE_BYTES):
                pass
    except OSError:
        return False
    return True


def nothing_decodes(path: MediaPath) -> UnreadableVideo:
    """Return the error for a container whose picture is damaged from its first frame to its last."""
    return UnreadableVideo(
        f"No frame of {shown_name(path)} can be decoded; the file is damaged, copy it from the camera again."
    )


def _refuse_what_is_no_file(path: MediaPath) -> None:
    try:
        found, empty = path.is_file(), path.is_file() and size_of(path) == 0
    except (OSError, ValueError):
        found, empty = False, False
    if not found:
        raise UnreadableVideo(f"Expected a video file, found none named {shown_name(path)}; check the name.")
    if empty:
        raise UnreadableVideo(
            f"Expected a video, but {shown_name(path)} is empty; copy it from the camera again."
        )


def _refusal(path: MediaPath) -> str:
    with path.open("rb") as file:
        cut_off = file.read(12)[4:8] == b"ftyp"
    if cut_off:
        return (
            f"{shown_name(path)} broke off before the camera finished writing it, so it cannot be played; "
            "copy it again or repair it with the camera's own software."
        )
    return (
        f"{shown_name(path)} is not a video: expected MP4, MOV, WebM, MKV, AVI or MPEG; "
        "choose the camera's recording."
    )
