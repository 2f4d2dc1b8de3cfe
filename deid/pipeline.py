"""Detect -> track -> hide -> write -> look again -> rename. Fails closed: no doubt, no file.

hiding = load_hiding(device="cpu")
report = deidentify(Path("p.mp4"), Path("out.mp4"), method="blur", hiding=hiding)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from deid.cover import CoverOptions, CoverPlan, Gap, plan_cover
from deid.errors import DamagedVideo, FaceRemains
from deid.hiders import Hider, make_hider
from deid.mark import add_mark
from deid.observe import Faces, camera_of, choose_hidden, find_faces, load_finder
from deid.second_detector import UltraLight
from deid.sound import RATE_HZ, read_sound
from deid.verify import SecondDetector, Verification, verify_output
from emotion.errors import Cancelled, OutputUnwritable
from emotion.media import VideoSink, probe_video, read_frames
from emotion.media.source import partial_path
from emotion.prefetch import prefetch
from emotion.sampling import Engine
from emotion.track import Track
from emotion.types import Float, Frame, MediaPath, VideoInfo

ATTEMPTS: Final = 3  # to cover what the second detector still finds
ENCODER_THREADS: Final = 4  # always as many, so that every machine writes the same bytes

Progress = Callable[[float], None]


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

    neutral_s: when the faces are calm, for methods that follow the expression; None to find it out.
    """

    method: str
    faces: str = "all"
    exempt: tuple[int, ...] = ()
    audio: str = "remove"
    donor: str = "auto"
    seed: int = 0
    neutral_s: float | None = None


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


def deidentify(
    source: MediaPath,
    destination: MediaPath,
    task: Task,
    *,
    hiding: Hiding,
    options: CoverOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Write the file with its faces hidden and return what was done.

    Nothing stands under the destination's name unless everything went well. Raises UnknownMethod,
    UnknownTrack, DamagedVideo, OutputDiffers, FaceRemains, OutputUnwritable, Cancelled, and what reading a
    video raises.
    """
    if _is_same(source, destination):
        raise OutputUnwritable("expected another name than the original's, which is never overwritten")
    hider = make_hider(
        task.method, hiding.weights_dir, donor=task.donor, seed=task.seed, neutral_s=task.neutral_s,
        device=hiding.device,
    )  # fmt: skip
    steps = _Steps(progress, cancelled)
    video = probe_video(source)
    found = find_faces(
        source, video, engine=hiding.finder, camera=camera_of(task.faces), cancelled=cancelled,
        progress=lambda time_us: steps.report(0, time_us / max(video.duration_us, 1)),
    )  # fmt: skip
    run = _Run(source, task, video, found, hider, options or CoverOptions())
    temporary = partial_path(destination)
    try:
        plan, verification, extra = _write_until_clean(run, temporary, hiding.second, steps)
        temporary.replace(destination)
    except OSError as error:
        raise OutputUnwritable(
            f"the result could not be written ({error.strerror}); free some space"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return Report(
        task, video, found, tuple(track.number for track in run.hidden), plan.gaps,
        len(plan.frames), int((plan.samples >= 0).sum()), extra, verification, hider.details(),
    )  # fmt: skip


def _is_same(source: MediaPath, destination: MediaPath) -> bool:
    if isinstance(source, Path) and isinstance(destination, Path):
        return destination.exists() and source.samefile(destination)
    return source == destination


@dataclass(frozen=True)
class _Run:
    """One file on its way: what was found in it and what is hidden."""

    source: MediaPath
    task: Task
    video: VideoInfo
    found: Faces
    hider: Hider
    options: CoverOptions

    @property
    def hidden(self) -> tuple[Track, ...]:
        return choose_hidden(self.found, self.task.faces, self.task.exempt)

    def plan_exempt(self) -> CoverPlan:
        numbers = {track.number for track in self.hidden}
        return self._plan([track for track in self.found.tracks if track.number not in numbers], ())

    def plan(self, extra: Sequence[tuple[int, Float]]) -> CoverPlan:
        return self._plan(self.hidden, extra)

    def _plan(self, tracks: Sequence[Track], extra: Sequence[tuple[int, Float]]) -> CoverPlan:
        return plan_cover(
            self.found.samples,
            tracks,
            times_us=self.found.times_us,
            size_hw=(self.video.height, self.video.width),
            options=self.options,
            extra=extra,
        )


class _Steps:
    """One fraction for all passes over the file."""

    weights = (0.35, 0.45, 0.2)

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress, self.cancelled = progress, cancelled

    def report(self, step: int, fraction: float) -> None:
        if self._progress is not None:
            before = sum(self.weights[:step])
            self._progress(min(1.0, before + self.weights[step] * min(1.0, fraction)))

    def stop_if_asked(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled("The de-identification was cancelled.")


def _write_until_clean(
    run: _Run, temporary: MediaPath, second: SecondDetector, steps: _Steps
) -> tuple[CoverPlan, Verification, int]:
    """Write, look, and write again with what the second detector found; give up after ATTEMPTS."""
    extra: list[tuple[int, Float]] = []
    exempt = run.plan_exempt()
    for _ in range(ATTEMPTS):
        plan = run.plan(extra)
        run.hider.prepare(run.source, run.found, plan, run.video, steps.cancelled)
        _write(run, plan, temporary, steps)
        add_mark(temporary, run.task.method)
        verification = verify_output(
            temporary, run.video, (plan, exempt), detector=second,
            progress=lambda fraction: steps.report(2, fraction), cancelled=steps.cancelled,
        )  # fmt: skip
        if not verification.residuals:
            return plan, verification, len(extra)
        extra += [(one.frame, one.box_px) for one in verification.residuals]
    first = verification.residuals[0]
    raise FaceRemains(
        f"a face remains at {first.time_us / 1e6:.2f} s and in {len(verification.residuals)} places in all; "
        "nothing was written"
    )


def _write(run: _Run, plan: CoverPlan, temporary: MediaPath, steps: _Steps) -> None:
    sound = _Sound(run.source, run.task, run.video)
    with (
        prefetch(lambda: read_frames(run.source), ahead=4) as frames,
        VideoSink(
            temporary, width=run.video.width, height=run.video.height,
            frame_rate=run.video.frame_rate or Fraction(25), audio_rate_hz=sound.rate_hz,
            threads=ENCODER_THREADS,
        ) as sink,
    ):  # fmt: skip
        for number, frame in enumerate(_in_step(frames, plan)):
            steps.stop_if_asked()
            for samples in sound.until(frame.time_us):
                sink.write_audio(samples)
            sink.write_frame(run.hider.hide(frame, number, plan), frame.time_us)
            steps.report(1, number / len(plan.frame_times_us))
        for samples in sound.until(run.video.duration_us):
            sink.write_audio(samples)


def _in_step(frames: Iterator[Frame], plan: CoverPlan) -> Iterator[Frame]:
    """Yield the frames as long as each is the one that the first pass expects, and raise when one is not."""
    expected = plan.frame_times_us
    count = 0
    for frame in frames:
        if count >= len(expected) or frame.time_us != expected[count]:
            break
        yield frame
        count += 1
    if count != len(expected):
        raise DamagedVideo(
            f"expected {len(expected)} frames, but only the first {count} decode as they should, so the "
            "result could not be compared with the original; copy the file from the camera again"
        )


class _Sound:
    """The sound of the result in step with its frames, cut to the length of the picture."""

    def __init__(self, source: MediaPath, task: Task, video: VideoInfo) -> None:
        wanted = task.audio != "remove" and video.has_audio
        self.rate_hz = RATE_HZ if wanted else None
        self._blocks = read_sound(source, task.audio, seed=task.seed) if wanted else iter(())
        self._left: Float | None = None
        self._written = 0

    def until(self, time_us: int) -> Iterator[Float]:
        """Yield the samples that follow, up to a time."""
        goal = time_us * RATE_HZ // 1_000_000
        while self._written < goal:
            block = self._left if self._left is not None else next(self._blocks, None)
            if block is None:
                return
            cut = min(len(block), goal - self._written)
            self._left = block[cut:] if cut < len(block) else None
            self._written += cut
            yield block[:cut]


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
