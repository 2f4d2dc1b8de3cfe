"""Replace each hidden face by a synthetic donor's that follows the person's head, expression and gaze.

Two passes: landmarks of every frame first, from which each person's calm face is found and the movement is
smoothed without lag; then every frame is drawn. Where a face is not seen well enough, it is covered instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from deid.anchors import load_anchors
from deid.casting import Cast, Casting, read_trials
from deid.cover import CoverPlan
from deid.donor_rules import DonorRules, donor_of_same, main_tracks
from deid.donors import Looks, choose_donor, find_donor, make_avatar, make_donor, nearest_skin
from deid.draw import Motion, draw_avatar, draw_donor, plain_picture
from deid.errors import NoCalmFace
from deid.expected import expect_units, fill_between
from deid.fit import (
    count_from_calm,
    find_calm,
    fit_units,
    make_model,
    mean_face,
    place,
    smooth,
    to_front,
    to_model_axes,
    turn_degrees,
)
from deid.heads.person import Person
from deid.mask import cover
from deid.observe import Faces
from deid.response import Doubles, load_response
from deid.stretches import Stretch
from deid.watch import Watcher, sighting
from deid.watched import Watched
from emotion.samples import Flags
from emotion.track import Indices
from emotion.types import Float, Frame, Image, MediaPath

FALLBACK: Final = "blur"  # where no face can be put
LARGEST_YAW: Final = 60.0
CALM_SAMPLES: Final = 400
CALM_REACH_US: Final = 200_000  # around the moment that somebody named
UNIT_SIGMA, PLACE_SIGMA, GAZE_SIGMA = 0.7, 0.8, 1.0  # frames
LEAST_CHANGE: Final = 2.5  # grey levels between the person's face and the donor's
SMALLEST_PX: Final = 20.0


class SwapHider:
    """Draws a donor's face over every hidden face, or, as avatar, donors alone before a plain background."""

    watches = True

    def __init__(
        self,
        weights_dir: Path | None = None,
        *,
        rules: DonorRules | None = None,
        neutral_s: float | None = None,
        device: str = "cpu",
        avatar: bool = False,
    ) -> None:
        """rules: who gets which donor. neutral_s: when faces are calm.

        Raises UnknownDonor, WeightsMissing, WeightsMismatch or DeviceUnavailable.
        """
        self._rules, self._neutral_s = rules or DonorRules(), neutral_s
        if self._rules.donor != "auto":
            find_donor(self._rules.donor)
        self._avatar = avatar
        self._anchors = load_anchors()
        self._weights_dir, self._device = weights_dir, device
        self._casting: Casting | None = None
        self._watcher: Watcher | None = None
        self._model = make_model(self._anchors, load_response())
        self._people: dict[int, Person] = {}
        self._motions: dict[int, Motion] = {}
        self.drawn = 0
        self._counting = Lock()  # frames are hidden side by side

    def watch(
        self,
        source: MediaPath,
        found: Faces,
        plan: CoverPlan,
        stretch: Stretch,
        cancelled: Callable[[], bool] | None,
    ) -> Watched:
        """Return landmarks, gaze and looks of the faces of a stretch. Raises UnreadableVideo, Cancelled."""
        if self._watcher is None:
            self._watcher = Watcher(self._weights_dir, device=self._device)
        return self._watcher.watch(source, found, plan, stretch, cancelled)

    def prepare(
        self, source: MediaPath, found: Faces, plan: CoverPlan, watched: Watched, known: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Find each person's calm face, smooth the movement, choose donors; return who was chosen and why.

        Raises NoCalmFace when neutral_s was given and nobody is seen then.
        """
        self._motions.clear()
        calm = self._calm_rows(plan) & ~np.isnan(watched.meshes[:, 0, 0])
        if self._neutral_s is not None and not calm.any():
            raise NoCalmFace(
                f"expected a face that is seen well at {self._neutral_s:g} s, the time named as calm"
            )
        donors, casting = dict(known.get("donors", {})), dict(known.get("casting", {}))
        embeddings = {track.number: track.embedding for track in found.tracks}
        seen = sorted(set(plan.tracks[~np.isnan(watched.meshes[:, 0, 0])].tolist()))
        main = main_tracks(found, seen)
        for track in (*main, *(one for one in seen if one not in main)):
            rows = np.flatnonzero(plan.tracks == track)
            self._plan_motion(rows, watched, calm[rows])
            looks = watched.looks_of(rows, embeddings.get(track))
            if str(track) not in donors:
                is_known, same = donor_of_same(main, track, donors)
                taken = self._rules.taken_from(track in main, donors.values())
                cast = (
                    Cast(same, ())
                    if is_known
                    else self._cast(
                        source, rows, found, plan, looks=looks, taken=taken, is_main=track in main
                    )
                )
                donors[str(track)], casting[str(track)] = cast.donor, cast.as_dict()
            name = donors[str(track)]
            if name is not None:
                self._people[track] = self._make_person(name, looks)
                continue
            for row in rows.tolist():  # nobody hides this person: covered instead
                self._motions.pop(row, None)
        return {"donors": donors, "casting": casting, "main_tracks": main}

    def _make_person(self, donor: str, looks: Looks) -> Person:
        return make_avatar(donor) if self._avatar else make_donor(donor, nearest_skin(looks.tone_bgr))

    def _cast(
        self,
        source: MediaPath,
        rows: Indices,
        found: Faces,
        plan: CoverPlan,
        *,
        looks: Looks,
        taken: Collection[str],
        is_main: bool,
    ) -> Cast:
        """Return the donor of one person, tried on frames in which the detector saw the face."""
        if is_main and self._rules.donor != "auto":
            return Cast(self._rules.donor, ())
        key = f"{self._rules.seed}:{int(plan.tracks[rows[0]])}"
        moments = [
            (int(plan.frame_times_us[plan.frames[row]]), self._motions[row], face)
            for row in rows.tolist()
            if row in self._motions and (face := sighting(found, int(plan.samples[row]))) is not None
        ]
        if self._avatar or not moments:
            first = choose_donor(looks, key, taken)
            return Cast(None if first is None else first.name, ())
        if self._casting is None:
            self._casting = Casting(self._anchors, self._weights_dir, device=self._device)
        return self._casting.cast(list(read_trials(source, moments)), looks, key, taken)

    def hide(self, frame: Frame, number: int, plan: CoverPlan) -> Image:
        """Return the frame with a donor's face at each cover, or the cover itself where none can be drawn."""
        rows = range(*plan.rows_of(number).indices(len(plan.frames)))
        drawable = [row for row in rows if row in self._motions]
        if self._avatar:
            image = plain_picture(frame.image_bgr.shape)
        else:
            covered = [row for row in rows if row not in self._motions]
            image = cover(frame.image_bgr, plan.boxes_px[covered], FALLBACK)
        draw = draw_avatar if self._avatar else draw_donor
        for row in drawable:
            person = self._people[int(plan.tracks[row])]
            image = draw(image, person, self._motions[row], self._anchors)
        bare = [] if self._avatar else _hardly_changed(frame.image_bgr, image, plan, drawable)
        with self._counting:
            self.drawn += len(drawable) - len(bare)
        return cover(image, plan.boxes_px[bare], FALLBACK) if bare else image

    def _calm_rows(self, plan: CoverPlan) -> Flags:
        """Return which rows (R,) are within CALM_REACH_US of the time that was named as calm."""
        if self._neutral_s is None:
            return np.zeros(len(plan.frames), np.bool_)
        away_us = np.abs(plan.frame_times_us[plan.frames] - self._neutral_s * 1e6)
        return np.asarray(away_us <= CALM_REACH_US, np.bool_)

    def _plan_motion(self, rows: Indices, seen: Watched, is_calm: Flags) -> None:
        meshes, gazes, probs = seen.meshes[rows], seen.gazes[rows], seen.probs[rows]
        known = np.flatnonzero(~np.isnan(meshes[:, 0, 0]))
        points = np.full(meshes.shape, np.nan)
        points[known] = [to_model_axes(mesh) for mesh in meshes[known]]
        likely = fill_between(probs.astype(np.float64))
        expected = np.zeros((len(rows), len(self._model.units)))
        if likely is not None:
            expected = expect_units(likely, self._model.units)
        if is_calm.any():  # of this person; somebody who was not seen then has a calm face to be found
            calm = mean_face(points[is_calm], self._model)
        else:
            some = known[:: max(1, len(known) // CALM_SAMPLES)]
            calm = find_calm(points[some], self._model, expected[some])
        placements = {at: place(points[at], calm, self._model.stable) for at in known}
        faces = np.stack([to_front(points[at], placements[at], self._model) for at in known])
        units = np.full((len(rows), len(self._model.units)), np.nan)
        fitted = fit_units(faces, calm, self._model, expected[known])
        units[known] = fitted if is_calm.any() else count_from_calm(fitted, self._model.units)
        turns = np.full((len(rows), 3), np.nan)
        turns[known] = [turn_degrees(placements[at].rotation) for at in known]
        units, turns = smooth(units, UNIT_SIGMA), smooth(turns, PLACE_SIGMA)
        flat = smooth(meshes[..., :2].astype(np.float64), PLACE_SIGMA)
        looks = smooth(gazes.astype(np.float64), GAZE_SIGMA)
        for at in known:
            if abs(turns[at, 0]) <= LARGEST_YAW and np.ptp(flat[at], axis=0).min() >= SMALLEST_PX:
                self._motions[int(rows[at])] = Motion(
                    flat[at].astype(np.float32),
                    (float(turns[at, 0]), float(turns[at, 1]), float(turns[at, 2])),
                    (float(looks[at, 0]), float(looks[at, 1])),
                    _named(self._model.units, units[at]),
                )


def _hardly_changed(before: Image, after: Image, plan: CoverPlan, rows: Sequence[int]) -> list[int]:
    """Return the rows whose face drawing has hardly changed, so that it must be covered."""
    return [row for row in rows if _change(before, after, plan.faces_px[row]) < LEAST_CHANGE]


def _change(before: Image, after: Image, box_px: Float) -> float:
    """Return the mean absolute difference of two pictures inside a box (4,), in grey levels."""
    left, top, right, bottom = (int(max(0, edge)) for edge in box_px)
    pair = [picture[top : bottom + 1, left : right + 1].astype(np.int16) for picture in (before, after)]
    return float(np.abs(pair[0] - pair[1]).mean()) if pair[0].size else 0.0


def _named(names: tuple[str, ...], values: Doubles) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True) if value > 0.01}
