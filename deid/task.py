"""What is asked for, what it is done with, and what is said about it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deid.cover import Gap
from deid.drawn import DrawnCover
from deid.observe import Faces, load_finder
from deid.second_detector import UltraLight
from deid.verify import SecondDetector, Verification
from emotion.sampling import Engine
from emotion.types import VideoInfo


@dataclass(frozen=True)
class Hiding:
    """The networks of a de-identification, loaded once."""

    finder: Engine
    second: SecondDetector
    weights_dir: Path | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class Task:
    """What is to be done to one file. faces, exempt: see choose_hidden; audio: remove, mask or keep.

    neutral_s: when the faces are calm, for methods that follow the expression; None to find it out. covers:
    what a person has drawn, which lies over everything else.
    """

    method: str
    faces: str = "all"
    exempt: tuple[int, ...] = ()
    audio: str = "remove"
    donor: str = "auto"
    seed: int = 0
    neutral_s: float | None = None
    covers: tuple[DrawnCover, ...] = ()


@dataclass(frozen=True)
class Report:
    """What was done. covers: hidden places over all frames; seen: those where the face was detected."""

    task: Task
    video: VideoInfo
    faces: Faces
    hidden: tuple[int, ...]
    gaps: tuple[Gap, ...]
    covers: int
    seen: int
    found_by_second: int
    verification: Verification
    details: dict[str, Any]


def load_hiding(
    weights_dir: Path | None = None, *, device: str = "auto", workers: int | None = None
) -> Hiding:
    """Return the networks. Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
    return Hiding(
        load_finder(weights_dir, device=device, workers=workers),
        UltraLight(weights_dir, device=device),
        weights_dir,
        device,
    )


def describe(report: Report) -> dict[str, Any]:
    """Return a report as plain values that fit JSON."""
    role_of = {one.track: one.role for one in report.faces.roles}
    times = report.faces.samples.face_times_us
    return {
        "method": report.task.method,
        "audio": report.task.audio if report.video.has_audio else "none",
        "seed": report.task.seed,
        "frames": report.verification.frames,
        "duration_ms": report.verification.duration_us // 1000,
        "tracks": [
            {
                "track": track.number,
                "role": role_of[track.number],
                "hidden": track.number in report.hidden,
                "frames": len(track.faces),
                "first_ms": int(times[track.faces[0]]) // 1000,
                "last_ms": int(times[track.faces[-1]]) // 1000,
            }
            for track in report.faces.tracks
        ],
        "covers": report.covers,
        "covers_drawn": len(report.task.covers),
        "covers_seen": report.seen,
        "found_by_second_detector": report.found_by_second,
        "gaps_to_review": [
            {"track": gap.track, "start_ms": gap.start_us // 1000, "end_ms": gap.end_us // 1000,
             "covered": gap.covered}
            for gap in report.gaps
            if gap.needs_review
        ],
        **report.details,
    }  # fmt: skip
