"""Measure a delivered file against its original: who can still be recognised, what can still be read.

Nothing is taken from the method's name. Every number stands beside that of a control, the original encoded
again in the same way, because encoding alone already changes what models read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Final

from deid.cards import expression_card, privacy_card
from deid.gallery import enrol_gallery
from deid.imitation import TOO_FEW, play_attacker, show_person
from deid.informed import LEAST_PEOPLE
from deid.landmarks import FaceMesh
from deid.mark import read_heard, read_look, read_mark
from deid.observe import DETECTOR_SIDE, Faces, choose_hidden, find_faces
from deid.readings import Instruments, Readings, read_stretch
from deid.recognisers import load_identifiers
from deid.rehearsal import Stage
from deid.restore import RESTORABLE, Restorer
from deid.strangers import add_strangers
from deid.task import Hiding, load_hiding
from deid.verdict import Thresholds, judge
from emotion.detect import CenterFace
from emotion.media import VideoSink, picture_times, probe_video, read_frames
from emotion.prefetch import prefetch
from emotion.recognise import load_recogniser
from emotion.roles import IRRELEVANT
from emotion.samples import Segment, plan_segments
from emotion.types import Float, MediaPath, VideoInfo

FER_MODELS: Final = ("densenet", "fer")
MOST_NAMED: Final = 1000  # frames with a face as it was that a card names


@dataclass(frozen=True)
class AuditTools:
    """The networks of an audit, loaded once; those of hiding serve to see what else the method would do."""

    hiding: Hiding
    instruments: Instruments


def load_tools(
    weights_dir: Path | None = None, *, device: str = "auto", models: Sequence[str] = FER_MODELS
) -> AuditTools:
    """Return the networks. Raises UnknownModel, WeightsMissing, WeightsMismatch or DeviceUnavailable."""
    hiding = load_hiding(weights_dir, device=device)
    return AuditTools(
        hiding,
        Instruments(
            CenterFace(weights_dir, max_side=DETECTOR_SIDE, device=device),
            hiding.second,
            FaceMesh(weights_dir, device=device),
            load_identifiers(weights_dir, device=device),
            tuple(load_recogniser(model, weights_dir, device=device) for model in models),
        ),
    )


@dataclass(frozen=True)
class AuditOptions:
    """gallery: a picture or video of each other person. skips_unseen: leave those out in which nobody is
    seen, which are refused otherwise. with_strangers: add people who are
    nobody (deid.strangers) to the gallery. donors: whose faces were put in place, as the report of the run
    names them and no mark does; they are no strangers. faces, exempt: as in the run that is audited.
    """

    gallery: tuple[MediaPath, ...] = ()
    skips_unseen: bool = False
    with_strangers: bool = False
    donors: tuple[str, ...] = ()
    faces: str = "all"
    exempt: tuple[int, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)


class Audit:
    """The measuring of one file, stretch by stretch: what was read of each may be kept and joined later."""

    def __init__(
        self,
        original: MediaPath,
        output: MediaPath,
        *,
        tools: AuditTools,
        options: AuditOptions | None = None,
        found: Callable[[], Faces],
    ) -> None:
        """found: returns the faces of the original, once they are needed. Raises UnreadableVideo."""
        self._original, self._output, self._tools = original, output, tools
        self._options, self._find = options or AuditOptions(), found
        self.before = probe_video(original)
        self.segments = plan_segments(self.before.duration_us)
        probe_video(output)
        self.method = read_mark(output)  # as anybody can who has the file

    def read(
        self,
        segment: Segment,
        control: MediaPath,
        *,
        progress: Callable[[int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Readings:
        """Return what one stretch shows. control: where it lies meanwhile, encoded again.

        progress is told the time in microseconds that is done. Raises NotComparable, UnreadableVideo,
        UnknownTrack, Cancelled.
        """
        found = self._faces
        judged = self._judged
        try:
            begins_us = encode_again(self._original, self.before, control, segment)
            if begins_us is None:
                return Readings()
            return read_stretch(
                self._original, self._output, (control, begins_us), segment, found,
                main=_main_track(found, judged), judged=judged, instruments=self._tools.instruments,
                restorer=Restorer(self.method) if self.method in RESTORABLE else None,
                progress=progress, cancelled=cancelled,
            )  # fmt: skip
        finally:
            control.unlink(missing_ok=True)

    def conclude(
        self,
        parts: Sequence[Readings],
        scratch: Callable[[str], MediaPath],
        *,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> dict[str, Any]:
        """Return the cards, what the file carries, and a verdict with reasons. parts: of all segments.

        scratch: returns where a file of a name may lie for a moment. Raises NotComparable, Cancelled.
        """
        instruments, whole = self._tools.instruments, Readings.join(parts)
        real = enrol_gallery(
            self._options.gallery,
            detector=instruments.detector,
            identifiers=instruments.identifiers,
            skips_unseen=self._options.skips_unseen,
        )
        others = real
        if self._options.with_strangers:
            others = add_strangers(real, instruments.identifiers, shown=self._options.donors)
        residual = (len(whole.bare), whole.looks)
        after = probe_video(self._output)
        models = [one.name for one in instruments.recognisers]
        informed = self._play_attacker(whole, scratch, progress or (lambda _: None), cancelled)
        cards: dict[str, dict[str, Any]] = {
            "privacy": {
                **privacy_card(whole.versions, residual, others, instruments.identifiers),
                "gallery": {
                    "real": _count_people(real),
                    "synthetic": _count_people(others) - _count_people(real),
                },
                "informed": None if isinstance(informed, str) else informed,
                "informed_missing": informed if isinstance(informed, str) else None,
            },
            "expression": expression_card(whole.versions, models),
            "media": _media(self._original, self._output, self.before, after),
        }
        cards["privacy"]["residual_at_ms"] = [time_us // 1000 for time_us in whole.bare[:MOST_NAMED]]
        return {**cards, **judge(cards, self._options.thresholds)}

    def _play_attacker(
        self,
        whole: Readings,
        scratch: Callable[[str], MediaPath],
        progress: Callable[[float], None],
        cancelled: Callable[[], bool] | None,
    ) -> dict[str, Any] | str:
        main, gallery = _main_track(self._faces, self._judged), self._options.gallery
        if self.method is None:
            return "the file does not say by which method"
        if main is None:
            return "nobody whom the camera is pointed at was hidden"
        if len(gallery) < LEAST_PEOPLE:
            return TOO_FEW
        stage = Stage(
            self.method, hiding=self._tools.hiding, detector=self._tools.instruments.detector,
            identifiers=self._tools.instruments.identifiers, scratch=scratch, cancelled=cancelled,
        )  # fmt: skip
        return play_attacker(
            stage, list(gallery), show_person(self._original, self._faces, main), whole, progress
        )

    @cached_property
    def _faces(self) -> Faces:
        return self._find()

    @cached_property
    def _judged(self) -> tuple[int, ...]:
        chosen = choose_hidden(self._faces, self._options.faces, self._options.exempt)
        return tuple(track.number for track in chosen)


def audit(
    original: MediaPath,
    output: MediaPath,
    *,
    tools: AuditTools,
    options: AuditOptions | None = None,
    scratch: Callable[[str], MediaPath] | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Return the privacy card, the expression card, what the file carries, and a verdict with reasons.

    The keys are those of the contract. scratch: returns where a file of a name lies meanwhile; in a temporary
    folder by default. Raises NotComparable, UnreadableVideo, UnknownTrack, Cancelled.
    """
    report = progress or (lambda _: None)

    def tell(start: float, share: float) -> Callable[[int], None]:
        return lambda time_us: report(start + share * min(1.0, time_us / max(whole.before.duration_us, 1)))

    def find() -> Faces:
        return find_faces(
            original, whole.before, engine=tools.hiding.finder, progress=tell(0, 0.2), cancelled=cancelled
        )

    whole = Audit(original, output, tools=tools, options=options, found=find)
    with _for_a_while(scratch) as place:
        parts = [
            whole.read(segment, place("control.mp4"), progress=tell(0.2, 0.5), cancelled=cancelled)
            for segment in whole.segments
        ]
        return whole.conclude(
            parts, place, progress=lambda share: report(0.7 + 0.3 * share), cancelled=cancelled
        )


@contextmanager
def _for_a_while(scratch: Callable[[str], MediaPath] | None) -> Iterator[Callable[[str], MediaPath]]:
    if scratch is not None:
        yield scratch
        return
    with tempfile.TemporaryDirectory(prefix="deid-audit-") as folder:
        yield lambda name: Path(folder) / name


def encode_again(
    original: MediaPath, video: VideoInfo, destination: MediaPath, segment: Segment
) -> int | None:
    """Write the control: a stretch of the original through the same encoder with the same settings as a
    result. Return when in the recording it begins, None when no frame is shown in that stretch.
    """
    start_us, end_us = segment
    with prefetch(lambda: read_frames(original, start_us=start_us, end_us=end_us), ahead=4) as frames:
        first = next(frames, None)
        if first is None:
            return None
        rate = video.frame_rate or Fraction(25)
        with VideoSink(destination, width=video.width, height=video.height, frame_rate=rate) as sink:
            for frame in chain([first], frames):
                sink.write_frame(frame.image_bgr, frame.time_us - first.time_us)
    return first.time_us


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
        "heard": read_heard(output),
        "look": read_look(output),
    }


def _count_people(gallery: Mapping[str, Float]) -> int:
    return max((len(rows) for rows in gallery.values()), default=0)


def _count(path: MediaPath) -> int:
    times = picture_times(path)
    return len(times) if times is not None else sum(1 for _ in read_frames(path))
