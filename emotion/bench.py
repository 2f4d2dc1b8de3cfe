"""Measure one analysis: speed against the recording's length and against decoding alone, and memory."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from emotion.media import measure_decode_speed, probe_video
from emotion.pipeline import (
    AnalysisOptions,
    Engine,
    Segment,
    conclude_camera,
    sample_segment,
)


@dataclass(frozen=True)
class BenchResult:
    """Wall-clock figures of one recording on this machine.

    times_real_time: seconds of recording analysed per second, at sample_fps. cpu_s_per_s: processor time that
    one of them takes, all cores together, which other work on the machine changes less. every_frame_fps:
    frames per second when every frame is analysed. decode_fps: frames per second when all are decoded and
    nothing is done with them. share_of_decode: speed of the analysis at sample_fps as a share of that.
    peak_rss_mb: of the process, so far.
    """

    duration_s: float
    width: int
    height: int
    sample_fps: float
    faces: int
    times_real_time: float
    cpu_s_per_s: float
    every_frame_fps: float
    decode_fps: float
    share_of_decode: float
    peak_rss_mb: float


def measure_recording(path: Path, engine: Engine, *, sample_fps: Fraction = Fraction(5)) -> BenchResult:
    """Return the figures of one recording; the networks are warmed up before. Raises UnreadableVideo."""
    video = probe_video(path)
    sample_segment(path, Segment(0, 1_000_000), engine=engine)
    began = time.perf_counter()
    options = AnalysisOptions(sample_fps=sample_fps)
    cpu_before_s = time.process_time()
    samples = sample_segment(path, Segment(0, None), engine=engine, options=options)
    conclude_camera(samples, camera="camera", video=video, options=options)
    sampled_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_before_s
    began = time.perf_counter()
    every = sample_segment(path, Segment(0, None), engine=engine, options=AnalysisOptions(sample_fps=None))
    every_s = time.perf_counter() - began
    decode_fps = measure_decode_speed(path)
    frames = len(every.frame_times_us)
    return BenchResult(
        duration_s=round(video.duration_us / 1e6, 3),
        width=video.width,
        height=video.height,
        sample_fps=float(sample_fps),
        faces=len(samples),
        times_real_time=round(video.duration_us / 1e6 / sampled_s, 2),
        cpu_s_per_s=round(cpu_s / (video.duration_us / 1e6), 3),
        every_frame_fps=round(frames / every_s, 1),
        decode_fps=round(decode_fps, 1),
        share_of_decode=round(frames / sampled_s / decode_fps, 3),
        peak_rss_mb=round(peak_rss_bytes() / 1e6, 1),
    )


def peak_rss_bytes() -> int:
    """Return the most memory this process has held so far (Linux: ru_maxrss counts kibibytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
