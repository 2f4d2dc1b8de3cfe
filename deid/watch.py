"""The first look of a swap: what every hidden face does in every frame, and how its owner looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from deid.age_sex import AgeSexReader
from deid.colours import read_hair, read_skin
from deid.cover import CHECKED, CoverPlan
from deid.expected import NETWORK, READ_EVERY
from deid.gaze import look_of
from deid.held import Glimpse, HeldFinder, carry, glimpse, pack
from deid.landmarks import FaceMesh
from deid.observe import Faces
from deid.recognisers import DlibIdentity
from deid.stretches import Stretch
from deid.watched import Watched
from emotion.errors import Cancelled
from emotion.media import read_frames
from emotion.prefetch import prefetch
from emotion.recognise import load_recogniser
from emotion.types import Detections, Float, Frame, MediaPath

LOOK_EVERY: Final = 10  # frames between two readings of colours, age and sex, at least
SECOND_READINGS: Final = 12  # of a person in a stretch by the slower of both recognisers
FOLLOWED: Final = 3  # frames that a mesh is followed without a detection
LEAD_US: Final = 200_000  # watched before a stretch begins, so that a face is followed into it


@dataclass
class _Turn:
    """When somebody's colours, age and sex are read next, and how often the slower recogniser read them."""

    due: int = 0
    second: int = 0


@dataclass
class _Watch:
    """One stretch on its way. before: where each track's mesh was last, and in which frame. glimpses: of each
    track, by row of the stretch.
    """

    seen: Watched
    first_row: int
    turns: dict[int, _Turn] = field(default_factory=dict)
    before: dict[int, tuple[int, Float]] = field(default_factory=dict)
    glimpses: dict[int, dict[int, Glimpse]] = field(default_factory=dict)


class Watcher:
    """Reads landmarks, gaze, expression and looks of the faces of a recording."""

    def __init__(self, weights_dir: Path | None = None, *, device: str = "cpu") -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        self._mesh = FaceMesh(weights_dir, device=device)
        self._expression = load_recogniser(NETWORK, weights_dir, device=device, threads=1)
        self._second = DlibIdentity(weights_dir, device=device)
        self._age_sex = AgeSexReader(weights_dir, device=device)
        self._held = HeldFinder(device=device)

    def watch(
        self,
        source: MediaPath,
        found: Faces,
        plan: CoverPlan,
        stretch: Stretch,
        cancelled: Callable[[], bool] | None,
    ) -> Watched:
        """Return what the faces of a stretch do. Raises UnreadableVideo, Cancelled."""
        rows, times_us = stretch.rows(plan), plan.frame_times_us
        watch = _Watch(Watched.none(rows.stop - rows.start), rows.start)
        begins_us = max(0, int(times_us[stretch.numbers.start]) - LEAD_US)
        first = int(np.searchsorted(times_us, begins_us))
        reading = prefetch(
            lambda: read_frames(source, start_us=begins_us, end_us=stretch.segment.end_us), ahead=4
        )
        with reading as frames:
            for number, frame in enumerate(frames, first):
                if cancelled is not None and cancelled():
                    raise Cancelled("The de-identification was cancelled.")
                here = plan.rows_of(number)
                for row in range(here.start, here.stop):
                    self._watch_face(watch, frame, row, found, plan)
        self._find_held(watch, plan)
        return watch.seen

    def watch_frame(self, frame: Frame, found: Faces, plan: CoverPlan) -> Watched:
        """Return what the faces of a single frame do, which is number 0 of the plan."""
        watch = _Watch(Watched.none(len(plan.frames)), 0)
        for row in range(len(plan.frames)):
            self._watch_face(watch, frame, row, found, plan)
        self._find_held(watch, plan)
        return watch.seen

    def _find_held(self, watch: _Watch, plan: CoverPlan) -> None:
        """Say where something is before the faces of a stretch, from how they look in all of it."""
        here = slice(watch.first_row, watch.first_row + len(watch.seen.meshes))
        for track, glimpses in watch.glimpses.items():
            rows = np.flatnonzero(plan.tracks[here] == track)
            cells = self._held.find(list(glimpses.values()))
            watch.seen.held[rows] = pack(carry(cells, list(glimpses), rows, plan.frames[here][rows]))

    def _watch_face(self, watch: _Watch, frame: Frame, row: int, found: Faces, plan: CoverPlan) -> None:
        """Read one face of a frame. row: of the plan."""
        at = row - watch.first_row  # negative for what lies before the stretch
        track, number = int(plan.tracks[row]), int(plan.frames[row])
        mesh = self._find(frame, row, found, plan, watch.before.get(track))
        if mesh is None:
            return
        watch.before[track] = (number, mesh)
        if at < 0:
            return
        watch.seen.meshes[at] = mesh
        watch.seen.gazes[at] = look_of(frame.image_bgr, mesh)
        if number % READ_EVERY == 0:
            watch.glimpses.setdefault(track, {})[at] = glimpse(frame.image_bgr, mesh)
        face = sighting(found, int(plan.samples[row]))
        if face is None:
            return
        if number % READ_EVERY == 0:
            crop = self._expression.crop(frame.image_bgr, face, 0)
            watch.seen.probs[at] = self._expression.classify([crop])[0]
        turn = watch.turns.setdefault(track, _Turn())
        if number >= turn.due:
            turn.due = number + LOOK_EVERY
            age_sex = self._age_sex.read(frame.image_bgr, face)
            watch.seen.glances[at] = np.concatenate(
                [read_skin(frame.image_bgr, mesh), age_sex, read_hair(frame.image_bgr, mesh)]
            )
            if turn.second < SECOND_READINGS:
                turn.second += 1
                watch.seen.embeddings[at] = self._second.embed(frame.image_bgr, face)[0]

    def _find(
        self, frame: Frame, row: int, found: Faces, plan: CoverPlan, before: tuple[int, Float] | None
    ) -> Float | None:
        face = sighting(found, int(plan.samples[row]))
        if face is not None:
            mesh = self._mesh.find(frame.image_bgr, face.points_px[0], face.boxes_px[0])
        elif plan.kinds[row] != CHECKED and before is not None and plan.frames[row] - before[0] <= FOLLOWED:
            mesh = self._mesh.follow(frame.image_bgr, before[1])
        else:
            mesh = None
        if mesh is None or not _stands_in(mesh.points_px, plan.faces_px[row]):
            return None
        return mesh.points_px


def sighting(found: Faces, sample: int) -> Detections | None:
    """Return the face of one sample alone, None for -1."""
    if sample < 0:
        return None
    samples, at = found.samples, [sample]
    return Detections(samples.boxes_px[at], samples.scores[at], samples.points_px[at])


def _stands_in(points_px: Float, face_px: Float) -> bool:
    """Return whether a mesh is the face of a box: its middle inside, its size alike."""
    low, high = points_px[:, :2].min(axis=0), points_px[:, :2].max(axis=0)
    middle = (low + high) / 2
    inside = bool((middle >= face_px[:2]).all() and (middle <= face_px[2:]).all())
    ratio = float((high - low).max() / max(float((face_px[2:] - face_px[:2]).max()), 1.0))
    return inside and 0.5 < ratio < 2.0
