"""Consent as a history: forms, decisions that are appended and never edited, and what had to be erased."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from webapp.core.wrapped_keys import WrappedKey
from webapp.studies.models import Participant, Study


class Purpose(models.TextChoices):
    RECORD = "record", "Record the consultation"
    ANALYSE_PATIENT = "analyse_patient", "Analyse the patient's expression"
    ANALYSE_DOCTOR = "analyse_doctor", "Analyse the doctor's expression, for the doctor's own training"
    SHOW_DOCTOR = "show_doctor", "Show the doctor's expression to members of the study, for research"
    ANNOTATE = "annotate", "Label the recording by hand"
    LIVE_FEEDBACK = "live_feedback", "Give live feedback"
    SHARE_DEIDENTIFIED = "share_deidentified", "Share a de-identified version"
    SHARE_AUDIO = "share_audio", "Share the sound"
    AVERAGE_FACE = "average_face", "Use the face in an average of several that hides somebody else"


class ConsentForm(models.Model):
    """One version of the text a participant decides on, in one language. Rows are never edited: a new wording
    is a new version, a translation is another row of the same version.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="consent_forms")
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=10, default="en")
    kind = models.CharField(
        "for whom", max_length=10, blank=True, choices=[("", "Everybody"), *Participant.Kind.choices]
    )
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-version",)
        constraints = (
            models.UniqueConstraint(fields=("study", "version", "language"), name="one_form_per_version"),
        )

    def __str__(self) -> str:
        return f"version {self.version} ({self.language})"


class ConsentRecord(models.Model):
    """One act of consenting, exactly as it was signed. Rows are appended and never edited.

    document: everything that the copies show, a drawn signature as well; sha256: of its canonical JSON.
    signature: typed initials, not a name.
    """

    class Method(models.TextChoices):
        TYPED = "typed", "Signed here"
        DRAWN = "drawn", "Signed here by hand"
        PAPER = "paper", "Signed on paper"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="consent_records")
    form = models.ForeignKey(ConsentForm, on_delete=models.PROTECT, related_name="records")
    method = models.CharField(max_length=6, choices=Method.choices)
    signature = models.CharField(max_length=8, blank=True)
    attachment_suffix = models.CharField(max_length=5, blank=True)
    attachment_sha256 = models.CharField(max_length=64, blank=True)
    signed_at = models.DateTimeField()
    valid_until = models.DateField(null=True)
    countersigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("-signed_at",)

    def __str__(self) -> str:
        return f"consent of {self.participant} on {self.form}"


class ScanKey(WrappedKey):
    """The key of one scan; destroyed when the person withdraws everything, so that no copy of it opens.

    complete: the scan is encrypted with it; False while one that was stored plain may still lie so.
    """

    record = models.OneToOneField(ConsentRecord, on_delete=models.PROTECT, related_name="scan_key")
    complete = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"key {self.pk}"

    @property
    def study_id(self) -> int | None:
        return self.record.participant.study_id


class ConsentDecision(models.Model):
    """Yes or no to one purpose. The newest per purpose counts."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="decisions")
    form = models.ForeignKey(ConsentForm, on_delete=models.PROTECT, related_name="decisions")
    purpose = models.CharField(max_length=24, choices=Purpose.choices)
    granted = models.BooleanField()
    record = models.ForeignKey(ConsentRecord, null=True, on_delete=models.PROTECT, related_name="decisions")
    valid_until = models.DateField(null=True)
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


class Erasure(models.Model):
    """What must disappear because consent ended or the time to keep it ran out, and the proof that it did.

    person: whose consent it is about, empty for everybody. encounters: ids of those concerned. waits_for: id
    and lease of the jobs that ran when it began; it is not done before they have stopped. remaining: what the
    last look at database and storage still found.
    """

    class Cause(models.TextChoices):
        WITHDRAWAL = "withdrawal", "Consent withdrawn"
        RETENTION = "retention", "Time to keep it has ended"

    class State(models.TextChoices):
        OPEN = "open", "Under way"
        DONE = "done", "Done and verified"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="erasures")
    participant = models.ForeignKey(Participant, null=True, on_delete=models.PROTECT, related_name="erasures")
    person = models.CharField(max_length=10, blank=True)
    cause = models.CharField(max_length=12, choices=Cause.choices)
    purposes = models.JSONField(default=list)
    entire = models.BooleanField(default=False)
    encounters = models.JSONField(default=list)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    waits_for = models.JSONField(default=list)
    remaining = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    certificate = models.JSONField(null=True)
    certificate_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-requested_at",)
        indexes = (models.Index(fields=("state", "due_at"), name="open_erasures"),)

    def __str__(self) -> str:
        return f"{self.get_cause_display()} {self.requested_at:%Y-%m-%d}"

    @property
    def overdue(self) -> bool:
        return self.state == self.State.OPEN and self.due_at < timezone.now()

    def get_absolute_url(self) -> str:
        return reverse("consent:erasure", args=[self.study.slug, self.pk])


class Tombstone(models.Model):
    """That something existed and was erased: never what was in it. Rows are appended and never edited."""

    erasure = models.ForeignKey(Erasure, on_delete=models.PROTECT, related_name="tombstones")
    kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(null=True)
    count = models.PositiveIntegerField(default=1)
    erased_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
