"""What an analysis found. A run and its rows appear in one transaction; a run that is there is complete."""

from __future__ import annotations

import math
import uuid

from django.conf import settings
from django.db import models

from webapp.jobs.models import Job
from webapp.recordings.models import Camera, Recording
from webapp.studies.models import Encounter, Study

#: The clock of a camera that no run has put on the encounter's.
UNMOVED = {"offset_ms": 0.0, "drift_ppm": 0.0}


class AnalysisRun(models.Model):
    """One model's look at all cameras of an encounter, with everything needed to repeat it.

    inputs: per camera the recording's id and sha256, and whether consent was there. weights: sha256 by name.
    offsets_ms: per camera, what to add to its own time to get the encounter's clock.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="runs")
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="run")
    model = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    versions = models.JSONField(default=dict)
    weights = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    offsets_ms = models.JSONField(default=dict)
    sync_offset_ms = models.FloatField(null=True)
    sync_confidence = models.FloatField(null=True)
    sync_method = models.CharField(max_length=40, blank=True)
    sync_applied = models.BooleanField(default=False)
    summary = models.JSONField(default=dict)
    finished_at = models.DateTimeField()

    class Meta:
        ordering = ("-finished_at",)
        indexes = (models.Index(fields=("encounter", "-finished_at")),)

    def __str__(self) -> str:
        return f"{self.model}, {self.finished_at:%Y-%m-%d %H:%M}"

    def clock_of(self, camera: str) -> dict[str, float]:
        """Return what leads from a camera's own time to the encounter's: to add, and to stretch by."""
        is_second = self.sync_applied and camera in sorted(self.offsets_ms)[1:]
        sync = (self.summary.get("sync") if is_second else None) or {}
        return {"offset_ms": self.offsets_ms.get(camera, 0), "drift_ppm": sync.get("drift_ppm", 0.0)}

    def clock_s(self, camera: str, own_s: float) -> float:
        """Return the encounter's time of a moment in a camera's own."""
        clock = self.clock_of(camera)
        return own_s * (1 + clock["drift_ppm"] / 1e6) + clock["offset_ms"] / 1000

    def own_s(self, camera: str, clock_s: float) -> float:
        """Return a camera's own time of a moment of the encounter's."""
        clock = self.clock_of(camera)
        return (clock_s - clock["offset_ms"] / 1000) / (1 + clock["drift_ppm"] / 1e6)


class SecondRow(models.Model):
    """One second of one expected person on one camera: a line of timeline.csv."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="seconds")
    camera = models.CharField(max_length=10, choices=Camera.choices)
    second = models.IntegerField()
    role = models.CharField(max_length=12)
    track = models.IntegerField(null=True)
    status = models.CharField(max_length=20)
    emotion = models.CharField(max_length=12, null=True)
    confidence = models.FloatField(null=True)
    anger = models.FloatField(null=True)
    disgust = models.FloatField(null=True)
    fear = models.FloatField(null=True)
    happiness = models.FloatField(null=True)
    neutral = models.FloatField(null=True)
    sadness = models.FloatField(null=True)
    surprise = models.FloatField(null=True)
    valence = models.FloatField(null=True)
    arousal = models.FloatField(null=True)
    frames_sampled = models.PositiveIntegerField()
    frames_detected = models.PositiveIntegerField()

    class Meta:
        ordering = ("camera", "role", "second")
        constraints = (
            models.UniqueConstraint(fields=("run", "camera", "role", "second"), name="one_row_per_second"),
        )

    def __str__(self) -> str:
        return f"{self.camera} {self.second} s {self.status}"


class FaceObservation(models.Model):
    """One face in one sampled frame. t_ms: the camera's own time; the box in parts of the frame."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="faces")
    camera = models.CharField(max_length=10, choices=Camera.choices)
    t_ms = models.PositiveIntegerField()
    track = models.IntegerField()
    role = models.CharField(max_length=12)
    x = models.FloatField()
    y = models.FloatField()
    w = models.FloatField()
    h = models.FloatField()
    emotion = models.CharField(max_length=12)
    confidence = models.FloatField()

    class Meta:
        ordering = ("t_ms", "track")
        indexes = (models.Index(fields=("run", "camera", "t_ms"), name="faces_by_time"),)

    def __str__(self) -> str:
        return f"{self.camera} {self.t_ms} ms"


class ByHand(models.Model):
    """What somebody said about an encounter and may take back: appended, never edited but to be undone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ("made_at", "pk")


class PersonCorrection(ByHand):
    """Who a person on one recording is. Numbers are those of the tracks that `basis` names.

    reassign: the track has `role`. merge: it is the same person as `into`. split: its faces from `at_ms` on,
    in the camera's own time, are another person.
    """

    class Kind(models.TextChoices):
        REASSIGN = "reassign", "is"
        MERGE = "merge", "is the same person as"
        SPLIT = "split", "is somebody else from"

    class Role(models.TextChoices):
        DOCTOR = "doctor", "the doctor"
        PATIENT = "patient", "the patient"
        IRRELEVANT = "irrelevant", "somebody else"

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="person_corrections")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    basis = models.CharField(max_length=16)
    track = models.PositiveIntegerField()
    role = models.CharField(max_length=12, choices=Role.choices, blank=True)
    into = models.PositiveIntegerField(null=True)
    at_ms = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} track {self.track}"


class ClockCorrection(ByHand):
    """By how many milliseconds the second camera (in the order of names) began after the first."""

    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="clock_corrections")
    offset_ms = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.offset_ms} ms"


class RestingChoice(ByHand):
    """What counts as a person's face at rest.

    at_ms: in the camera's own time, around which it is; None for the first quiet seconds.
    """

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="resting_choices")
    at_ms = models.IntegerField(null=True)

    class Meta(ByHand.Meta):
        abstract = False
        constraints = (
            models.UniqueConstraint(
                fields=("recording",), condition=models.Q(undone_at=None), name="one_resting_face_stands"
            ),
        )

    def __str__(self) -> str:
        return "first quiet seconds" if self.at_ms is None else f"around {self.at_ms} ms"

    def second_in(self, run: AnalysisRun) -> int | None:
        """Return the second on the clock of a run of the recording."""
        if self.at_ms is None:
            return None
        return math.floor(run.clock_s(self.recording.camera, self.at_ms / 1000))


class IdentityWish(models.Model):
    """Whether a study asks to keep identity embeddings of doctor and patient. Rows are added, never edited;
    the newest counts, and without one nothing is kept.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="identity_wishes")
    is_kept = models.BooleanField()
    reason = models.CharField(max_length=500)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-set_at", "-pk")

    def __str__(self) -> str:
        return "kept" if self.is_kept else "not kept"


class RuleSet(models.Model):
    """A version of a study's own empathy rules, as YAML that was checked when it was saved; newest counts."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="rule_sets")
    version = models.PositiveIntegerField()
    text = models.TextField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-version",)
        constraints = (models.UniqueConstraint(fields=("study", "version"), name="one_rule_set_per_version"),)

    def __str__(self) -> str:
        return f"version {self.version}"
