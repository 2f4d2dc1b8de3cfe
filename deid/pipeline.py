"""Detect -> track -> hide -> write -> look again -> rename. Fails closed: no doubt, no file.

hiding = load_hiding(device="cpu")
report = deidentify(Path("p.mp4"), Path("out.mp4"), method="blur", hiding=hiding)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from deid.cover import CoverOptions, CoverPlan, Gap, plan_cover
from deid.errors import FaceRemains
from deid.hiders import Hider, make_hider
from deid.mark import add_mark
from deid.observe import Faces, camera_of, choose_hidden, find_faces, load_finder
from deid.second_detector import UltraLight
from deid.sound import RATE_HZ, read_sound
from deid.stretches import cut, write_stretch
from deid.verify import Residual, SecondDetector, Verification, check_length, check_times
from emotion.errors import Cancelled, OutputUnwritable
from emotion.media import probe_video
from emotion.media.join import JoinSink, join_pictures, open_template
from emotion.media.source import partial_path
from emotion.sampling import Engine
from emotion.track import Track
from emotion.types import Float, MediaPath, VideoInfo

ATTEMPTS: Final = 3  # to cover what the second detector still finds

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
    stretches = _Stretches(run, destination, hiding.second, steps)
    try:
        plan, extra = stretches.write_until_clean()
        verification = stretches.join(plan, temporary)
        temporary.replace(destination)
    except OSError as error:
        raise OutputUnwritable(
            f"the result could not be written ({error.strerror}); free some space"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
        stretches.remove()
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

    weights = (0.35, 0.65)

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress, self.cancelled = progress, cancelled

    def report(self, step: int, fraction: float) -> None:
        if self._progress is not None:
            before = sum(self.weights[:step])
            self._progress(min(1.0, before + self.weights[step] * min(1.0, fraction)))

    def stop_if_asked(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled("The de-identification was cancelled.")


class _Stretches:
    """The stretches of a run, each in a file of its own until they are joined."""

    def __init__(self, run: _Run, beside: MediaPath, second: SecondDetector, steps: _Steps) -> None:
        self._run, self._beside, self._second, self._steps = run, beside, second, steps
        self._written: dict[int, tuple[bytes, MediaPath, tuple[Residual, ...]]] = {}

    def write_until_clean(self) -> tuple[CoverPlan, int]:
        """Write, look, and write again where the second detector found something; give up after ATTEMPTS."""
        extra: list[tuple[int, Float]] = []
        exempt = self._run.plan_exempt()
        for _ in range(ATTEMPTS):
            plan = self._run.plan(extra)
            self._write((plan, exempt))
            residuals = [one for _, _, found in self._written.values() for one in found]
            if not residuals:
                return plan, len(extra)
            extra += [(one.frame, one.box_px) for one in residuals]
        raise FaceRemains(
            f"a face remains at {residuals[0].time_us / 1e6:.2f} s and in {len(residuals)} places in all; "
            "nothing was written"
        )

    def _write(self, plans: tuple[CoverPlan, CoverPlan]) -> None:
        run, stretches = self._run, cut(self._run.video, plans[0], self._run.task.method)
        run.hider.prepare(run.source, run.found, plans[0], run.video, self._steps.cancelled)
        for number, stretch in enumerate(stretches):
            basis = stretch.rests_on(plans[0])
            if number in self._written and self._written[number][0] == basis:
                continue
            path = self._written[number][1] if number in self._written else partial_path(self._beside)
            self._written[number] = (b"", path, ())
            residuals = write_stretch(
                run.source, path, stretch, video=run.video, hider=run.hider, plans=plans,
                second=self._second, cancelled=self._steps.cancelled,
                progress=partial(self._report, number, len(stretches)),
            )  # fmt: skip
            self._written[number] = (basis, path, residuals)

    def _report(self, number: int, of: int, fraction: float) -> None:
        self._steps.report(1, (number + fraction) / of)

    def join(self, plan: CoverPlan, temporary: MediaPath) -> Verification:
        """Put the stretches and the sound together; return what the written file is."""
        run, parts = self._run, [path for _, path, _ in self._written.values()]
        times_us = [int(one - plan.frame_times_us[0]) for one in plan.frame_times_us]
        sound = _Sound(run.source, run.task, run.video)
        with (
            open_template(parts[0]) as template,
            JoinSink(temporary, template, audio_rate_hz=sound.rate_hz) as sink,
        ):
            for packet, pts_us, dts_us in join_pictures(parts, times_us):
                self._steps.stop_if_asked()
                for samples in sound.until(pts_us):
                    sink.write_audio(samples)
                sink.write_packet(packet, pts_us, dts_us)
            for samples in sound.until(run.video.duration_us):
                sink.write_audio(samples)
        add_mark(temporary, run.task.method)
        check_times(temporary, plan.frame_times_us)
        return Verification(len(times_us), check_length(temporary, run.video), ())

    def remove(self) -> None:
        for _, path, _ in self._written.values():
            path.unlink(missing_ok=True)


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
