"""Consent as a history: forms with purposes, and decisions that are appended and never edited."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from webapp.studies.models import Participant, Study


class Purpose(models.TextChoices):
    RECORD = "record", "Record the consultation"
    ANALYSE_PATIENT = "analyse_patient", "Analyse the patient's expression"
    ANALYSE_DOCTOR = "analyse_doctor", "Analyse the doctor's expression"
    ANNOTATE = "annotate", "Label the recording by hand"
    LIVE_FEEDBACK = "live_feedback", "Give live feedback"
    SHARE_DEIDENTIFIED = "share_deidentified", "Share a de-identified version"
    SHARE_AUDIO = "share_audio", "Share the sound"


class ConsentForm(models.Model):
    """One version of the text a participant decides on. A new wording is a new version."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="consent_forms")
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=10, default="en")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-version",)
        constraints = (
            models.UniqueConstraint(fields=("study", "version", "language"), name="one_form_per_version"),
        )

    def __str__(self) -> str:
        return f"version {self.version} ({self.language})"


class ConsentDecision(models.Model):
    """Yes or no to one purpose. The newest per purpose counts."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="decisions")
    form = models.ForeignKey(ConsentForm, on_delete=models.PROTECT, related_name="decisions")
    purpose = models.CharField(max_length=24, choices=Purpose.choices)
    granted = models.BooleanField()
    decided_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("participant", "purpose", "-decided_at", "-pk")
        indexes = (
            models.Index(fields=("participant", "purpose", "-decided_at", "-id"), name="newest_decision"),
        )

    def __str__(self) -> str:
        return f"{self.participant} {self.purpose} {'yes' if self.granted else 'no'}"
