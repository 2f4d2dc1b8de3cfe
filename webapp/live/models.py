"""What a live session was, second by second, and what it suggested to the doctor."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from webapp.recordings.models import Camera
from webapp.studies.models import Encounter


class Mode(models.TextChoices):
    """How much the doctor sees: the arms of an experiment on live feedback."""

    SPARSE = "sparse", "Sparse: state and seldom a suggestion"
    AMBIENT = "ambient", "Ambient: state, no suggestions"
    NONE = "none", "None: nothing is shown, everything is kept"


class LiveSession(models.Model):
    """One consultation while it happens. It is open until ended_at is set; that happens once.

    started_us: when second 0 began, in microseconds since 1970. conductor: token of the process that closes
    seconds now; another may take over when conductor_until has passed. rules: the study's own empathy rules
    as they were when it began, empty for those that ship; rules_sha256 identifies either. language: of its
    suggestions. calibrate: whether a person's resting face counts as neutral once it is known.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="live_sessions")
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.SPARSE)
    silenced = models.BooleanField(default=False)
    model = models.CharField(max_length=60)
    rules = models.TextField(blank=True)
    rules_sha256 = models.CharField(max_length=64)
    language = models.CharField(max_length=20, default="en")
    calibrate = models.BooleanField(default=False)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField()
    started_us = models.BigIntegerField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, blank=True)
    conductor = models.UUIDField(null=True)
    conductor_until = models.DateTimeField(null=True)
    recorded_us = models.JSONField(default=dict, help_text="Per camera, when its own recording began.")
    latency_p50_ms = models.FloatField(null=True)
    latency_p95_ms = models.FloatField(null=True)

    class Meta:
        ordering = ("-started_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("encounter",),
                condition=models.Q(ended_at=None),
                name="one_open_live_session_per_encounter",
            ),
        )

    def __str__(self) -> str:
        return f"live session {self.started_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("live:session", args=[self.pk])


class Reading(models.Model):
    """One second of one camera of a session, as SecondRow is of a recording.

    calibrated: emotion, confidence and probs with the person's resting face as neutral, empty before it is
    known; status, emotion and the rest are raw.
    """

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="readings")
    camera = models.CharField(max_length=10, choices=Camera.choices)
    second = models.IntegerField()
    status = models.CharField(max_length=20)
    emotion = models.CharField(max_length=12, null=True)
    confidence = models.FloatField(null=True)
    probs = models.JSONField(default=list, help_text="Seven probabilities in alphabetical order, or none.")
    calibrated = models.JSONField(default=dict)
    frames_sampled = models.PositiveIntegerField()
    frames_detected = models.PositiveIntegerField()

    class Meta:
        ordering = ("second", "camera")
        constraints = (
            models.UniqueConstraint(
                fields=("session", "second", "camera"), name="one_reading_per_camera_and_second"
            ),
        )

    def __str__(self) -> str:
        return f"{self.camera} {self.second} s {self.status}"


class Answer(models.TextChoices):
    HELPED = "helped", "Helped"
    NOT_NOW = "not_now", "Not now"
    WRONG = "wrong", "Wrong"


class Suggestion(models.Model):
    """What a rule said at a second, why, and what the doctor thought of it.

    evidence: per person the emotions, seconds, level and baseline. shown: False where the mode or the silence
    key kept it back.
    """

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="suggestions")
    second = models.IntegerField()
    rule = models.CharField(max_length=60)
    text = models.TextField()
    language = models.CharField(max_length=20)
    framework = models.CharField(max_length=40)
    citations = models.JSONField(default=list)
    severity = models.CharField(max_length=12)
    confidence = models.FloatField()
    evidence = models.JSONField(default=list)
    shown = models.BooleanField(default=True)
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("second",)
        constraints = (
            models.UniqueConstraint(fields=("session", "second"), name="one_suggestion_per_second"),
        )

    def __str__(self) -> str:
        return f"{self.second} s {self.rule}"
