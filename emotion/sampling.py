"""The slow half: decode once, detect, recognise -> the faces of the sampled frames, segment by segment.

A segment's result depends on its own frames alone, so a run can be cut anywhere between segments, continued
after a crash, or spread over machines, and gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from emotion.detect import FaceDetector
from emotion.errors import Cancelled
from emotion.identify import Embedder
from emotion.media import read_frames
from emotion.prefetch import prefetch
from emotion.quality import face_qualities
from emotion.recognise import Recogniser
from emotion.samples import FaceSamples, Segment, join_samples
from emotion.types import Detections, Float, Frame

SECOND_US: Final = 1_000_000
BATCH_BYTES: Final = 48_000_000  # pictures held for one batch: 17 of 720p, 7 of 1080p, 1 of 4K
FRAMES_AHEAD: Final = 4

Progress = Callable[[int], None]
"""Told the time in microseconds up to which the recording is done."""


@dataclass(frozen=True)
class Engine:
    """The networks of one analysis, loaded once and used by one thread at a time."""

    detector: FaceDetector
    recogniser: Recogniser
    embedder: Embedder | None = None


def sample_segments(
    path: Path,
    segments: Sequence[Segment],
    *,
    engine: Engine,
    sample_fps: Fraction | None,
    batch_frames: int = 8,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[FaceSamples]:
    """Yield the samples of each of some consecutive segments while the file is decoded once.

    Segments start at whole seconds: one frame of each second is embedded. Raises UnreadableVideo when nothing
    decodes and Cancelled as soon as cancelled() says so.
    """

    def frames() -> Iterator[Frame]:
        return read_frames(
            path, sample_fps=sample_fps, start_us=segments[0].start_us, end_us=segments[-1].end_us
        )

    collector = _Collector(engine, batch_frames)
    remaining = list(segments)
    with prefetch(frames, ahead=FRAMES_AHEAD) as ready:
        for frame in ready:
            if cancelled is not None and cancelled():
                raise Cancelled("The analysis was cancelled.")
            while not _reaches(remaining[0], frame.time_us):
                yield collector.finish()
                remaining.pop(0)
            collector.add(frame)
            if progress is not None:
                progress(frame.time_us)
        for _ in remaining:
            yield collector.finish()


def _reaches(segment: Segment, time_us: int) -> bool:
    return segment.end_us is None or time_us < segment.end_us


class _Collector:
    """Gathers the frames of one segment into batches and their faces into samples."""

    def __init__(self, engine: Engine, batch_frames: int) -> None:
        self._engine = engine
        self._batch_frames = batch_frames
        self._waiting: list[Frame] = []
        self._parts: list[FaceSamples] = []
        self._embedded_second = -1

    def add(self, frame: Frame) -> None:
        self._waiting.append(frame)
        held = sum(waiting.image_bgr.nbytes for waiting in self._waiting)
        if len(self._waiting) >= self._batch_frames or held >= BATCH_BYTES:
            self._process()

    def finish(self) -> FaceSamples:
        self._process()
        samples = join_samples(self._parts) if self._parts else FaceSamples.none(self._embedding_size)
        self._parts, self._embedded_second = [], -1
        return samples

    @property
    def _embedding_size(self) -> int:
        return self._engine.embedder.size if self._engine.embedder else 0

    def _process(self) -> None:
        frames, self._waiting = self._waiting, []
        if not frames:
            return
        found = self._engine.detector.detect_many([frame.image_bgr for frame in frames])
        pairs = list(zip(frames, found, strict=True))
        crops = [
            self._engine.recogniser.crop(frame.image_bgr, faces, face)
            for frame, faces in pairs
            for face in range(len(faces))
        ]
        self._parts.append(
            FaceSamples(
                frame_times_us=np.array([frame.time_us for frame in frames], np.int64),
                face_times_us=np.repeat([frame.time_us for frame in frames], [len(faces) for faces in found]),
                boxes_px=np.concatenate([faces.boxes_px for faces in found]),
                scores=np.concatenate([faces.scores for faces in found]),
                points_px=np.concatenate([faces.points_px for faces in found]),
                qualities=np.concatenate([face_qualities(frame.image_bgr, faces) for frame, faces in pairs]),
                probs=self._engine.recogniser.classify(crops),
                embeddings=np.concatenate([self._embed(frame, faces) for frame, faces in pairs]),
            )
        )

    def _embed(self, frame: Frame, faces: Detections) -> Float:
        """Return embeddings for the first sampled frame of each second, rows of NaN for the others."""
        second = frame.time_us // SECOND_US
        if self._engine.embedder is None or second == self._embedded_second:
            return np.full((len(faces), self._embedding_size), np.nan, np.float32)
        self._embedded_second = second
        return self._engine.embedder.embed(frame.image_bgr, faces)
