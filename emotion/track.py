"""Faces over time -> tracks: one track per person, also through a turned head, a cut or a minute out of the
picture.

Two passes. Motion links faces of neighbouring samples (constant velocity, one-to-one assignment as in SORT,
Bewley et al. 2016, doi:10.1109/ICIP.2016.7533003, with centre distance instead of overlap because 5 samples
per second leave little overlap). Appearance then joins the pieces of one person that motion alone cannot
reach. Both are deterministic and do not depend on the order of the faces within a frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from emotion.samples import FaceSamples
from emotion.types import Float

Indices = NDArray[np.int64]
FORBIDDEN: Final = 1e6
MAX_EXTRAPOLATION_US: Final = 400_000


@dataclass(frozen=True)
class TrackingOptions:
    """How far motion and appearance may reach.

    max_gap_us: longest time without a face that motion bridges. rejoin_gap_us: longest absence after which
    appearance joins two pieces. same_person, other_person: cosine of embeddings from which two pieces are
    joined, and under which a face is not linked to a track however near it is. Measured with the embedding
    network of identify.py: the same face degraded gives 0.63 and more, one second later 0.52 and more, 95 %
    of pairs of different people give 0.27 and less. jump_faces: a step between two pictures that is a cut
    rather than a movement, in faces, when the appearance changes within the same second.
    """

    max_gap_us: int = 1_000_000
    rejoin_gap_us: int = 60_000_000
    same_person: float = 0.45
    other_person: float = 0.3
    reach_faces: float = 0.7
    reach_faces_per_s: float = 1.5
    max_growth: float = 1.8
    jump_faces: float = 0.25


@dataclass(frozen=True)
class Track:
    """One person of one camera. number counts from 1 by first appearance, then from left to right.

    faces: indices into the samples, in the order of time. embedding: (D,) unit vector, None when no face was
    embedded.
    """

    number: int
    faces: Indices
    embedding: Float | None


@dataclass(frozen=True)
class _Face:
    """A face as the linking sees it. side: square root of the box area in pixels."""

    index: int
    time_us: int
    centre: Float
    side: float
    appearance: Float | None


@dataclass
class _Piece:
    """A run of faces that motion has linked, while it grows.

    velocity_per_us: halved, so that it dampens. appearance: of its last embedded face; look: the mean of
    all of them. since: its faces from the last embedded one on.
    """

    indices: list[int]
    last: _Face
    velocity_per_us: Float
    appearance: Float | None
    look: Float | None
    since: list[_Face]

    @staticmethod
    def begin(face: _Face) -> _Piece:
        return _Piece([face.index], face, np.zeros(2, np.float32), face.appearance, face.appearance, [face])

    def likeness(self, face: _Face) -> float | None:
        """Return the cosine of the face to the piece's last or mean appearance, None where one is unknown."""
        if self.appearance is None or self.look is None or face.appearance is None:
            return None
        return max(float(self.appearance @ face.appearance), float(self.look @ face.appearance))


def link_tracks(samples: FaceSamples, options: TrackingOptions | None = None) -> tuple[Track, ...]:
    """Return the tracks of all faces; every face belongs to exactly one. Does not modify samples."""
    options = options or TrackingOptions()
    pieces = _rejoin(
        [np.array(piece.indices) for piece in _link_by_motion(samples, options)], samples, options
    )
    pieces.sort(key=lambda faces: _reading_order(samples, int(faces[0])))
    return tuple(
        Track(number, faces, mean_embedding(samples, faces)) for number, faces in enumerate(pieces, start=1)
    )


def mean_embedding(samples: FaceSamples, faces: Indices) -> Float | None:
    """Return the quality-weighted mean (D,) of the embedded faces as a unit vector, None without any."""
    known = faces[samples.is_embedded[faces]]
    if len(known) == 0:
        return None
    weights = samples.qualities[known][:, None] + 1e-3
    total = (samples.embeddings[samples.embedding_rows()[known]] * weights).sum(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), np.float32)


def _reading_order(samples: FaceSamples, face: int) -> tuple[float, ...]:
    return (float(samples.face_times_us[face]), *(float(edge) for edge in samples.boxes_px[face]))


def _link_by_motion(samples: FaceSamples, options: TrackingOptions) -> list[_Piece]:
    pieces: list[_Piece] = []
    growing: list[_Piece] = []
    for faces in _faces_by_frame(samples):
        now_us = faces[0].time_us
        growing = [piece for piece in growing if now_us - piece.last.time_us <= options.max_gap_us]
        partners = _assign(growing, faces, options)
        for position, face in enumerate(faces):
            if position in partners:
                _extend(partners[position], face)
            else:
                pieces.append(_begin_after_cut(growing, face, options))
                growing.append(pieces[-1])
    return pieces


def _faces_by_frame(samples: FaceSamples) -> Iterator[list[_Face]]:
    """Yield the faces of each frame that has any, from left to right."""
    rows = samples.embedding_rows()
    centres = (samples.boxes_px[:, :2] + samples.boxes_px[:, 2:]) / 2
    extents = samples.boxes_px[:, 2:] - samples.boxes_px[:, :2]
    sides = np.sqrt(np.maximum(extents.prod(axis=1), 1.0))
    starts = np.flatnonzero(np.diff(samples.face_times_us, prepend=-1))
    for indices in np.split(np.arange(len(samples)), starts[1:]) if len(samples) else []:
        yield [
            _Face(
                face,
                int(samples.face_times_us[face]),
                centres[face],
                float(sides[face]),
                samples.embeddings[rows[face]] if rows[face] >= 0 else None,
            )
            for face in sorted(map(int, indices), key=lambda face: _reading_order(samples, face))
        ]


def _assign(growing: list[_Piece], faces: list[_Face], options: TrackingOptions) -> dict[int, _Piece]:
    """Return the piece that each face (by position) continues; faces that begin a piece are absent."""
    if not growing:
        return {}
    cost = np.array([[_distance(piece, face, options) for piece in growing] for face in faces])
    rows, columns = linear_sum_assignment(cost)
    return {
        int(row): growing[column]
        for row, column in zip(rows, columns, strict=True)
        if cost[row, column] < FORBIDDEN
    }


def _distance(piece: _Piece, face: _Face, options: TrackingOptions) -> float:
    """Return how unlikely the face continues the piece: centre distance in faces plus log growth, or
    FORBIDDEN.
    """
    elapsed_us = face.time_us - piece.last.time_us
    expected = piece.last.centre + piece.velocity_per_us * min(elapsed_us, MAX_EXTRAPOLATION_US)
    distance = math.dist(face.centre, expected) / math.sqrt(face.side * piece.last.side)
    growth = abs(math.log(face.side / piece.last.side))
    reach = options.reach_faces + options.reach_faces_per_s * elapsed_us / 1e6
    if distance > reach or growth > math.log(options.max_growth):
        return FORBIDDEN
    likeness = piece.likeness(face)
    return FORBIDDEN if likeness is not None and likeness < options.other_person else distance + growth


def _extend(piece: _Piece, face: _Face) -> None:
    elapsed_us = face.time_us - piece.last.time_us
    piece.velocity_per_us = ((face.centre - piece.last.centre) / (2 * elapsed_us)).astype(np.float32)
    piece.indices.append(face.index)
    piece.last = face
    if face.appearance is None:
        piece.since.append(face)
        return
    total = face.appearance if piece.look is None else piece.look + face.appearance
    piece.look = np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), np.float32)
    piece.appearance, piece.since = face.appearance, [face]


def _begin_after_cut(growing: list[_Piece], face: _Face, options: TrackingOptions) -> _Piece:
    """Return the piece that a face begins, with the faces before it that came after a cut.

    Appearance is known once a second. Where it says that the person on this spot has changed, the largest
    jump since it was last known is where the picture was cut, and what follows moves over to the new piece.
    """
    began = _Piece.begin(face)
    left = next((piece for piece in growing if _is_replaced(piece, face, options)), None)
    if left is None:
        return began
    jumps = [_step(one, other) for one, other in pairwise(left.since)]
    at = int(np.argmax(jumps)) + 1 if jumps and max(jumps) >= options.jump_faces else len(left.since)
    moved = left.since[at:]
    if moved and _step(moved[-1], face) < max(jumps):
        del left.indices[len(left.indices) - len(moved) :]
        left.since, left.last = left.since[:at], left.since[at - 1]
        began.indices = [*(one.index for one in moved), face.index]
    return began


def _is_replaced(piece: _Piece, face: _Face, options: TrackingOptions) -> bool:
    """Return whether the face stands where the piece just was, and is somebody else's."""
    likeness = piece.likeness(face)
    near = _step(piece.last, face) <= options.reach_faces
    return near and likeness is not None and likeness < options.other_person


def _step(one: _Face, other: _Face) -> float:
    """Return how far apart two faces are: centres in faces, plus the logarithm of growth."""
    distance = math.dist(one.centre, other.centre) / math.sqrt(one.side * other.side)
    return distance + abs(math.log(other.side / one.side))


def _rejoin(pieces: list[Indices], samples: FaceSamples, options: TrackingOptions) -> list[Indices]:
    """Return the pieces with those of one person joined, the most alike pair first."""
    starts = [int(samples.face_times_us[faces[0]]) for faces in pieces]
    ends = [int(samples.face_times_us[faces[-1]]) for faces in pieces]
    groups = [[number] for number in range(len(pieces))]
    for _, earlier, later in sorted(_alike_pairs(pieces, samples, options)):
        if groups[earlier] is groups[later]:
            continue
        merged = sorted(groups[earlier] + groups[later], key=lambda number: starts[number])
        if all(ends[first] < starts[second] for first, second in pairwise(merged)):
            for number in merged:
                groups[number] = merged
    distinct = {id(group): group for group in groups}.values()
    return [np.concatenate([pieces[number] for number in group]) for group in distinct]


def _alike_pairs(
    pieces: list[Indices], samples: FaceSamples, options: TrackingOptions
) -> Iterator[tuple[float, int, int]]:
    """Yield (unlikeness, earlier, later) of the pieces that may be one person before and after an absence."""
    embeddings = [mean_embedding(samples, faces) for faces in pieces]
    for (earlier, one), (later, other) in permutations(enumerate(embeddings), 2):
        gap_us = int(samples.face_times_us[pieces[later][0]] - samples.face_times_us[pieces[earlier][-1]])
        if one is None or other is None or not 0 < gap_us <= options.rejoin_gap_us:
            continue
        likeness = float(one @ other)
        if likeness >= options.same_person:
            yield -likeness, earlier, later
