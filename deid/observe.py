"""The first pass: faces, whose they are, and which of them are to be hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from deid.errors import UnknownTrack
from emotion.detect import CenterFace, FaceDetector
from emotion.identify import Embedder, FaceFeature
from emotion.inference import available_cores
from emotion.labels import CAMERAS, EMOTIONS
from emotion.media import picture_times
from emotion.roles import IRRELEVANT, MIN_SAMPLES, PERSON, RoleAssignment, assign_roles, expected_role
from emotion.samples import FaceSamples, Segment, Times
from emotion.sampling import Engine, sample_segments
from emotion.track import Track, link_tracks
from emotion.types import Detections, Float, Image, MediaPath, VideoInfo
from emotion.weights import Weights

DETECTOR_SIDE: Final = 448
# Looking at 12.5 frames a second: a face moves little against its margin in 80 ms, and the second detector
# looks at every frame of the result.
LOOK_FPS: Final = Fraction(25, 2)
SCORE_LIMIT: Final = 0.35  # lower than for an analysis: a cover too many harms nobody
COUNTED_CODECS: Final = ("h264", "hevc", "mpeg4")  # one picture per packet, none of them invisible
ROLES: Final = (*CAMERAS, PERSON, IRRELEVANT)


class NoExpression:
    """Stands where an analysis has its recogniser; says nothing about any face."""

    name = "none"
    weights: tuple[Weights, ...] = ()

    def crop(self, image_bgr: Image, detections: Detections, index: int) -> Image:
        """Return a picture of one pixel."""
        return image_bgr[:1, :1]

    def classify(self, faces_bgr: Sequence[Image]) -> Float:
        """Return even probabilities (N, 7)."""
        return np.full((len(faces_bgr), len(EMOTIONS)), 1 / len(EMOTIONS), np.float32)


@dataclass(frozen=True)
class Faces:
    """The faces of the frames that were looked at, the tracks that they form, and who is who.

    times_us: (F,) of all frames of the recording.
    """

    times_us: Times
    samples: FaceSamples
    tracks: tuple[Track, ...]
    roles: tuple[RoleAssignment, ...]


def load_finder(
    weights_dir: Path | None = None, *, device: str = "auto", workers: int | None = None
) -> Engine:
    """Return the networks of the first pass. Raises WeightsMissing, WeightsMismatch, DeviceUnavailable."""
    count = workers or available_cores()
    detector: FaceDetector = CenterFace(
        weights_dir, max_side=DETECTOR_SIDE, score_limit=SCORE_LIMIT, device=device, threads=count
    )
    embedder: Embedder = FaceFeature(weights_dir, device=device, threads=1)
    return Engine(detector, NoExpression(), embedder, count, thorough=True)


def find_faces(
    path: MediaPath,
    video: VideoInfo,
    *,
    engine: Engine,
    camera: str = PERSON,
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Faces:
    """Return the faces of a recording. camera: whose camera it was; its main person gets that role.

    Looks at every frame where the file does not say for certain when its frames are shown. progress is told
    the time in microseconds that is done. Raises UnreadableVideo, Cancelled.
    """
    times_us = known_times(path, video)
    samples = look_at(
        path, Segment(0, None), engine=engine, counted=times_us is not None, progress=progress,
        cancelled=cancelled,
    )  # fmt: skip
    return know_faces(video, samples, times_us, camera=camera)


def look_at(
    path: MediaPath,
    segment: Segment,
    *,
    engine: Engine,
    counted: bool,
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> FaceSamples:
    """Return the faces of one stretch; those of all stretches joined are those of the whole recording.

    counted: known_times are known; else every frame is looked at. progress is told the time in microseconds
    that is done. Raises UnreadableVideo, Cancelled.
    """
    (samples,) = sample_segments(
        path,
        [segment],
        engine=engine,
        sample_fps=LOOK_FPS if counted else None,
        progress=progress,
        cancelled=cancelled,
    )
    return samples


def know_faces(
    video: VideoInfo, samples: FaceSamples, times_us: Sequence[int] | None, *, camera: str = PERSON
) -> Faces:
    """Return the tracks and roles of the faces of a whole recording. times_us: as known_times gives them."""
    shown_us = samples.frame_times_us if times_us is None else times_us
    tracks = link_tracks(samples)
    roles = assign_roles(samples, tracks, camera=camera, size_wh=(video.width, video.height))
    return Faces(np.array(shown_us, np.int64), samples, tracks, roles)


def known_times(path: MediaPath, video: VideoInfo) -> Sequence[int] | None:
    """Return when every frame is shown, where the file says it for certain. Raises UnreadableVideo."""
    return picture_times(path) if video.codec in COUNTED_CODECS else None


def camera_of(faces: str) -> str:
    """Return the camera that a choice of faces speaks of: "patient" makes the main person the patient.

    >>> camera_of("doctor"), camera_of("all")
    ('doctor', 'person')
    """
    return expected_role(faces) if faces in CAMERAS else PERSON


def choose_hidden(found: Faces, faces: str, exempt: Sequence[int] = ()) -> tuple[Track, ...]:
    """Return the tracks to hide: "all", those of a role, or numbers with commas; never those exempt.

    A track that is too short to know whose it is is hidden with every role. Raises UnknownTrack.
    """
    known = {track.number for track in found.tracks}
    missing = sorted(set(exempt) - known)
    if missing:
        raise UnknownTrack(f"expected tracks of {_named(known)}, got {_named(missing)} to leave as they are")
    chosen = known if faces == "all" else _chosen(found, faces, known)
    return tuple(track for track in found.tracks if track.number in chosen - set(exempt))


def _chosen(found: Faces, faces: str, known: set[int]) -> set[int]:
    if faces in ROLES:
        role_of = {one.track: one.role for one in found.roles}
        short = {track.number for track in found.tracks if len(track.faces) < MIN_SAMPLES}
        return short | {number for number, role in role_of.items() if role == faces}
    try:
        wanted = {int(part) for part in faces.split(",")}
    except ValueError:
        raise UnknownTrack(
            f"expected all, a role of {', '.join(ROLES)} or numbers of tracks with commas, got {faces!r}"
        ) from None
    missing = sorted(wanted - known)
    if missing:
        raise UnknownTrack(f"expected tracks of {_named(known)}, got {_named(missing)} to hide")
    return wanted


def _named(numbers: set[int] | Sequence[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers)) or "none"
