"""Read versions of one recording in step: what every face shows and who it looks like in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np

from deid.errors import NotComparable
from deid.landmarks import FaceMesh, align_mesh, read_channels
from deid.observe import LOOK_FPS, Faces
from deid.recognisers import Identifier
from deid.restore import Restorer, cover_face
from deid.verify import ITSELF, SecondDetector, share_under
from emotion.detect import FaceDetector
from emotion.errors import Cancelled
from emotion.geometry import crop_square, similarity_transform, square_box
from emotion.identify import SIDE, TEMPLATE
from emotion.media import read_frames
from emotion.recognise import Recogniser
from emotion.samples import Segment
from emotion.types import Detections, Float, Frame, Image, MediaPath

HEAVY_EVERY: Final = 5  # of the frames looked at: identity and expression at 2.5 a second
SAME_TIME_US: Final = 1000
PATCH: Final = 48
ENCODED_TIMES, ENCODED_PLUS = 2.0, 1.0  # grey levels; hidden faces differ by ten and more
LEAST_INSIDE: Final = 0.75  # of a crop whose identity is read: of less, the picture's edge is what is alike
SAME_PLACE: Final = 0.7  # distance of centres in sides of the original's face box


@dataclass(frozen=True)
class Instruments:
    """The networks of an audit."""

    detector: FaceDetector
    second: SecondDetector
    mesh: FaceMesh
    identifiers: tuple[Identifier, ...]
    recognisers: tuple[Recogniser, ...]


@dataclass
class Version:
    """What was read in one version of the recording; all lists of one kind run side by side.

    channels, meshes: of the main person by time. probs: by recogniser, (time, (7,)). found, placed: (track,
    embedding) by identifier, of faces cut by the version's own points and by the original's. restored: the
    same of the main person after an attempt to undo a mask, in the result. covered: under a box, in the
    original.
    """

    detected: list[bool] = field(default_factory=list)
    channels: dict[int, Float] = field(default_factory=dict)
    meshes: dict[int, Float] = field(default_factory=dict)
    probs: dict[str, list[tuple[int, Float]]] = field(default_factory=dict)
    found: dict[str, list[tuple[int, Float]]] = field(default_factory=dict)
    placed: dict[str, list[tuple[int, Float]]] = field(default_factory=dict)
    restored: dict[str, list[tuple[int, Float]]] = field(default_factory=dict)
    covered: dict[str, list[tuple[int, Float]]] = field(default_factory=dict)


@dataclass
class Readings:
    """What was read of the original, the result and the control in a stretch, or in all of them.

    bare: times at which the result shows a face as it was. looks: how many frames were looked at. moments:
    (track, time) of all that was read of placed, restored and covered.
    """

    versions: tuple[Version, Version, Version] = field(
        default_factory=lambda: (Version(), Version(), Version())
    )
    bare: list[int] = field(default_factory=list)
    looks: int = 0
    moments: list[tuple[int, int]] = field(default_factory=list)

    @staticmethod
    def join(parts: Sequence[Readings]) -> Readings:
        """Return what was read of consecutive stretches as one."""
        whole = Readings()
        for part in parts:
            whole.bare += part.bare
            whole.looks += part.looks
            whole.moments += part.moments
            for version, more in zip(whole.versions, part.versions, strict=True):
                version.detected += more.detected
                version.channels |= more.channels
                version.meshes |= more.meshes
                for kept, news in (
                    (version.probs, more.probs),
                    (version.found, more.found),
                    (version.placed, more.placed),
                    (version.restored, more.restored),
                    (version.covered, more.covered),
                ):
                    for name, values in news.items():
                        kept.setdefault(name, []).extend(values)
        return whole


@dataclass(frozen=True)
class _Face:
    track: int
    detections: Detections  # of this face alone, in the original


@dataclass(frozen=True)
class _Moment:
    """A judged face in one frame of one version; own: where the version shows it, None where it does not."""

    frame: Frame
    time_us: int
    face: _Face
    is_main: bool
    own: Detections | None


def read_stretch(
    original: MediaPath,
    output: MediaPath,
    control: tuple[MediaPath, int],
    segment: Segment,
    found: Faces,
    *,
    main: int | None,
    judged: Sequence[int],
    instruments: Instruments,
    restorer: Restorer | None = None,
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Readings:
    """Return what is read of a stretch in three files: the original, whose faces were found before, the
    result, and the stretch of the original encoded again, which begins at a time of its own.

    control: that file, and when in the recording it begins. main: track whose expression is read. judged:
    tracks that should be hidden. restorer: tries to undo the mask over the main person. Raises NotComparable
    when the frames of the files are not at the same times.
    """
    readings = Readings()
    faces = _faces_by_time(found, judged)
    exempt = _faces_by_time(found, [track.number for track in found.tracks if track.number not in judged])
    start_us, end_us = segment
    pair = [
        read_frames(path, sample_fps=LOOK_FPS, start_us=start_us, end_us=end_us)
        for path in (original, output)
    ]
    for look, frames in enumerate(_in_step(pair, _moved(read_frames(control[0]), control[1]))):
        if cancelled is not None and cancelled():
            raise Cancelled("The audit was cancelled.")
        time_us, is_heavy = frames[0].time_us, look % HEAVY_EVERY == 0
        here = faces.get(time_us, [])
        for version, frame in zip(readings.versions, frames, strict=True):
            seen = instruments.detector.detect(frame.image_bgr)
            for face in here:
                own = _match(seen, face.detections)
                moment = _Moment(frame, time_us, face, face.track == main, own)
                _look(version, moment, instruments)
                if is_heavy:
                    _read_heavy(version, moment, instruments)
        told = [is_heavy and _is_inside(face, frames[0].image_bgr) for face in here]
        for face, is_told in zip(here, told, strict=True):
            readings.moments += [(face.track, time_us)] if is_told else []
            if face.track == main:
                _attempt(readings, frames, face, restorer, instruments.identifiers if is_told else ())
        readings.looks += 1
        if _shows_a_face_as_it_was(frames, here, exempt.get(time_us, []), instruments):
            readings.bare.append(time_us)
        if progress is not None:
            progress(time_us)
    return readings


def _moved(frames: Iterator[Frame], by_us: int) -> Iterator[Frame]:
    return (replace(frame, time_us=frame.time_us + by_us) for frame in frames)


def _in_step(pair: Sequence[Iterator[Frame]], control: Iterator[Frame]) -> Iterator[list[Frame]]:
    """Yield the frames of a pair that was sampled alike, with that of the control at the same time."""
    while True:
        frames = [next(reader, None) for reader in pair]
        if all(frame is None for frame in frames):
            return
        first = next(frame for frame in frames if frame is not None)
        frames.append(next((one for one in control if one.time_us >= first.time_us - SAME_TIME_US), None))
        known = [frame for frame in frames if frame is not None]
        if len(known) < len(frames) or max(abs(one.time_us - first.time_us) for one in known) > SAME_TIME_US:
            raise NotComparable("expected two files with the same frames at the same times")
        if len({one.image_bgr.shape for one in known}) > 1:
            raise NotComparable("expected two files with frames of the same size")
        yield known


def _faces_by_time(found: Faces, judged: Sequence[int]) -> dict[int, list[_Face]]:
    samples = found.samples
    faces: dict[int, list[_Face]] = {}
    for track in found.tracks:
        for at in track.faces if track.number in judged else ():
            row = [int(at)]
            alone = Detections(samples.boxes_px[row], samples.scores[row], samples.points_px[row])
            faces.setdefault(int(samples.face_times_us[at]), []).append(_Face(track.number, alone))
    return faces


def detections_of(found: Faces, track: int) -> dict[int, Detections]:
    """Return a person's face by time in microseconds, one each."""
    return {at: face.detections for at, faces in _faces_by_time(found, [track]).items() for face in faces}


def _match(seen: Detections, original: Detections) -> Detections | None:
    """Return the face of a version that stands where the original's did."""
    if len(seen) == 0:
        return None
    box = original.boxes_px[0]
    centres = (seen.boxes_px[:, :2] + seen.boxes_px[:, 2:]) / 2
    distance = np.linalg.norm(centres - (box[:2] + box[2:]) / 2, axis=1)
    nearest = int(distance.argmin())
    if distance[nearest] > SAME_PLACE * float(max(box[2] - box[0], box[3] - box[1])):
        return None
    at = [nearest]
    return Detections(seen.boxes_px[at], seen.scores[at], seen.points_px[at])


def _shows_a_face_as_it_was(
    frames: Sequence[Frame], here: Sequence[_Face], spared: Sequence[_Face], instruments: Instruments
) -> bool:
    result = frames[1].image_bgr
    places = [face.detections.boxes_px[0] for face in here]
    places += [*instruments.detector.detect(result).boxes_px, *instruments.second.find(result)[0]]
    left_alone = np.array([face.detections.boxes_px[0] for face in spared]).reshape(-1, 4)
    pictures = [frame.image_bgr for frame in frames]
    return any(share_under(box, left_alone) < ITSELF and is_bare(box, pictures) for box in places)


def _look(version: Version, moment: _Moment, instruments: Instruments) -> None:
    own = moment.own
    version.detected.append(own is not None)
    if not moment.is_main or own is None:
        return
    mesh = instruments.mesh.find(moment.frame.image_bgr, own.points_px[0], own.boxes_px[0])
    if mesh is not None:
        version.channels[moment.time_us] = read_channels(mesh.points_px)
        version.meshes[moment.time_us] = align_mesh(mesh.points_px)


def _read_heavy(version: Version, moment: _Moment, instruments: Instruments) -> None:
    own, image = moment.own, moment.frame.image_bgr
    for identifier in instruments.identifiers if _is_inside(moment.face, image) else ():
        for kept, crop in ((version.found, own), (version.placed, moment.face.detections)):
            if crop is not None:
                vector = identifier.embedder.embed(image, crop)[0]
                kept.setdefault(identifier.name, []).append((moment.face.track, vector))
    if moment.is_main and own is not None:
        for recogniser in instruments.recognisers:
            probs = recogniser.classify([recogniser.crop(image, own, 0)])[0]
            version.probs.setdefault(recogniser.name, []).append((moment.time_us, probs))


def _is_inside(face: _Face, image_bgr: Image) -> bool:
    """Return whether the crop by which somebody is recognised lies in the picture, all but its edge."""
    points = face.detections.points_px[0]
    if float(np.ptp(points, axis=0).max()) < 1.0:
        return False
    to_picture = cv2.invertAffineTransform(similarity_transform(points, TEMPLATE))
    corners = cv2.transform(_rectangle(SIDE, SIDE)[None], to_picture)[0].astype(np.float32)
    height, width = image_bgr.shape[:2]
    shared, _ = cv2.intersectConvexConvex(corners, _rectangle(width, height))
    return shared >= LEAST_INSIDE * cv2.contourArea(corners)


def _rectangle(width: float, height: float) -> Float:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def _attempt(
    readings: Readings,
    frames: Sequence[Frame],
    face: _Face,
    restorer: Restorer | None,
    identifiers: Sequence[Identifier],
) -> None:
    """Read what undoing a mask brings back of a face, and what a box leaves of it."""
    original, result = readings.versions[0], readings.versions[1]
    tries: list[tuple[dict[str, list[tuple[int, Float]]], Image, Detections]] = []
    if restorer is not None:
        restorer.look(frames[1].image_bgr, face.detections)
        if identifiers and (shown := restorer.restore()) is not None:
            tries.append((result.restored, *shown))
    if identifiers:
        tries.append((original.covered, cover_face(frames[0].image_bgr, face.detections), face.detections))
    for kept, image, where in tries:
        for one in identifiers:
            kept.setdefault(one.name, []).append((face.track, one.embedder.embed(image, where)[0]))


def is_bare(box_px: Float, pictures: Sequence[Image]) -> bool:
    """Return whether a place (4,) of the result differs from the original no more than encoding explains.

    pictures: original, result, and the original encoded again, all (H, W, 3).
    """
    square = square_box(box_px, 0.0)
    patches = [
        cv2.resize(crop_square(one, square), (PATCH, PATCH), interpolation=cv2.INTER_AREA).astype(np.int16)
        for one in pictures
    ]
    changed, by_encoding = (float(np.abs(other - patches[0]).mean()) for other in patches[1:3])
    return changed < ENCODED_TIMES * by_encoding + ENCODED_PLUS
