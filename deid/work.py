"""The de-identification of one recording in steps, whose results are kept in files until they are joined.

A step rests on the recording, the task and the steps before it alone. So it may be done by anybody, anywhere,
and again; whoever asks which steps there are finds out from the files which are done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np

from deid.basis import drawn_by, seen_by
from deid.cover import CoverOptions, CoverPlan, plan_cover
from deid.drawn import DrawnCover, between, check_fits, from_frames
from deid.errors import FaceRemains, ResultLost, UnknownStep
from deid.hiders import make_hider
from deid.joining import join_stretches
from deid.json_files import read_json, write_json
from deid.observe import Faces, camera_of, choose_hidden, know_faces, known_times, look_at
from deid.spans import check_spans
from deid.steps import CAST, COVERING, FOLLOWING, LOOK, WATCH, WRITE, Step, kind_of, picture_of
from deid.stretches import Stretch, cut
from deid.task import Hiding, Report, Task
from deid.verify import Residual
from deid.watched import Watched, read_watched, write_watched
from deid.writing import write_stretch
from emotion.media import probe_video
from emotion.media.source import partial_path, size_of
from emotion.samples import Segment, join_samples, plan_segments, read_samples, write_samples
from emotion.track import Track
from emotion.types import Float, MediaPath

ATTEMPTS: Final = 3  # to cover what the second detector still finds

Extra = tuple[tuple[int, Float], ...]
Cancel = Callable[[], bool]
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class _Round:
    """What is covered, and by which steps, as long as the second detector has found no more than extra."""

    plan: CoverPlan
    exempt: CoverPlan
    extra: Extra
    steps: dict[str, Stretch | None]

    def named(self, kind: str) -> list[str]:
        """Return the names of the steps of a kind, in the order of time."""
        return [name for name in self.steps if kind_of(name) == kind]


class Work:
    """One recording and a task. keep: says where the file of a name lies; the same names find it again."""

    def __init__(
        self,
        source: MediaPath,
        task: Task,
        *,
        hiding: Hiding,
        keep: Callable[[str], MediaPath],
        options: CoverOptions | None = None,
    ) -> None:
        """Raises UnknownMethod, UnknownDonor, InvalidCovers, InvalidSpans, UnreadableVideo, and for weights
        what make_hider raises.
        """
        self._hider = make_hider(
            task.method, hiding.weights_dir, donor=task.donor, seed=task.seed, taken=task.taken,
            in_study=task.in_study, neutral_s=task.neutral_s, look=task.look, device=hiding.device,
        )  # fmt: skip
        self._source, self._task, self._hiding, self._keep = source, task, hiding, keep
        self._options = options or CoverOptions()
        self._video = probe_video(source)
        check_fits(task.covers, self._video)
        check_spans(task.spans, task.audio, self._video)
        self._shares = FOLLOWING if self._hider.watches else COVERING
        self._seen_by = seen_by(source, hiding.device) + repr(self._options).encode()
        # Neither what is drawn by hand nor the sound decides how a stretch is drawn.
        self._drawn_by = (
            self._seen_by + drawn_by() + repr(replace(task, covers=(), audio="remove", spans=())).encode()
        )
        self._times_us = known_times(source, self._video)
        segments = plan_segments(self._video.duration_us)
        self._looks = {self._name(LOOK, at): one for at, one in enumerate(segments)}
        self._found: Faces | None = None
        self._rounds: list[_Round] = []
        self._prepared: CoverPlan | None = None

    def steps(self) -> list[Step]:
        """Return all steps that are known now; when all are done and no more become known, finish may be
        called. Raises UnknownTrack, InvalidCovers, FaceRemains, ResultLost.
        """
        steps = [self._look_step(name, segment) for name, segment in self._looks.items()]
        if not all(step.is_done for step in steps):
            return steps
        for attempt in range(ATTEMPTS):
            one = self._round(attempt)
            for kind in (WATCH, CAST, WRITE):
                more = [self._step(name, one.steps[name]) for name in one.named(kind)]
                steps += more
                if not all(step.is_done for step in more):
                    return steps
            residuals = self._residuals(one)
            if not residuals:
                return steps
        raise FaceRemains(
            f"a face remains at {residuals[0].time_us / 1e6:.2f} s and in {len(residuals)} places in all; "
            "nothing was written"
        )

    @property
    def task(self) -> Task:
        return self._task

    @property
    def seconds(self) -> float:
        """Return how long the recording is."""
        return sum(seconds for _, seconds in self.segments())

    @property
    def settled(self) -> str:
        """Return a name for what all steps lead to, once all are done."""
        return hashlib.sha256(repr((self._task, *self._rounds[-1].steps)).encode()).hexdigest()[:16]

    def segments(self) -> list[tuple[Segment, float]]:
        """Return the stretches of the recording and how many seconds each is long."""
        return [(one, self._look_step(name, one).seconds) for name, one in self._looks.items()]

    def do(self, name: str, *, progress: Callable[[float], None], cancelled: Cancel | None = None) -> None:
        """Do a step that steps gives, and keep its result. Raises UnknownStep for another name.

        Raises DamagedVideo, OutputDiffers, OutputUnwritable, NoCalmFace, UnreadableVideo, ResultLost,
        Cancelled.
        """
        if name in self._looks:
            self._look(name, progress, cancelled)
            return
        one = self._round_of(name)
        stretch = one.steps[name]
        if stretch is None:
            self._cast(one, name)
        elif kind_of(name) == WATCH:
            seen = self._hider.watch(self._source, self.faces(), one.plan, stretch, cancelled)
            write_watched(seen, self._keep(name))
        else:
            self._write(one, name, stretch, progress, cancelled)

    def finish(self, destination: MediaPath, *, cancelled: Cancel | None = None) -> Report:
        """Join what the steps left and return what was done; nothing stands under the destination's name
        unless everything went well. Call it when steps says that all are done.

        Raises ResultLost, OutputDiffers, OutputUnwritable, Cancelled.
        """
        one = self._rounds[-1]
        parts = [self._written(name) for name in one.named(WRITE)]
        temporary, details = partial_path(destination), self._details(one)
        try:
            verification = join_stretches(
                self._source, self._video, self._task,
                plan=one.plan, parts=parts, destination=temporary, look=details.get("look"),
                cancelled=cancelled,
            )  # fmt: skip
            temporary.replace(destination)
        finally:
            temporary.unlink(missing_ok=True)
        return Report(
            self._task, self._video, self.faces(), tuple(track.number for track in self._hidden()),
            one.plan.gaps, len(one.plan.frames), int((one.plan.samples >= 0).sum()),
            tuple(int(one.plan.frame_times_us[frame]) for frame, _ in one.extra),
            verification, details,
        )  # fmt: skip

    def _look(self, name: str, progress: Callable[[float], None], cancelled: Cancel | None) -> None:
        segment, step = self._looks[name], self._look_step(name, self._looks[name])
        samples = look_at(
            self._source, segment, engine=self._hiding.finder, counted=self._times_us is not None,
            progress=lambda time_us: progress((time_us - step.start_us) / 1e6 / step.seconds),
            cancelled=cancelled,
        )  # fmt: skip
        write_samples(samples, self._keep(name))

    def _cast(self, one: _Round, name: str) -> None:
        """Choose donors; whoever an earlier round has chosen stays."""
        earlier = [other for before in self._rounds for other in before.named(CAST)]
        before = earlier[earlier.index(name) - 1] if earlier.index(name) else None
        known = self.read(before, read_json) if before else {}
        write_json(self._prepare(one, known), self._keep(name))

    def _prepare(self, one: _Round, known: dict[str, Any]) -> dict[str, Any]:
        seen = Watched.join([self.read(name, read_watched) for name in one.named(WATCH)])
        self._prepared = None  # in between the hider knows neither this plan nor another one
        said = self._hider.prepare(self._source, self.faces(), one.plan, seen, known)
        self._prepared = one.plan
        return said

    def _write(
        self,
        one: _Round,
        name: str,
        stretch: Stretch,
        progress: Callable[[float], None],
        cancelled: Cancel | None,
    ) -> None:
        for cast in one.named(CAST):
            if self._prepared is not one.plan:
                self._prepare(one, self.read(cast, read_json))
        drawn_before = self._hider.drawn
        residuals = write_stretch(
            self._source, self._keep(picture_of(name)), stretch, video=self._video, hider=self._hider,
            plans=(one.plan, one.exempt), drawn=self._drawn_in(one.plan, stretch),
            second=self._hiding.second, progress=progress, cancelled=cancelled,
        )  # fmt: skip
        found = [[each.frame, each.time_us, each.score, each.box_px.tolist()] for each in residuals]
        drawn = self._hider.drawn - drawn_before
        size_bytes = size_of(self._keep(picture_of(name)))
        write_json({"drawn": drawn, "residuals": found, "size_bytes": size_bytes}, self._keep(name))

    def _written(self, name: str) -> MediaPath:
        """Return the video of a stretch that is done. Raises ResultLost when not all of it is there."""
        picture = self._keep(picture_of(name))

        def check(said: MediaPath) -> MediaPath:
            if not picture.is_file() or size_of(picture) != read_json(said)["size_bytes"]:
                raise ValueError("expected the video that was written")
            return picture

        return self.read(name, check)

    def _residuals(self, one: _Round) -> list[Residual]:
        return [
            Residual(frame, time_us, np.array(box, np.float32), score)
            for name in one.named(WRITE)
            for frame, time_us, score, box in self.read(name, read_json)["residuals"]
        ]

    def _details(self, one: _Round) -> dict[str, Any]:
        """Return what belongs into the record beside what every method leaves there."""
        if not self._hider.watches:
            return {}
        (cast,) = one.named(CAST)
        said = self.read(cast, read_json)
        said.pop("tuning", None)  # only drawing needs it
        drawn = sum(self.read(name, read_json)["drawn"] for name in one.named(WRITE))
        covered = len(one.plan.frames) - drawn
        return {**said, "faces_drawn": drawn, "faces_covered_instead": covered}

    def faces(self) -> Faces:
        """Return whose faces are where, once all were looked for. Raises ResultLost."""
        if self._found is None:
            samples = join_samples([self.read(name, read_samples) for name in self._looks])
            camera = camera_of(self._task.faces)
            self._found = know_faces(self._video, samples, self._times_us, camera=camera)
        return self._found

    def read(self, name: str, reader: Callable[[MediaPath], Kept]) -> Kept:
        """Return what a step kept. Raises ResultLost when it is damaged, OSError when it is out of reach."""
        try:
            return reader(self._keep(name))
        except (OSError, MemoryError):
            raise
        except Exception as error:  # of a path that checks what it reads, any kind
            self._keep(name).unlink(missing_ok=True)
            raise ResultLost("what was computed before was damaged, so it is computed again") from error

    def _hidden(self) -> tuple[Track, ...]:
        return choose_hidden(self.faces(), self._task.faces, self._task.exempt)

    def _round_of(self, name: str) -> _Round:
        if not any(name in one.steps for one in self._rounds):
            self.steps()  # another process has come further
        for one in self._rounds:
            if name in one.steps:
                return one
        raise UnknownStep(f"expected one of the steps that are known now, got {name!r}")

    def _round(self, attempt: int) -> _Round:
        if attempt == len(self._rounds):
            extra: Extra = ()
            if attempt:
                before = self._rounds[-1]
                extra = before.extra + tuple((one.frame, one.box_px) for one in self._residuals(before))
            self._rounds.append(self._plan_round(extra))
        return self._rounds[attempt]

    def _plan_round(self, extra: Extra) -> _Round:
        hidden = self._hidden()
        others = [track for track in self.faces().tracks if track not in hidden]
        plan = self._plan(hidden, extra)
        stretches = cut(self._video, plan.frame_times_us)
        basis = [one.rests_on(plan) for one in stretches]
        whole = b"".join(basis)  # one face's movement is smoothed over all of it
        steps: dict[str, Stretch | None] = {}
        if self._hider.watches:
            steps |= {self._name(WATCH, at, basis[at]): one for at, one in enumerate(stretches)}
            steps[self._name(CAST, 0, whole)] = None
        for at, one in enumerate(stretches):
            drawn = self._drawn_in(plan, one)  # what is drawn lies over the rest and decides nothing else
            rests_on = (whole if self._hider.watches else basis[at]) + (
                repr(drawn).encode() if drawn else b""
            )
            steps[self._name(WRITE, at, rests_on)] = one
        return _Round(plan, self._plan(others, ()), extra, steps)

    def _drawn_in(self, plan: CoverPlan, stretch: Stretch) -> tuple[DrawnCover, ...]:
        """Return the covers drawn by a person that touch a stretch."""
        times_us = plan.frame_times_us - plan.frame_times_us[0]
        first, last = int(times_us[stretch.numbers.start]), int(times_us[stretch.numbers.stop - 1])
        return between(from_frames(self._task.covers, times_us), first, last)

    def _plan(self, tracks: Sequence[Track], extra: Extra) -> CoverPlan:
        return plan_cover(
            self.faces().samples,
            tracks,
            times_us=self.faces().times_us,
            size_hw=(self._video.height, self._video.width),
            options=self._options,
            extra=extra,
        )

    def _look_step(self, name: str, segment: Segment) -> Step:
        end_us = segment.end_us or max(self._video.duration_us, segment.start_us + 1)
        return self._as_step(name, segment.start_us, (end_us - segment.start_us) / 1e6)

    def _step(self, name: str, stretch: Stretch | None) -> Step:
        if stretch is None:
            return self._as_step(name, 0, 0.0)
        return self._look_step(name, stretch.segment)

    def _as_step(self, name: str, start_us: int, seconds: float) -> Step:
        kind = kind_of(name)
        return Step(kind, name, start_us, seconds, self._shares.get(kind, 0.0), self._keep(name).is_file())

    def _name(self, kind: str, at: int, rests_on: bytes = b"") -> str:
        basis = self._seen_by if kind in (LOOK, WATCH) else self._drawn_by
        digest = hashlib.sha256(basis + rests_on).hexdigest()[:16]
        return f"{kind}-{at:05d}-{digest}.{'npz' if kind in (LOOK, WATCH) else 'json'}"
