"""Measure one method on one recording: everything counts, from opening the file to its final name."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from deid.pipeline import deidentify
from deid.task import Hiding, Task
from emotion.bench import peak_rss_bytes


@dataclass(frozen=True)
class MethodSpeed:
    """Figures of one run on this machine.

    frames_per_s: wall clock, detection, writing and the second look included. cpu_ms_per_frame: processor
    time, all cores together, which other work on the machine changes less. peak_rss_mb: of the process, so
    far.
    """

    method: str
    width: int
    height: int
    frames: int
    frames_per_s: float
    cpu_ms_per_frame: float
    peak_rss_mb: float


def measure_method(video: Path, folder: Path, method: str, *, hiding: Hiding) -> MethodSpeed:
    """Return how fast a method is; the result is written into folder and removed. Raises as deidentify."""
    output = folder / f"{method}.mp4"
    began, cpu_before = time.perf_counter(), time.process_time()
    report = deidentify(video, output, Task(method), hiding=hiding)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_before
    output.unlink()
    frames = report.verification.frames
    return MethodSpeed(
        method=method,
        width=report.video.width,
        height=report.video.height,
        frames=frames,
        frames_per_s=round(frames / wall_s, 1),
        cpu_ms_per_frame=round(1000 * cpu_s / frames, 1),
        peak_rss_mb=round(peak_rss_bytes() / 1e6, 1),
    )
