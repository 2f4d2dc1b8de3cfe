"""Where to hide what in every frame: from sightings to covers without a hole, both ways in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.geometry import expand_boxes
from emotion.samples import FaceSamples, Times
from emotion.track import Track
from emotion.types import Float

SEEN: Final = 0  # the detector found the face in this frame, or in the looked-at frames around it
BRIDGED: Final = 1  # between two sightings
HELD: Final = 2  # before the first or after the last
CHECKED: Final = 3  # the second detector found it in the result
EXTRA_TRACK: Final = 0  # number of what only the second detector found


@dataclass(frozen=True)
class CoverOptions:
    """How far a cover reaches in time and space.

    bridge_us: an absence up to this is covered along the line between the sightings. hold_us: how long
    before the first and after the last sighting, and at both ends of a longer absence, the face is still
    covered. margin_ratio: growth of a side of the face box; lost_margin_ratio: where the face is not seen.
    """

    bridge_us: int = 5_000_000
    hold_us: int = 1_000_000
    margin_ratio: float = 0.4
    lost_margin_ratio: float = 0.9


@dataclass(frozen=True)
class Gap:
    """A stretch in which a tracked face was not seen. covered: hidden throughout.

    needs_review: a person should look, because the face did not leave through the border of the picture.
    """

    track: int
    start_us: int
    end_us: int
    covered: bool
    needs_review: bool


@dataclass(frozen=True)
class CoverPlan:
    """The covers of all frames, ordered by frame.

    frame_times_us: (F,). frames (R,): number of the frame of each cover. boxes_px (R, 4): what is hidden,
    margins included, inside the picture. faces_px (R, 4): the face boxes themselves. tracks (R,), kinds (R,)
    of SEEN, BRIDGED, HELD and CHECKED. sample (R,): row in the samples of a cover that was seen, else -1.
    """

    frame_times_us: Times
    frames: NDArray[np.int64]
    boxes_px: Float
    faces_px: Float
    tracks: NDArray[np.int64]
    kinds: NDArray[np.int64]
    samples: NDArray[np.int64]
    gaps: tuple[Gap, ...]

    def rows_of(self, frame: int) -> slice:
        """Return the rows of one frame."""
        start, end = np.searchsorted(self.frames, [frame, frame + 1])
        return slice(int(start), int(end))


@dataclass(frozen=True)
class _Row:
    frame: int
    face_px: Float
    track: int
    kind: int
    sample: int = -1


def plan_cover(
    samples: FaceSamples,
    tracks: Sequence[Track],
    *,
    times_us: Times,
    size_hw: tuple[int, int],
    options: CoverOptions | None = None,
    extra: Sequence[tuple[int, Float]] = (),
) -> CoverPlan:
    """Return the covers of the given tracks.

    times_us: of all F frames of the recording; samples has looked at some or all of them. extra: (frame, face
    box (4,)) of faces that only the second detector found; they are covered for hold_us before and after.
    """
    options = options or CoverOptions()
    rows: list[_Row] = []
    gaps: list[Gap] = []
    for track in tracks:
        more, missing = _cover_track(samples, track, times_us, size_hw, options)
        rows += more
        gaps += missing
    for frame, box in extra:
        rows += [
            _Row(near, box, EXTRA_TRACK, CHECKED)
            for near in _frames_between(
                times_us, times_us[frame] - options.hold_us, times_us[frame] + options.hold_us
            )
        ]
    return _assemble(times_us, rows, gaps, size_hw, options)


def _assemble(
    times_us: Times, rows: list[_Row], gaps: list[Gap], size_hw: tuple[int, int], options: CoverOptions
) -> CoverPlan:
    rows.sort(key=lambda row: (row.frame, row.track))
    kinds = np.array([row.kind for row in rows], np.int64)
    faces = np.stack([row.face_px for row in rows]) if rows else np.zeros((0, 4), np.float32)
    near = expand_boxes(faces, options.margin_ratio, size_hw)
    wide = expand_boxes(faces, options.lost_margin_ratio, size_hw)
    return CoverPlan(
        times_us,
        np.array([row.frame for row in rows], np.int64),
        np.where((kinds == SEEN)[:, None], near, wide).astype(np.float32),
        faces.astype(np.float32),
        np.array([row.track for row in rows], np.int64),
        kinds,
        np.array([row.sample for row in rows], np.int64),
        tuple(sorted(gaps, key=lambda gap: (gap.start_us, gap.track))),
    )


def _cover_track(
    samples: FaceSamples, track: Track, times_us: Times, size_hw: tuple[int, int], options: CoverOptions
) -> tuple[list[_Row], list[Gap]]:
    looked_at = np.searchsorted(samples.frame_times_us, samples.face_times_us[track.faces])
    frames = np.searchsorted(times_us, samples.face_times_us[track.faces])
    boxes = samples.boxes_px[track.faces]
    rows = [
        _Row(int(frame), box, track.number, SEEN, int(face))
        for frame, box, face in zip(frames, boxes, track.faces, strict=True)
    ]
    rows += _hold(times_us, int(frames[0]), boxes[0], track.number, options, forward=False)
    rows += _hold(times_us, int(frames[-1]), boxes[-1], track.number, options, forward=True)
    gaps: list[Gap] = []
    for before in np.flatnonzero(np.diff(frames) > 1):
        first, last = int(frames[before]), int(frames[before + 1])
        pair = (boxes[before], boxes[before + 1])
        start_us, end_us = int(times_us[first]), int(times_us[last])
        missed = looked_at[before + 1] - looked_at[before] > 1
        bridged = end_us - start_us <= options.bridge_us
        if bridged or not missed:
            kind = BRIDGED if missed else SEEN
            rows += _bridge(times_us[first : last + 1], first, pair, track.number, kind)
        else:
            rows += _hold(times_us, first, pair[0], track.number, options, forward=True, until=last)
            rows += _hold(times_us, last, pair[1], track.number, options, forward=False, until=first)
        left = not bridged and (_at_border(pair[0], size_hw) or _at_border(pair[1], size_hw))
        long = end_us - start_us > options.hold_us
        if missed:
            gaps.append(Gap(track.number, start_us, end_us, bridged, long and not left))
    return rows, gaps


def _bridge(times_us: Times, first: int, pair: tuple[Float, Float], track: int, kind: int) -> Iterable[_Row]:
    """Yield the covers between two sightings. times_us: from the first sighting's frame to the second's."""
    span = float(times_us[-1] - times_us[0])
    for step in range(1, len(times_us) - 1):
        share = np.float32(float(times_us[step] - times_us[0]) / span)
        yield _Row(first + step, pair[0] * (1 - share) + pair[1] * share, track, kind)


def _hold(
    times_us: Times, at: int, box: Float, track: int, options: CoverOptions, *, forward: bool, until: int = -1
) -> Iterable[_Row]:
    start_us, end_us = times_us[at] - options.hold_us, times_us[at] + options.hold_us
    for frame in _frames_between(times_us, start_us, end_us):
        beyond = until >= 0 and (frame >= until if forward else frame <= until)
        if frame != at and (frame > at) == forward and not beyond:
            yield _Row(frame, box, track, HELD)


def _frames_between(times_us: Times, start_us: int, end_us: int) -> range:
    return range(
        int(np.searchsorted(times_us, start_us)), int(np.searchsorted(times_us, end_us, side="right"))
    )


def _at_border(box: Float, size_hw: tuple[int, int]) -> bool:
    """Return whether a face is within half its own size of the picture's border."""
    reach = 0.5 * max(float(box[2] - box[0]), float(box[3] - box[1]))
    return bool(
        box[0] < reach or box[1] < reach or box[2] > size_hw[1] - reach or box[3] > size_hw[0] - reach
    )
