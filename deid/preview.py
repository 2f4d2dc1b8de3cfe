"""One frame of a recording as a method would show it, in a few seconds and without a file.

Nothing is tried and nothing is smoothed over time: the donor is the one that is asked for, or the first of
those who come into question, and the calm face is guessed from this frame alone. Only the largest face gets a
donor, the others are covered: drawing one takes a second or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from deid.cover import CoverPlan, plan_cover
from deid.donor_rules import DonorRules
from deid.donors import choose_donor, find_donor, list_donors
from deid.hiders import DONORS_DRAWN, MaskHider
from deid.observe import DETECTOR_SIDE, SCORE_LIMIT, Faces
from deid.swap import SwapHider
from deid.watch import Watcher
from deid.watched import Watched
from emotion.detect import CenterFace
from emotion.media import probe_video, read_frames
from emotion.roles import IRRELEVANT, PERSON, RoleAssignment
from emotion.samples import FaceSamples
from emotion.track import Track
from emotion.types import Detections, Frame, Image, MediaPath

MAIN: Final = 1  # number of the largest face
MOMENTS: Final = (0.12, 0.3, 0.5, 0.7, 0.88)  # of the length, of which one is shown
#: Of the length, of which a person may choose another one: MOMENTS and some between them.
OFFERED: Final = tuple(sorted((*MOMENTS, 0.04, 0.21, 0.4, 0.6, 0.79, 0.96)))
AROUND: Final = 1.8  # sides of what is shown of a face, in its larger side


@dataclass(frozen=True)
class Preview:
    """image_bgr (H, W, 3): with every face hidden that was found. donor: of the largest one, if one is drawn.

    faces: how many were found; time_us: of the frame.
    """

    image_bgr: Image
    donor: str | None
    faces: int
    time_us: int


@dataclass(frozen=True)
class Moment:
    """A frame in which a face was found. image_bgr (H, W, 3): the largest one as it is, and around it."""

    time_us: int
    image_bgr: Image


class Previewer:
    """Shows what a method does, with networks that are loaded once. One call at a time."""

    def __init__(self, weights_dir: Path | None = None, *, device: str = "cpu") -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        self._weights_dir, self._device = weights_dir, device
        self._detector = CenterFace(
            weights_dir, max_side=DETECTOR_SIDE, score_limit=SCORE_LIMIT, device=device, threads=1
        )
        self._watcher: Watcher | None = None

    def warm_up(self) -> None:
        """Load what the first donor takes seconds for. Raises WeightsMissing or WeightsMismatch."""
        self._watcher = self._watcher or Watcher(self._weights_dir, device=self._device)
        list_donors()

    def show(
        self, source: MediaPath, method: str, rules: DonorRules | None = None, *, at_us: int | None = None
    ) -> Preview:
        """Return the frame of MOMENTS that shows a face best. rules: for methods that draw a donor. at_us: of
        the frame, where an earlier preview of the same recording says it.

        Raises UnreadableVideo, UnknownMethod, UnknownDonor.
        """
        frame, detections = self._best(source) if at_us is None else self._frame_at(source, at_us)
        faces = _faces_of(frame, detections)
        size_hw = (frame.image_bgr.shape[0], frame.image_bgr.shape[1])
        plan = plan_cover(faces.samples, faces.tracks, times_us=faces.times_us, size_hw=size_hw)
        if method not in DONORS_DRAWN:
            image = MaskHider(method).hide(frame, 0, plan)
            return Preview(image, None, len(detections), frame.time_us)
        watched = self._watch(frame, faces, plan)
        donor = _first_choice(watched, plan, rules or DonorRules())
        hider = SwapHider(self._weights_dir, device=self._device, avatar=method == "avatar")
        donors = {str(track.number): donor if track.number == MAIN else None for track in faces.tracks}
        hider.prepare(source, faces, plan, watched, {"donors": donors, "casting": {}})
        return Preview(hider.hide(frame, 0, plan), donor, len(detections), frame.time_us)

    def moments(self, source: MediaPath) -> tuple[Moment, ...]:
        """Return moments all over a recording at which a face was found, in order of time, each once.

        Raises UnreadableVideo.
        """
        found = {
            frame.time_us: Moment(frame.time_us, _around_largest(frame.image_bgr, detections))
            for frame, detections in self._look_at(source, OFFERED)
            if len(detections)
        }
        return tuple(found[time_us] for time_us in sorted(found))

    def _watch(self, frame: Frame, faces: Faces, plan: CoverPlan) -> Watched:
        self._watcher = self._watcher or Watcher(self._weights_dir, device=self._device)
        return self._watcher.watch_frame(frame, faces, plan)

    def _frame_at(self, source: MediaPath, at_us: int) -> tuple[Frame, Detections]:
        frame = next(iter(read_frames(source, start_us=at_us, end_us=at_us + 1)), None)
        return self._best(source) if frame is None else (frame, self._detector.detect(frame.image_bgr))

    def _best(self, source: MediaPath) -> tuple[Frame, Detections]:
        found = list(self._look_at(source, MOMENTS))
        if not found:
            frame = next(iter(read_frames(source)))
            return frame, self._detector.detect(frame.image_bgr)
        return max(found, key=lambda one: _how_well(one[1]))

    def _look_at(self, source: MediaPath, shares: Sequence[float]) -> Iterator[tuple[Frame, Detections]]:
        duration_us = probe_video(source).duration_us
        for share in shares:
            start_us = round(share * duration_us)
            frame = next(iter(read_frames(source, start_us=start_us, end_us=start_us + 1_000_000)), None)
            if frame is not None:
                yield frame, self._detector.detect(frame.image_bgr)


def _around_largest(image_bgr: Image, detections: Detections) -> Image:
    """Return a square about the largest face, cut where the picture ends."""
    boxes = detections.boxes_px
    left, top, right, bottom = boxes[int(np.argmax(boxes[:, 3] - boxes[:, 1]))]
    half = AROUND * max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    rows, columns = (slice(max(0, round(at - half)), max(1, round(at + half))) for at in (y, x))
    return np.ascontiguousarray(image_bgr[rows, columns])


def _how_well(detections: Detections) -> float:
    """Return how large the largest face is, less where it is turned aside."""
    best = 0.0
    for box, points in zip(detections.boxes_px, detections.points_px, strict=True):
        left, right, nose = points[0, 0], points[1, 0], points[2, 0]
        aside = abs(float(2 * nose - left - right)) / max(abs(float(right - left)), 1.0)
        best = max(best, float(box[3] - box[1]) / (1 + aside))
    return best


def _faces_of(frame: Frame, detections: Detections) -> Faces:
    """Return the faces of one frame as those of a recording, the largest of them the person of the camera."""
    order = np.argsort(-detections.boxes_px[:, 3] + detections.boxes_px[:, 1], kind="stable")
    count = len(order)
    samples = FaceSamples(
        frame_times_us=np.array([frame.time_us], np.int64),
        face_times_us=np.full(count, frame.time_us, np.int64),
        boxes_px=detections.boxes_px[order],
        scores=detections.scores[order],
        points_px=detections.points_px[order],
        qualities=np.ones(count, np.float32),
        probs=np.full((count, 7), 1 / 7, np.float32),
        is_embedded=np.zeros(count, np.bool_),
        embeddings=np.zeros((0, 0), np.float32),
    )
    tracks = tuple(Track(at + 1, np.array([at], np.int64), None) for at in range(count))
    roles = tuple(
        RoleAssignment(track.number, PERSON if track.number == MAIN else IRRELEVANT, 1.0, ())
        for track in tracks
    )
    return Faces(samples.frame_times_us, samples, tracks, roles)


def _first_choice(watched: Watched, plan: CoverPlan, rules: DonorRules) -> str | None:
    """Return a donor for the largest face, None when its landmarks were not found."""
    rows = np.flatnonzero((plan.tracks == MAIN) & ~np.isnan(watched.meshes[:, 0, 0]))
    if len(rows) == 0:
        return None
    if rules.donor != "auto":
        return find_donor(rules.donor).name
    looks = watched.looks_of(rows, None)
    first = choose_donor(looks, f"{rules.seed}:{MAIN}", rules.taken_from(True, ()))
    return None if first is None else first.name
