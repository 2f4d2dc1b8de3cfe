"""What is asked for, what it is done with, and what is said about it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from deid.cover import Gap
from deid.drawn import DrawnCover
from deid.groups import KSame
from deid.observe import Faces, load_finder
from deid.second_detector import UltraLight
from deid.sound import VOICES, name_sound
from deid.spans import SoundSpan
from deid.verify import SecondDetector, Verification
from emotion.sampling import Engine
from emotion.types import VideoInfo

APART_US: Final = 1_000_000  # between two stretches in which a person should look


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

    donor: of the person whom the camera is pointed at, or auto; everybody else's are chosen. taken: donors
    that nobody here gets but who was given one by name. in_study: people of other recordings keep theirs, so
    that others in the picture only get what is reserved for them. neutral_s: when the faces are calm, for
    methods that follow the expression; None to find it out. covers: what a person has drawn, which lies over
    everything else. spans: of the sound, what alone is masked. look: of whom the face of the person is made
    at whom the camera is pointed, for swap; None for a synthetic face.
    """

    method: str
    faces: str = "all"
    exempt: tuple[int, ...] = ()
    audio: str = "remove"
    donor: str = "auto"
    seed: int = 0
    taken: tuple[str, ...] = ()
    in_study: bool = False
    neutral_s: float | None = None
    covers: tuple[DrawnCover, ...] = ()
    spans: tuple[SoundSpan, ...] = ()
    look: KSame | None = None


@dataclass(frozen=True)
class Report:
    """What was done. covers: hidden places over all frames; seen: those where the face was detected.

    found_at_us: when the second detector alone saw a face, once for each that it found.
    """

    task: Task
    video: VideoInfo
    faces: Faces
    hidden: tuple[int, ...]
    gaps: tuple[Gap, ...]
    covers: int
    seen: int
    found_at_us: tuple[int, ...]
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


def sound_after(task: Task, video: VideoInfo) -> str:
    """Return what becomes of a recording's sound, as name_sound does."""
    return name_sound(task.audio, has_audio=video.has_audio, with_spans=bool(task.spans))


def describe(report: Report) -> dict[str, Any]:
    """Return a report as plain values that fit JSON."""
    role_of = {one.track: one.role for one in report.faces.roles}
    times = report.faces.samples.face_times_us
    return {
        "method": report.task.method,
        "audio": report.task.audio if report.video.has_audio else "none",
        "sound_spans": [asdict(one) for one in report.task.spans],
        "voices": VOICES[sound_after(report.task, report.video)],
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
        "found_by_second_detector": len(report.found_at_us),
        "found_by_second_ms": [[first // 1000, last // 1000] for first, last in spans(report.found_at_us)],
        "starts_ms": int(report.faces.times_us[0]) // 1000 if len(report.faces.times_us) else 0,
        "gaps_to_review": [
            {"track": gap.track, "start_ms": gap.start_us // 1000, "end_ms": gap.end_us // 1000,
             "covered": gap.covered}
            for gap in report.gaps
            if gap.needs_review
        ],
        **report.details,
    }  # fmt: skip


def spans(times_us: Sequence[int]) -> list[tuple[int, int]]:
    """Return the stretches in which times lie, a second apart at least.

    >>> spans([0, 400_000, 5_000_000])
    [(0, 400000), (5000000, 5000000)]
    """
    found: list[tuple[int, int]] = []
    for time_us in sorted(times_us):
        if found and time_us - found[-1][1] < APART_US:
            found[-1] = (found[-1][0], time_us)
        else:
            found.append((time_us, time_us))
    return found
