"""Measure a delivered file against its original: who can still be recognised, what can still be read.

Nothing is taken from the method's name. Every number stands beside that of a control, the original encoded
again in the same way, because encoding alone already changes what models read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from deid.cards import expression_card, privacy_card
from deid.gallery import enrol_gallery
from deid.landmarks import FaceMesh
from deid.mark import read_mark
from deid.observe import DETECTOR_SIDE, Faces, choose_hidden, find_faces, load_finder
from deid.readings import Instruments, read_versions
from deid.recognisers import load_identifiers
from deid.second_detector import UltraLight
from deid.verdict import Thresholds, judge
from emotion.detect import CenterFace
from emotion.media import VideoSink, picture_times, probe_video, read_frames
from emotion.prefetch import prefetch
from emotion.recognise import load_recogniser
from emotion.roles import IRRELEVANT
from emotion.sampling import Engine
from emotion.types import MediaPath, VideoInfo

FER_MODELS: Final = ("densenet", "fer")


@dataclass(frozen=True)
class AuditTools:
    """The networks of an audit, loaded once."""

    finder: Engine
    instruments: Instruments


def load_tools(
    weights_dir: Path | None = None, *, device: str = "auto", models: Sequence[str] = FER_MODELS
) -> AuditTools:
    """Return the networks. Raises UnknownModel, WeightsMissing, WeightsMismatch or DeviceUnavailable."""
    return AuditTools(
        load_finder(weights_dir, device=device),
        Instruments(
            CenterFace(weights_dir, max_side=DETECTOR_SIDE, device=device),
            UltraLight(weights_dir, device=device),
            FaceMesh(weights_dir, device=device),
            load_identifiers(weights_dir, device=device),
            tuple(load_recogniser(model, weights_dir, device=device) for model in models),
        ),
    )


@dataclass(frozen=True)
class AuditOptions:
    """gallery: folder with one file per other person. faces, exempt: as in the run that is audited."""

    gallery: Path | None = None
    faces: str = "all"
    exempt: tuple[int, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)


def audit(
    original: MediaPath,
    output: MediaPath,
    *,
    tools: AuditTools,
    options: AuditOptions | None = None,
    control: MediaPath | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Return the privacy card, the expression card, what the file carries, and a verdict with reasons.

    The keys are those of the contract. control: where the original, encoded again, lies meanwhile; in a
    temporary folder by default. Raises NotComparable, UnreadableVideo, UnknownTrack, Cancelled.
    """
    options = options or AuditOptions()
    before, after = probe_video(original), probe_video(output)
    report = progress or (lambda _: None)

    def tell(start: float, share: float) -> Callable[[int], None]:
        return lambda time_us: report(start + share * min(1.0, time_us / max(before.duration_us, 1)))

    found = find_faces(original, before, engine=tools.finder, progress=tell(0, 0.2), cancelled=cancelled)
    judged = tuple(track.number for track in choose_hidden(found, options.faces, options.exempt))
    main = _main_track(found, judged)
    with _for_a_while(control) as encoded:
        encode_again(original, before, encoded)
        versions, bare = read_versions(
            [original, output, encoded], found, main=main, judged=judged,
            instruments=tools.instruments, progress=tell(0.2, 0.8), cancelled=cancelled,
        )  # fmt: skip
    others = (
        enrol_gallery(
            options.gallery, detector=tools.instruments.detector, identifiers=tools.instruments.identifiers
        )
        if options.gallery
        else {}
    )
    looks = len(found.samples.frame_times_us)
    cards = {
        "privacy": privacy_card(versions, (len(bare), looks), others, tools.instruments.identifiers),
        "expression": expression_card(versions, [one.name for one in tools.instruments.recognisers]),
        "media": _media(original, output, before, after),
    }
    report(1.0)
    return {**cards, **judge(cards, options.thresholds)}


@contextmanager
def _for_a_while(control: MediaPath | None) -> Iterator[MediaPath]:
    if control is None:
        with tempfile.TemporaryDirectory(prefix="deid-audit-") as scratch:
            yield Path(scratch) / "control.mp4"
        return
    try:
        yield control
    finally:
        control.unlink(missing_ok=True)


def encode_again(original: MediaPath, video: VideoInfo, destination: MediaPath) -> None:
    """Write the control: the original through the same encoder with the same settings as a result."""
    with (
        prefetch(lambda: read_frames(original), ahead=4) as frames,
        VideoSink(
            destination, width=video.width, height=video.height, frame_rate=video.frame_rate or Fraction(25)
        ) as sink,
    ):
        for frame in frames:
            sink.write_frame(frame.image_bgr, frame.time_us)


def _main_track(found: Faces, judged: Sequence[int]) -> int | None:
    """Return the longest judged track of the camera's own person."""
    ours = {one.track for one in found.roles if one.role != IRRELEVANT} & set(judged)
    lengths = {track.number: len(track.faces) for track in found.tracks if track.number in ours}
    return max(lengths, key=lambda number: (lengths[number], -number)) if lengths else None


def _media(original: MediaPath, output: MediaPath, before: VideoInfo, after: VideoInfo) -> dict[str, Any]:
    counts = [_count(path) for path in (original, output)]
    return {
        "frames_in": counts[0],
        "frames_out": counts[1],
        "duration_ms_in": before.duration_us // 1000,
        "duration_ms_out": after.duration_us // 1000,
        "audio": after.audio_codec or "none",
        "metadata_removed": after.created_at is None,
        "synthetic_mark": read_mark(output),
    }


def _count(path: MediaPath) -> int:
    times = picture_times(path)
    return len(times) if times is not None else sum(1 for _ in read_frames(path))
