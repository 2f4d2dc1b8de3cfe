"""The fast half: samples of whole recordings -> tracks, roles, seconds and findings, on one clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from emotion.calibrate import CalibratedRows, calibrate_rows, find_resting_face
from emotion.empathy import Suggestion, suggest
from emotion.empathy_table import RuleTable, shipped_rules
from emotion.labels import CAMERAS
from emotion.mirroring import Mirroring, measure_all_mirroring
from emotion.people import Correction, People, basis_of, correct_people, recognise_across
from emotion.roles import assign_roles, expected_role
from emotion.samples import SEGMENT_US, FaceSamples
from emotion.speech import Speech, find_speech
from emotion.statistics import PersonSummary, summarise_person
from emotion.timeline import EncounterClock, TimelineOptions, build_timeline
from emotion.track import TrackingOptions, link_tracks
from emotion.types import FaceObservation, Second, VideoInfo

if TYPE_CHECKING:
    from emotion.sync import Sync
    from emotion.voice import Heard

MIN_SYNC_CONFIDENCE: Final = 0.5


@dataclass(frozen=True)
class AnalysisOptions:
    """What may be chosen about an analysis; run.json records it.

    sample_fps: None analyses every frame. rules: when to suggest something to the doctor. calibrate: also
    give each person's rows with the resting face as neutral, where one is found.
    """

    sample_fps: Fraction | None = Fraction(5)
    segment_us: int = SEGMENT_US
    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    timeline: TimelineOptions = field(default_factory=TimelineOptions)
    rules: RuleTable = field(default_factory=shipped_rules)
    calibrate: bool = False


@dataclass(frozen=True)
class CameraAnalysis:
    """One camera: its people, and a row for every second. found: the people before corrections by hand.

    rows count seconds of the encounter's clock; clock leads there from the camera's own time. calibrated: the
    same rows beside their calibrated twins, None when not asked for or without a quiet stretch to learn from.
    """

    camera: str
    video: VideoInfo
    people: People
    rows: tuple[Second, ...]
    summary: PersonSummary
    clock: EncounterClock
    found: People
    calibrated: CalibratedRows | None = None

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

    sync_applied: whether the second camera's seconds were moved by it, which takes confidence. mirroring:
    empty unless both doctor and patient were recorded. speech: None when nobody listened.
    """

    cameras: tuple[CameraAnalysis, ...]
    options: AnalysisOptions
    sync: Sync | None = None
    sync_applied: bool = False
    suggestions: tuple[Suggestion, ...] = ()
    mirroring: tuple[Mirroring, ...] = ()
    speech: Speech | None = None


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
    found = People(samples, tracks, roles, basis_of(samples, tracks))
    return conclude_people(found, camera=camera, video=video, options=options, clock=clock)


def conclude_people(
    found: People,
    *,
    camera: str,
    video: VideoInfo,
    options: AnalysisOptions | None = None,
    clock: EncounterClock | None = None,
    corrections: Sequence[Correction] = (),
) -> CameraAnalysis:
    """Return seconds and summary of a recording whose people were found before.

    corrections: what somebody said about the people; what became of them is in people.outcomes.
    """
    options, clock = options or AnalysisOptions(), clock or EncounterClock()
    people = correct_people(found, corrections)
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
    resting = find_resting_face(rows) if options.calibrate else None
    calibrated = calibrate_rows(rows, resting) if resting is not None else None
    return CameraAnalysis(camera, video, people, rows, summary, clock, found, calibrated)


def conclude_encounter(
    cameras: Sequence[CameraAnalysis],
    *,
    sync: Sync | None = None,
    options: AnalysisOptions | None = None,
    corrections: Mapping[str, Sequence[Correction]] | None = None,
    heard: Mapping[str, Heard] | None = None,
) -> EncounterAnalysis:
    """Return the cameras on the clock of the first; sync moves the second one when it is confident.

    heard: the sound by camera; without a common clock only that of the first camera which has any counts.
    A person whom one camera takes for irrelevant and who is the other camera's own is given that role; what
    somebody says by hand, in corrections by camera, goes before that.
    """
    options = options or AnalysisOptions()
    applied = sync is not None and sync.confidence >= MIN_SYNC_CONFIDENCE and len(cameras) > 1
    clock = EncounterClock()
    if sync is not None and applied:
        clock = EncounterClock(sync.offset_ms * 1000, sync.drift_ppm)
    placed = tuple(
        conclude_people(
            _known_across(one, cameras),
            camera=one.camera,
            video=one.video,
            options=options,
            clock=clock if number else EncounterClock(),
            corrections=(corrections or {}).get(one.camera, ()),
        )
        for number, one in enumerate(cameras)
    )
    rows = {camera.camera: camera.rows for camera in placed}
    doctor, patient = rows.get("doctor", ()), rows.get("patient", ())
    return EncounterAnalysis(
        placed,
        options,
        sync,
        applied,
        suggest(doctor, patient, options.rules),
        measure_all_mirroring(doctor, patient) if doctor and patient else (),
        _speech_of(placed, heard or {}, is_one_clock=applied),
    )


def _speech_of(
    cameras: Sequence[CameraAnalysis], heard: Mapping[str, Heard], *, is_one_clock: bool
) -> Speech | None:
    clocks = {one.camera: one.clock for one in cameras if one.camera in heard}
    names = list(clocks) if is_one_clock else list(clocks)[:1]
    return find_speech({name: heard[name] for name in names}, clocks)


def _known_across(one: CameraAnalysis, cameras: Sequence[CameraAnalysis]) -> People:
    people = one.found
    for other in cameras:
        if other is not one and other.camera in CAMERAS:
            people = recognise_across(people, other.found, other.camera)
    return people
