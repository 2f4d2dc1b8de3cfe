"""The fast half: samples of whole recordings -> tracks, roles, seconds and findings, on one clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from emotion.roles import IRRELEVANT, RoleAssignment, assign_roles, expected_role
from emotion.samples import SEGMENT_US, FaceSamples
from emotion.statistics import PersonSummary, summarise_person
from emotion.timeline import EncounterClock, TimelineOptions, build_timeline
from emotion.track import Track, TrackingOptions, link_tracks
from emotion.types import FaceObservation, Second, VideoInfo

if TYPE_CHECKING:
    from emotion.sync import Sync

MIN_SYNC_CONFIDENCE: Final = 0.5


@dataclass(frozen=True)
class AnalysisOptions:
    """What may be chosen about an analysis; run.json records it. sample_fps: None analyses every frame."""

    sample_fps: Fraction | None = Fraction(5)
    segment_us: int = SEGMENT_US
    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    timeline: TimelineOptions = field(default_factory=TimelineOptions)


@dataclass(frozen=True)
class People:
    """The faces of one camera, and whose they are."""

    samples: FaceSamples
    tracks: tuple[Track, ...]
    roles: tuple[RoleAssignment, ...]

    def role_of(self, track: int) -> str:
        """Return the role that a track was given."""
        return next((role.role for role in self.roles if role.track == track), IRRELEVANT)


@dataclass(frozen=True)
class CameraAnalysis:
    """One camera: its people, and a row for every second.

    rows count seconds of the encounter's clock; clock leads there from the camera's own time.
    """

    camera: str
    video: VideoInfo
    people: People
    rows: tuple[Second, ...]
    summary: PersonSummary
    clock: EncounterClock

    @property
    def offset_us(self) -> int:
        """Return what is added to the camera's own time at its first frame."""
        return self.clock.offset_us

    def observations(self) -> Iterator[FaceObservation]:
        """Yield every sampled face in the order of time, in the camera's own time, with its track."""
        samples = self.people.samples
        track_of = {int(face): track.number for track in self.people.tracks for face in track.faces}
        for face in range(len(samples)):
            left, top, right, bottom = (float(edge) for edge in samples.boxes_px[face])
            yield FaceObservation(
                camera=self.camera,
                time_us=int(samples.face_times_us[face]),
                track=track_of[face],
                box_px=(left, top, right, bottom),
                score=float(samples.scores[face]),
                quality=float(samples.qualities[face]),
                probs=tuple(float(value) for value in samples.probs[face]),
            )


@dataclass(frozen=True)
class EncounterAnalysis:
    """All cameras of one encounter on the clock of the first. sync: None for a single camera or without
    sound.

    sync_applied: whether the second camera's seconds were moved by it, which takes confidence.
    """

    cameras: tuple[CameraAnalysis, ...]
    options: AnalysisOptions
    sync: Sync | None = None
    sync_applied: bool = False


def conclude_camera(
    samples: FaceSamples,
    *,
    camera: str,
    video: VideoInfo,
    options: AnalysisOptions | None = None,
    clock: EncounterClock | None = None,
) -> CameraAnalysis:
    """Return tracks, roles, seconds and summary of a whole recording from its samples. Pure and fast."""
    options = options or AnalysisOptions()
    tracks = link_tracks(samples, options.tracking)
    roles = assign_roles(samples, tracks, camera=camera, size_wh=(video.width, video.height))
    found = People(samples, tracks, roles)
    return _place(found, camera=camera, video=video, options=options, clock=clock or EncounterClock())


def conclude_encounter(
    cameras: Sequence[CameraAnalysis], *, sync: Sync | None = None, options: AnalysisOptions | None = None
) -> EncounterAnalysis:
    """Return the cameras on the clock of the first; sync moves the second one when it is confident."""
    options = options or AnalysisOptions()
    applied = sync is not None and sync.confidence >= MIN_SYNC_CONFIDENCE and len(cameras) > 1
    clock = EncounterClock()
    if sync is not None and applied:
        clock = EncounterClock(sync.offset_ms * 1000, sync.drift_ppm)
    moved = [
        _place(one.people, camera=one.camera, video=one.video, options=options, clock=clock)
        for one in cameras[1:]
    ]
    return EncounterAnalysis((*cameras[:1], *moved), options, sync, applied)


def _place(
    people: People, *, camera: str, video: VideoInfo, options: AnalysisOptions, clock: EncounterClock
) -> CameraAnalysis:
    rows = build_timeline(
        people.samples,
        people.tracks,
        people.roles,
        camera=camera,
        duration_us=video.duration_us,
        sample_fps=options.sample_fps or video.frame_rate or Fraction(25),
        clock=clock,
        options=options.timeline,
    )
    summary = summarise_person(rows, role=expected_role(camera), duration_us=video.duration_us)
    return CameraAnalysis(camera, video, people, rows, summary, clock)
