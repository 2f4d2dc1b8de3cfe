"""From a camera's file to the seconds of its timeline: streams, reports progress, can be cancelled and
resumed.

The whole thing, as the command line does it:

    engine = load_engine(model="human", device="cpu")            # once per process, one run at a time
    analysis = analyse_encounter({"patient": Path("p.mp4"), "doctor": Path("d.mp4")}, engine=engine,
                                 progress=lambda fraction: ..., cancelled=lambda: False)
    write_results(analysis, Path("out"), engine=describe_engine("human", device="cpu"))

In pieces, as a job queue does it (segments in any order, on any machine; see samples.py for files):

    video = probe_video(path)
    parts = [sample_segment(path, segment, engine=engine) for segment in plan_segments(video.duration_us)]
    camera = conclude_camera(join_samples(parts), camera="patient", video=video)          # fast, no networks
    encounter = conclude_encounter([camera, other_camera], sync=estimate_offset(path, other_path))
    camera.rows, camera.people.roles, camera.summary, camera.observations()
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emotion.conclude import (
    AnalysisOptions,
    CameraAnalysis,
    EncounterAnalysis,
    conclude_camera,
    conclude_encounter,
    conclude_people,
)
from emotion.detect import CenterFace
from emotion.identify import FaceFeature
from emotion.inference import available_cores
from emotion.media import probe_video
from emotion.people import Correction, People
from emotion.recognise import DEFAULT_MODEL, load_recogniser
from emotion.samples import FaceSamples, Segment, join_samples, plan_segments
from emotion.sampling import DETECTOR_SIDE, Engine, sample_segments
from emotion.types import MediaPath
from emotion.voice import VoiceDetector

if TYPE_CHECKING:
    from emotion.sync import Sync

__all__ = [
    "AnalysisOptions",
    "CameraAnalysis",
    "EncounterAnalysis",
    "Engine",
    "FaceSamples",
    "Segment",
    "SegmentStore",
    "analyse_camera",
    "analyse_encounter",
    "conclude_camera",
    "conclude_encounter",
    "join_samples",
    "load_engine",
    "plan_segments",
    "sample_segment",
]


class SegmentStore(Protocol):
    """Where finished segments survive a crash."""

    def load(self, camera: str, segment: Segment) -> FaceSamples | None:
        """Return what was saved for exactly this segment, None when nothing was."""
        ...

    def save(self, camera: str, segment: Segment, samples: FaceSamples) -> None:
        """Keep the samples of a finished segment."""
        ...


def load_engine(
    weights_dir: Path | None = None,
    *,
    model: str | None = None,
    device: str = "auto",
    workers: int | None = None,
    identify: bool = True,
) -> Engine:
    """Return the networks ready to run.

    workers: batches of frames in work at a time, one per core by default. identify: embed one frame of each
    second, so that a person who comes back keeps the track. Raises UnknownModel, WeightsMissing,
    WeightsMismatch or DeviceUnavailable.
    """
    count = workers or available_cores()
    return Engine(
        CenterFace(weights_dir, max_side=DETECTOR_SIDE, device=device, threads=count),
        load_recogniser(model or DEFAULT_MODEL, weights_dir, device=device, threads=1),
        FaceFeature(weights_dir, device=device, threads=1) if identify else None,
        count,
        VoiceDetector(weights_dir),
    )


def sample_segment(
    path: MediaPath,
    segment: Segment,
    *,
    engine: Engine,
    options: AnalysisOptions | None = None,
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> FaceSamples:
    """Return the faces of one segment. progress is told the recording's time in microseconds that is done.

    Raises UnreadableVideo when nothing of the file decodes, Cancelled once cancelled() is true.
    """
    options = options or AnalysisOptions()
    (samples,) = sample_segments(
        path,
        [segment],
        engine=engine,
        sample_fps=options.sample_fps,
        progress=progress,
        cancelled=cancelled,
    )
    return samples


def analyse_camera(
    path: MediaPath,
    *,
    camera: str,
    engine: Engine,
    options: AnalysisOptions | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    store: SegmentStore | None = None,
) -> CameraAnalysis:
    """Return the analysis of one camera's recording. progress is told the fraction done, 0..1.

    store: finished segments are kept there and taken from there. Raises UnreadableVideo, NoVideoStream,
    Cancelled.
    """
    options = options or AnalysisOptions()
    video = probe_video(path)

    def report(time_us: int) -> None:
        if progress is not None:
            progress(min(1.0, time_us / max(video.duration_us, 1)))

    segments = plan_segments(video.duration_us, segment_us=options.segment_us)
    done: list[FaceSamples] = []
    for segment in segments:
        stored = store.load(camera, segment) if store is not None else None
        if stored is None:
            break
        done.append(stored)
    waiting = segments[len(done) :]
    fresh = sample_segments(
        path,
        waiting,
        engine=engine,
        sample_fps=options.sample_fps,
        progress=report,
        cancelled=cancelled,
    )
    for segment, samples in zip(waiting, fresh, strict=True):
        if store is not None:
            store.save(camera, segment, samples)
        done.append(samples)
    report(video.duration_us)
    return conclude_camera(join_samples(done), camera=camera, video=video, options=options)


def analyse_encounter(
    paths: Mapping[str, MediaPath],
    *,
    engine: Engine,
    options: AnalysisOptions | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    store: SegmentStore | None = None,
    sync: Sync | None = None,
    corrections: Mapping[str, Sequence[Correction]] | None = None,
    known: Mapping[str, People] | None = None,
) -> EncounterAnalysis:
    """Return the analysis of one or two cameras by name; two are put on one clock, the first one's.

    sync: how, where somebody knows; else their sound tells, or the times of their creation. corrections: what
    somebody said about the people, by camera. known: cameras whose people were found before, by camera;
    their pictures are not decoded again.
    """
    durations = {camera: probe_video(path).duration_us for camera, path in paths.items()}
    total_us = max(sum(durations.values()), 1)
    cameras: list[CameraAnalysis] = []
    before_us = 0
    for camera, path in paths.items():

        def report(fraction: float, before_us: int = before_us, camera: str = camera) -> None:
            if progress is not None:
                progress((before_us + fraction * durations[camera]) / total_us)

        found = (known or {}).get(camera)
        if found is not None:
            video = probe_video(path)
            cameras.append(conclude_people(found, camera=camera, video=video, options=options))
        else:
            ours = partial(analyse_camera, path, camera=camera, engine=engine, options=options, store=store)
            cameras.append(ours(progress=report, cancelled=cancelled))
        before_us += durations[camera]
    if len(cameras) > 1:
        sync = sync or _estimate_sync(list(paths.values()))
    heard = engine.voices.listen_to(paths) if engine.voices else None
    return conclude_encounter(cameras, sync=sync, options=options, corrections=corrections, heard=heard)


def _estimate_sync(paths: list[MediaPath]) -> Sync | None:
    if len(paths) != 2:
        return None
    from emotion.sync import estimate_offset

    return estimate_offset(paths[0], paths[1])
