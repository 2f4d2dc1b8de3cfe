"""What a release would hold at this moment, and why each other recording is left out. Changes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from django.utils import timezone

from webapp import engines
from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import purpose_of, rests_on
from webapp.analysis.showing import purpose_to_show
from webapp.consent.models import Purpose
from webapp.deidjobs.means import barred
from webapp.deidjobs.models import Derivative, Review
from webapp.deidjobs.queries import PURPOSE, SOUND_PURPOSE, purposes_of
from webapp.jobs.durations import NBSP, in_words
from webapp.recordings.models import Camera, Recording, RecordingState
from webapp.recordings.queries import usable_for
from webapp.studies.models import Encounter, Participant, Study

NOT_CHECKED = "the file is not checked yet, or was refused"
EXCLUDED = "the encounter is excluded"
PAST = "its last day to be kept is over"
NO_CONSENT = "doctor and patient have not both agreed to share a de-identified version"
NO_VERSION = "there is no de-identified version"
NOT_SIGNED = "no version is signed off yet"
REFUSED = "every version was refused or failed its audit"
SOUND = "every signed-off version keeps the sound, which not both have agreed to share"
LEFT = "in the face of every signed-off version is somebody who has left it since"
#: Of a recording; the rest is loaded where a package is written.
NEEDED = ("encounter", "camera", "state", "duration_us")
#: Of a version: large, and of no weight for what goes in; the package's cards load them.
MEASURED = ("privacy", "expression", "report", "media")


@dataclass(frozen=True)
class LeftOut:
    encounter: Encounter
    camera: str
    why: str


@dataclass
class PlannedEncounter:
    """What of one encounter goes in. analysed: the cameras whose person may be shown to others; the
    seconds of the others say that consent is withheld.
    """

    encounter: Encounter
    videos: list[Derivative] = field(default_factory=list)
    run: AnalysisRun | None = None
    analysed: frozenset[str] = frozenset()

    @property
    def timeline_purposes(self) -> list[str]:
        shown = {one(camera) for camera in self.analysed for one in (purpose_of, purpose_to_show)}
        return [Purpose.RECORD, PURPOSE, *sorted(shown)]


@dataclass
class ReleasePlan:
    """encounters: in the order of their numbers. Each recording of the study is in exactly one group."""

    encounters: list[PlannedEncounter] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def videos(self) -> int:
        return sum(len(one.videos) for one in self.encounters)

    @property
    def timelines(self) -> int:
        return sum(one.run is not None for one in self.encounters)

    @property
    def people(self) -> set[int]:
        return {pk for one in self.encounters for pk in (one.encounter.doctor_id, one.encounter.patient_id)}

    @property
    def media_s(self) -> float:
        lengths = (video.recording.duration_us or 0 for one in self.encounters for video in one.videos)
        return sum(lengths) / engines.SECOND_US

    @property
    def media_words(self) -> str:
        return in_words(self.media_s) if self.media_s else f"0{NBSP}s"

    @property
    def size_bytes(self) -> int:
        return sum(video.size_bytes for one in self.encounters for video in one.videos)

    @property
    def reasons(self) -> dict[str, int]:
        return dict(Counter(one.why for one in self.left_out).most_common())


def plan_release(study: Study) -> ReleasePlan:
    """Return what consent, audits and second people allow to share now."""
    recordings = Recording.objects.filter(encounter__study=study)
    shared = set(usable_for(recordings, PURPOSE).values_list("pk", flat=True))
    sound = set(usable_for(recordings, SOUND_PURPOSE).values_list("pk", flat=True))
    plan, found = ReleasePlan(), dict[UUID, PlannedEncounter]()
    in_order = recordings.only(*NEEDED).order_by("encounter__number", "camera", "created_at")
    versions = _Versions(study)
    for recording in _with_encounters(study, list(in_order)):
        encounter = recording.encounter
        why_not = _why_not(recording, shared=recording.pk in shared)
        chosen = why_not or versions.choose(recording, sound=recording.pk in sound)
        if isinstance(chosen, str):
            plan.left_out.append(LeftOut(encounter, recording.camera, chosen))
            continue
        if encounter.pk not in found:
            found[encounter.pk] = PlannedEncounter(encounter)
            plan.encounters.append(found[encounter.pk])
        found[encounter.pk].videos.append(chosen)
    _add_timelines(found)
    return plan


def _with_encounters(study: Study, recordings: list[Recording]) -> list[Recording]:
    """Return the recordings with their encounters and people, each of which is loaded once."""
    people = {one.pk: one for one in Participant.objects.filter(study=study)}
    encounters = {one.pk: one for one in Encounter.objects.filter(study=study)}
    for encounter in encounters.values():
        encounter.study = study
        encounter.doctor, encounter.patient = people[encounter.doctor_id], people[encounter.patient_id]
    for recording in recordings:
        recording.encounter = encounters[recording.encounter_id]
    return recordings


def _why_not(recording: Recording, *, shared: bool) -> str:
    encounter = recording.encounter
    if recording.state != RecordingState.READY:
        return NOT_CHECKED
    if encounter.status == Encounter.Status.EXCLUDED:
        return EXCLUDED
    if encounter.keep_until is not None and encounter.keep_until < timezone.localdate():
        return PAST
    return "" if shared else NO_CONSENT


class _Versions:
    """The versions of a study's recordings, newest first, and the newest decision on each: loaded once."""

    def __init__(self, study: Study) -> None:
        self._of: dict[UUID, list[Derivative]] = {}
        self._decisions: dict[UUID, str] = {}
        for one in Derivative.objects.filter(recording__encounter__study=study).defer(*MEASURED):
            self._of.setdefault(one.recording_id, []).append(one)
        versions = Derivative.objects.filter(recording__encounter__study=study)
        self._barred = set(barred(versions).values_list("pk", flat=True))
        reviews = Review.objects.filter(derivative__recording__encounter__study=study)
        for derivative, decision in reviews.values_list("derivative", "decision"):
            self._decisions.setdefault(derivative, decision)

    def choose(self, recording: Recording, *, sound: bool) -> Derivative | str:
        """Return the newest version of a recording that may be shared, else why there is none."""
        versions = [one for one in self._of.get(recording.pk, []) if one.verdict != "fail"]
        signed = [one for one in versions if self._decisions.get(one.pk) == Review.Decision.APPROVED]
        if not signed:
            waits = any(one.pk not in self._decisions for one in versions)
            return NO_VERSION if recording.pk not in self._of else NOT_SIGNED if waits else REFUSED
        whole = [one for one in signed if one.pk not in self._barred]
        if not whole:
            return LEFT
        allowed = [one for one in whole if sound or SOUND_PURPOSE not in purposes_of(one.audio)]
        if not allowed:
            return SOUND
        allowed[0].recording = recording
        return allowed[0]


def _add_timelines(found: dict[UUID, PlannedEncounter]) -> None:
    """Add the newest run that rests on exactly the recordings that are ready now."""
    ready = Recording.objects.filter(encounter__in=found, state=RecordingState.READY)
    now: dict[UUID, dict[str, str]] = {}
    for encounter_id, camera, pk in ready.values_list("encounter", "camera", "pk"):
        now.setdefault(encounter_id, {})[camera] = str(pk)
    for run in AnalysisRun.objects.filter(encounter__in=found).defer("summary").order_by("-finished_at"):
        planned = found[run.encounter_id]
        if planned.run is None and rests_on(run, now[run.encounter_id]):
            run.encounter = planned.encounter
            planned.run = run
    for camera in Camera.values:
        allowed = usable_for(ready, purpose_to_show(camera)).values_list("encounter", flat=True)
        for pk in set(allowed):
            found[pk].analysed |= {camera}
