"""Replace each hidden face by a synthetic donor's that follows the person's head, expression and gaze.

Two passes: landmarks of every frame first, from which each person's calm face is found and the movement is
smoothed without lag; then every frame is drawn. Where a face is not seen well enough, it is covered instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Final

import cv2
import numpy as np

from deid.anchors import load_anchors
from deid.casting import Candidate, Cast, Casting, read_trials, rendered_candidates, rendered_face
from deid.contrast import match_contrast
from deid.cover import CoverPlan
from deid.donor_rules import DonorRules, donor_of_same, main_tracks
from deid.donors import Looks, choose_donor, find_donor, make_avatar
from deid.draw import Face, Motion, RenderedFace, Shape, draw_avatar, draw_donor, name_units, plain_picture
from deid.errors import NoCalmFace
from deid.fit import count_from_calm, fit_units, make_model, smooth
from deid.groups import KSame
from deid.heads.person import Person
from deid.held import Moment
from deid.held import moments as find_moments
from deid.mask import cover
from deid.movement import Movement, follow, whole
from deid.nobody import Nobody, is_mean, see_at_rest
from deid.observe import Faces
from deid.response import load_response
from deid.stretches import Stretch
from deid.tuning import Scene, Tuner, channels_of
from deid.watch import Watcher, sighting
from deid.watched import Watched
from emotion.labels import EMOTIONS
from emotion.samples import Flags
from emotion.track import Indices
from emotion.types import Detections, Float, Frame, Image, MediaPath

FALLBACK: Final = "blur"  # where no face can be put
LARGEST_YAW: Final = 60.0
CALM_REACH_US: Final = 200_000  # around the moment that somebody named
UNIT_SIGMA, PLACE_SIGMA, GAZE_SIGMA = 0.7, 0.8, 1.0  # frames
LEAST_CHANGE: Final = 2.5  # grey levels between the person's face and the donor's
SMALLEST_PX: Final = 20.0

_Learnt = list[list[list[float]]]  # weights of each round of tuning, as JSON keeps them


@dataclass(frozen=True)
class _Recording:
    source: MediaPath
    found: Faces
    plan: CoverPlan

    def time_us(self, row: int) -> int:
        return int(self.plan.frame_times_us[self.plan.frames[row]])

    def face(self, row: int) -> Detections | None:
        return sighting(self.found, int(self.plan.samples[row]))


@dataclass(frozen=True)
class _Somebody:
    """One person: the rows (R,) in which they are covered, how they look, and their face at rest, if asked
    for."""

    track: int
    rows: Indices
    looks: Looks
    is_main: bool
    rest: Float | None


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
        look: KSame | None = None,
    ) -> None:
        """rules: who gets which donor. neutral_s: when faces are calm. look: whose mean the person whom the
        camera is pointed at gets instead of a synthetic face.

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
        self._tuner: Tuner | None = None
        self._model = make_model(self._anchors, load_response())
        self._nobody = None if look is None else Nobody(look)
        self._avatars: dict[int, Person] = {}
        self._donors: dict[int, Face] = {}
        self._motions: dict[int, Motion] = {}
        self._moments: list[Moment] = []
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
        self._moments.clear()
        calm = self._calm_rows(plan) & ~np.isnan(watched.meshes[:, 0, 0])
        if self._neutral_s is not None and not calm.any():
            raise NoCalmFace(
                f"expected a face that is seen well at {self._neutral_s:g} s, the time named as calm"
            )
        donors, casting = dict(known.get("donors", {})), dict(known.get("casting", {}))
        contrast, tuning = dict(known.get("contrast", {})), dict(known.get("tuning", {}))
        if self._nobody is not None:
            self._nobody.remember(known.get("look", {}))
        seen = sorted(set(plan.tracks[~np.isnan(watched.meshes[:, 0, 0])].tolist()))
        main = main_tracks(found, seen)
        recording = _Recording(source, found, plan)
        for track in (*main, *(one for one in seen if one not in main)):
            person = self._follow(recording, track, watched, calm, is_main=track in main)
            if str(track) not in donors:
                cast = self._cast(recording, person, main, donors)
                donors[str(track)], casting[str(track)] = cast.donor, cast.as_dict()
            self._put_on(person, donors[str(track)])
            contrast[str(track)] = self._match(recording, person, contrast.get(str(track)))
            tuning[str(track)] = self._tune(recording, person, watched, tuning.get(str(track)))
        held = sorted(self._moments, key=lambda one: (one.start_us, one.track))
        said = {
            "donors": donors,
            "casting": casting,
            "main_tracks": main,
            "contrast": contrast,
            "tuning": tuning,
            "held_before": [one.as_dict() for one in held],
        }
        return said if self._nobody is None else said | {"look": self._nobody.record(donors)}

    def _follow(
        self, recording: _Recording, track: int, watched: Watched, calm: Flags, *, is_main: bool
    ) -> _Somebody:
        """Plan how one person's donor moves, and return who they are."""
        rows = np.flatnonzero(recording.plan.tracks == track)
        nobody = self._nobody if is_main else None
        found, is_held = find_moments(recording.plan, rows, watched.held[rows])
        self._moments += found
        self._plan_motion(rows, watched, calm[rows], is_held, with_shape=nobody is not None)
        embedding = next(one.embedding for one in recording.found.tracks if one.number == track)
        moments = [
            (recording.time_us(row), self._motions[row]) for row in rows.tolist() if row in self._motions
        ]
        rest = None if nobody is None else see_at_rest(recording.source, moments)
        return _Somebody(track, rows, watched.looks_of(rows, embedding), is_main, rest)

    def _cast(
        self, recording: _Recording, person: _Somebody, main: Sequence[int], donors: Mapping[str, str | None]
    ) -> Cast:
        """Return the donor of one person, tried on frames in which the detector saw the face."""
        is_known, same = donor_of_same(main, person.track, donors)
        if is_known:
            return Cast(same, ())
        key = f"{self._rules.seed}:{person.track}"
        moments = self._seen(recording, person)
        if self._nobody is not None and person.is_main:
            candidates = self._nobody.candidates(person.looks, key, person.rest, self._rules.taken)
            return self._try(recording, moments, person, candidates) if moments else Cast(None, ())
        if person.is_main and self._rules.donor != "auto":
            return Cast(self._rules.donor, ())
        taken = self._rules.taken_from(person.is_main, donors.values())
        if self._avatar or not moments:
            first = choose_donor(person.looks, key, taken)
            return Cast(None if first is None else first.name, ())
        candidates = rendered_candidates(person.looks, key, taken, self._anchors)
        return self._try(recording, moments, person, candidates)

    def _seen(self, recording: _Recording, person: _Somebody) -> list[tuple[int, Motion, Detections]]:
        """Return the frames in which a person is drawn and the detector saw the face."""
        return [
            (recording.time_us(row), self._motions[row], face)
            for row in person.rows.tolist()
            if row in self._motions and (face := recording.face(row)) is not None
        ]

    def _try(
        self,
        recording: _Recording,
        moments: Sequence[tuple[int, Motion, Detections]],
        person: _Somebody,
        candidates: Iterable[Candidate],
    ) -> Cast:
        if self._casting is None:
            self._casting = Casting(self._weights_dir, device=self._device)
        return self._casting.cast(list(read_trials(recording.source, moments)), person.looks, candidates)

    def _put_on(self, person: _Somebody, donor: str | None) -> None:
        """Get ready to draw a donor over a person; without one nothing is drawn, so that they are covered."""
        if self._nobody is not None and donor is not None and is_mean(donor):
            mean = self._nobody.face(donor, person.looks, person.rest)
            if mean is None:
                self._cover(person)
            else:
                self._donors[person.track] = mean
        elif donor is None:
            self._cover(person)
        elif self._avatar:
            self._avatars[person.track] = make_avatar(donor)
        else:
            self._donors[person.track] = rendered_face(donor, person.looks, self._anchors)

    def _match(self, recording: _Recording, person: _Somebody, known: float | None) -> float:
        """Give the rendered donor of a person the contrast of their picture; return how much more it is."""
        donor = self._donors.get(person.track)
        if not isinstance(donor, RenderedFace):
            return 1.0
        if known is None:
            trials = read_trials(recording.source, self._seen(recording, person))
            donor = match_contrast(donor, [(trial.image_bgr, trial.motion) for trial in trials])
        else:
            donor = replace(donor, contrast=known)
        self._donors[person.track] = donor
        return donor.contrast

    def _cover(self, person: _Somebody) -> None:
        for row in person.rows.tolist():
            self._motions.pop(row, None)

    def _tune(
        self, recording: _Recording, person: _Somebody, watched: Watched, known: _Learnt | None
    ) -> _Learnt:
        """Correct how the rendered donor of somebody at whom the camera is pointed moves; return what was
        learnt for it.
        """
        donor = self._donors.get(person.track)
        rows = [row for row in person.rows.tolist() if row in self._motions]
        if not (rows and person.is_main and isinstance(donor, RenderedFace)):
            return []
        if self._tuner is None:
            self._tuner = Tuner(self._model, self._weights_dir, device=self._device)
        channels = channels_of(watched.meshes[person.rows])[np.isin(person.rows, rows)]
        scenes = [
            Scene(recording.time_us(row), self._motions[row], read, recording.face(row))
            for row, read in zip(rows, channels, strict=True)
        ]
        learnt = None if known is None else [np.array(one) for one in known]
        motions, rounds = self._tuner.tune(recording.source, donor, scenes, learnt)
        self._motions |= dict(zip(rows, motions, strict=True))
        return [one.tolist() for one in rounds]

    def hide(self, frame: Frame, number: int, plan: CoverPlan) -> Image:
        """Return the frame with a donor's face at each cover, or the cover itself where none can be drawn."""
        rows = range(*plan.rows_of(number).indices(len(plan.frames)))
        drawable = [row for row in rows if row in self._motions]
        if self._avatar:
            image = plain_picture(frame.image_bgr.shape)
        else:
            covered = [row for row in rows if row not in self._motions]
            image = cover(frame.image_bgr, plan.boxes_px[covered], FALLBACK)
        for row in drawable:
            track, motion = int(plan.tracks[row]), self._motions[row]
            if self._avatar:
                image = draw_avatar(image, self._avatars[track], motion, self._anchors)
            else:
                image = draw_donor(image, self._donors[track], motion)
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

    def _plan_motion(
        self, rows: Indices, seen: Watched, is_calm: Flags, is_held: Flags, *, with_shape: bool
    ) -> None:
        meshes, gazes = seen.meshes[rows], seen.gazes[rows]
        move = follow(meshes, seen.probs[rows], self._model, is_calm)
        fitted = fit_units(move.faces, move.calm, self._model, move.expected[move.known])
        fitted = fitted if is_calm.any() else count_from_calm(fitted, self._model.units)
        units = smooth(whole(fitted, move, len(rows)), UNIT_SIGMA)
        turns = smooth(whole(move.turns, move, len(rows)), PLACE_SIGMA)
        flat = smooth(meshes[..., :2].astype(np.float64), PLACE_SIGMA)
        looks = smooth(gazes.astype(np.float64), GAZE_SIGMA)
        shapes = _shapes(move, len(rows)) if with_shape else {}
        for at in move.known.tolist():
            if abs(turns[at, 0]) <= LARGEST_YAW and np.ptp(flat[at], axis=0).min() >= SMALLEST_PX:
                self._motions[int(rows[at])] = Motion(
                    flat[at].astype(np.float32),
                    (float(turns[at, 0]), float(turns[at, 1]), float(turns[at, 2])),
                    (float(looks[at, 0]), float(looks[at, 1])),
                    name_units(self._model.units, units[at]),
                    shapes.get(at),
                    seen.held[rows[at]].copy() if is_held[at] else None,
                )


def _hardly_changed(before: Image, after: Image, plan: CoverPlan, rows: Sequence[int]) -> list[int]:
    """Return the rows whose face drawing has hardly changed, so that it must be covered."""
    return [row for row in rows if _change(before, after, plan.faces_px[row]) < LEAST_CHANGE]


def _shapes(move: Movement, rows: int) -> dict[int, Shape]:
    """Return by row the shape of a face, moved smoothly; half as precise, for there may be many."""
    moved = smooth(whole(move.faces - move.calm, move, rows), UNIT_SIGMA).astype(np.float16)
    calm = move.calm.astype(np.float32)
    likely = np.full((rows, len(EMOTIONS)), 0.0) if move.likely is None else move.likely
    return {at: Shape(calm, moved[at], likely[at].astype(np.float32)) for at in move.known.tolist()}


def _change(before: Image, after: Image, box_px: Float) -> float:
    """Return the mean absolute difference of two pictures inside a box (4,), in grey levels."""
    left, top, right, bottom = (int(max(0, edge)) for edge in box_px)
    first, second = (picture[top : bottom + 1, left : right + 1] for picture in (before, after))
    return float(cv2.absdiff(first, second).mean()) if first.size else 0.0
