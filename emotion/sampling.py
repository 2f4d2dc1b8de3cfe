"""The slow half: decode once, detect, recognise -> the faces of the sampled frames, segment by segment.

A segment's result depends on its own frames alone, so a run can be cut anywhere between segments, continued
after a crash, or spread over machines, and gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Final

import numpy as np

from emotion.detect import FaceDetector
from emotion.errors import Cancelled
from emotion.identify import Embedder
from emotion.media import read_frames
from emotion.nearby import detect_along
from emotion.prefetch import map_ahead, prefetch
from emotion.quality import face_qualities
from emotion.recognise import Recogniser
from emotion.samples import FaceSamples, Segment, join_samples
from emotion.types import Detections, Float, Frame, MediaPath
from emotion.voice import VoiceDetector

SECOND_US: Final = 1_000_000
BATCH_BYTES: Final = 48_000_000  # pictures held for one batch: 17 of 720p, 7 of 1080p, 1 of 4K
BATCH_FRAMES: Final = 8
FRAMES_AHEAD: Final = 4
LOOKING: Final = 2  # one more whenever faces are looked for in another way, so that no result is of both
# Frames are shrunk to this for the detector: it finds the same 139 faces of three consultation-like clips as
# at 448 and 640 pixels, in 0.75 and 0.4 of the time; at 320 it loses 8 of a bystander's.
DETECTOR_SIDE: Final = 384

Progress = Callable[[int], None]
"""Told the time in microseconds up to which the recording is done."""


@dataclass(frozen=True)
class Engine:
    """The networks of one analysis, loaded once, and how many batches of frames they work on at a time.

    workers changes the speed and nothing else. thorough: every frame is looked at as a whole, for those who
    must not miss for a moment who comes into the picture.
    """

    detector: FaceDetector
    recogniser: Recogniser
    embedder: Embedder | None = None
    workers: int = 1
    voices: VoiceDetector | None = None
    thorough: bool = False


@dataclass
class _Batch:
    """Neighbouring sampled frames of one second of one segment. begins_second: with its first frame."""

    segment: int
    begins_second: bool
    frames: list[Frame] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        held = sum(frame.image_bgr.nbytes for frame in self.frames)
        return len(self.frames) >= BATCH_FRAMES or held >= BATCH_BYTES


def sample_segments(
    path: MediaPath,
    segments: Sequence[Segment],
    *,
    engine: Engine,
    sample_fps: Fraction | None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[FaceSamples]:
    """Yield the samples of each of some consecutive segments while the file is decoded once.

    Segments start at whole seconds: one frame of each second is embedded. Raises UnreadableVideo when nothing
    decodes and Cancelled as soon as cancelled() says so.
    """
    for (samples,) in sample_side_by_side(
        path,
        segments,
        engine=engine,
        recognisers=(engine.recogniser,),
        sample_fps=sample_fps,
        progress=progress,
        cancelled=cancelled,
    ):
        yield samples


def sample_side_by_side(
    path: MediaPath,
    segments: Sequence[Segment],
    *,
    engine: Engine,
    recognisers: Sequence[Recogniser],
    sample_fps: Fraction | None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[tuple[FaceSamples, ...]]:
    """Yield for each segment one FaceSamples per recogniser, each equal to what that one alone would give.

    The file is decoded, and faces are found and embedded, once for all of them; engine.recogniser is not
    used. Raises as sample_segments.
    """
    if not segments:
        return
    with prefetch(partial(_read, path, segments, sample_fps), ahead=FRAMES_AHEAD) as frames:
        batches = _gather_batches(_until_cancelled(frames, cancelled), segments)
        done = map_ahead(partial(_process, engine, recognisers), batches, workers=engine.workers)
        parts: list[tuple[FaceSamples, ...]] = []
        current = 0
        for batch, samples in done:
            while current < batch.segment:
                yield _join(parts, engine, len(recognisers))
                parts, current = [], current + 1
            parts.append(samples)
            if progress is not None:
                progress(int(samples[0].frame_times_us[-1]))
        for _ in segments[current:]:
            yield _join(parts, engine, len(recognisers))
            parts = []


def _read(path: MediaPath, segments: Sequence[Segment], sample_fps: Fraction | None) -> Iterator[Frame]:
    return read_frames(path, sample_fps=sample_fps, start_us=segments[0].start_us, end_us=segments[-1].end_us)


def _until_cancelled(frames: Iterator[Frame], cancelled: Callable[[], bool] | None) -> Iterator[Frame]:
    for frame in frames:
        if cancelled is not None and cancelled():
            raise Cancelled("The analysis was cancelled.")
        yield frame


def _gather_batches(frames: Iterator[Frame], segments: Sequence[Segment]) -> Iterator[_Batch]:
    """Yield batches, none of which reaches over the end of a second, and so of a segment."""
    batch, last_second, segment = _Batch(0, begins_second=False), -1, 0
    for frame in frames:
        while not _reaches(segments[segment], frame.time_us):
            segment += 1
        begins_second = frame.time_us // SECOND_US != last_second
        if batch.is_full or begins_second:
            if batch.frames:
                yield batch
            batch = _Batch(segment, begins_second)
        batch.frames.append(frame)
        last_second = frame.time_us // SECOND_US
    if batch.frames:
        yield batch


def _reaches(segment: Segment, time_us: int) -> bool:
    return segment.end_us is None or time_us < segment.end_us


def _join(parts: list[tuple[FaceSamples, ...]], engine: Engine, count: int) -> tuple[FaceSamples, ...]:
    if not parts:
        return (FaceSamples.none(engine.embedder.size if engine.embedder else 0),) * count
    return tuple(join_samples(column) for column in zip(*parts, strict=True))


def _process(engine: Engine, recognisers: Sequence[Recogniser], batch: _Batch) -> tuple[FaceSamples, ...]:
    """Return the faces of a batch as each recogniser judges them. Depends on its frames alone."""
    frames = batch.frames
    images = [frame.image_bgr for frame in frames]
    found = engine.detector.detect_many(images) if engine.thorough else detect_along(engine.detector, images)
    embeddings = _embed(engine.embedder, frames[0], found[0] if batch.begins_second else Detections.none())
    return tuple(_judge(one, frames, found, embeddings) for one in recognisers)


def _judge(
    recogniser: Recogniser, frames: Sequence[Frame], found: Sequence[Detections], embeddings: Float
) -> FaceSamples:
    """embeddings: (M, D) of the first M faces."""
    crops = [
        [recogniser.crop(frame.image_bgr, faces, face) for face in range(len(faces))]
        for frame, faces in zip(frames, found, strict=True)
    ]
    times_us = np.array([frame.time_us for frame in frames], np.int64)
    return FaceSamples(
        frame_times_us=times_us,
        face_times_us=np.repeat(times_us, [len(faces) for faces in found]),
        boxes_px=np.concatenate([faces.boxes_px for faces in found]),
        scores=np.concatenate([faces.scores for faces in found]),
        points_px=np.concatenate([faces.points_px for faces in found]),
        qualities=np.concatenate([face_qualities(*pair) for pair in zip(crops, found, strict=True)]),
        probs=recogniser.classify([crop for group in crops for crop in group]),
        is_embedded=np.arange(sum(map(len, found))) < len(embeddings),
        embeddings=embeddings,
    )


def _embed(embedder: Embedder | None, frame: Frame, faces: Detections) -> Float:
    """Return embeddings (M, D) of the faces of a frame."""
    if embedder is None or len(faces) == 0:
        return np.zeros((0, embedder.size if embedder else 0), np.float32)
    return embedder.embed(frame.image_bgr, faces)
