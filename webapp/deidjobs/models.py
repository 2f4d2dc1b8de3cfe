"""De-identified versions of recordings, and what a second person said of them. Neither is ever edited."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse

from webapp.jobs.models import Job
from webapp.recordings.models import Recording
from webapp.studies.models import Participant, Study

SOUNDS = {"remove": "removed", "mask": "noise", "spans": "masked in marked spans", "keep": "kept"}
THERE = models.Q(removed_at=None)  # what a person drew or marked and nobody has removed


class Derivative(models.Model):
    """One recording with its faces hidden, measured on the delivered file.

    recipe: everything needed to write the same bytes again. report: what the run says of itself. privacy,
    expression, media: the cards of the audit. verdict: pass, review or fail, with reasons, by
    the limits that the study had then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="derivatives")
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="derivative")
    method = models.CharField(max_length=12)
    audio = models.CharField(max_length=8)
    recipe = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    privacy = models.JSONField(default=dict)
    expression = models.JSONField(default=dict)
    media = models.JSONField(default=dict)
    verdict = models.CharField(max_length=8)
    reasons = models.JSONField(default=list)
    limits = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    finished_at = models.DateTimeField()

    class Meta:
        ordering = ("-finished_at",)
        indexes = (models.Index(fields=("recording", "-finished_at")),)

    def __str__(self) -> str:
        return f"{self.method}, {self.finished_at:%Y-%m-%d %H:%M}"

    @property
    def sound(self) -> str:
        return SOUNDS.get(self.audio, self.audio)

    @property
    def is_left(self) -> bool:
        """Return whether somebody of whose face it is made has left for good, with whom its file went."""
        return self.members.filter(contribution=None).exists()

    def get_absolute_url(self) -> str:
        return reverse("deidjobs:derivative", args=[self.pk])


class DrawnCover(models.Model):
    """A rectangle that a person drew over a recording: a badge, a screen, a tattoo, a missed face.

    keys: [microseconds from the first frame, [left, top, right, bottom] in pixels], by time. What was drawn
    is never changed: a version's recipe names these rows. drawn_on: the version that was looked at.
    client_key: what the page calls it, so that one that is sent twice is kept once, and one that is sent
    again after it was removed is a new row.
    """

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="drawn_covers")
    drawn_on = models.ForeignKey(
        Derivative, null=True, on_delete=models.SET_NULL, related_name="drawn_covers"
    )
    keys = models.JSONField()
    reason = models.CharField(max_length=120)
    client_key = models.UUIDField(null=True, editable=False)
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField(auto_now_add=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("recording", "client_key"), condition=THERE, name="one_cover_per_client_key"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reason}, {self.keys[0][0] / 1e6:.1f} to {self.keys[-1][0] / 1e6:.1f} s"


class MarkedSpan(models.Model):
    """From when to when something is said in a recording that must not be heard; what is heard instead.

    Microseconds from the first frame. What was marked is never changed: a version's recipe names these rows.
    client_key: what the page calls it, so that one that is sent twice is kept once, and one that is sent
    again after it was removed is a new row.
    """

    class Style(models.TextChoices):
        MUTE = "mute", "Silence"
        BLEEP = "bleep", "Bleep"

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="marked_spans")
    start_us = models.BigIntegerField()
    end_us = models.BigIntegerField()
    style = models.CharField(max_length=8, choices=Style.choices, default=Style.MUTE)
    client_key = models.UUIDField(editable=False)
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField(auto_now_add=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("start_us", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("recording", "client_key"), condition=THERE, name="one_span_per_client_key"
            ),
            models.CheckConstraint(
                condition=models.Q(start_us__gte=0, end_us__gt=models.F("start_us")), name="span_has_length"
            ),
        )

    def __str__(self) -> str:
        return f"{self.start_us / 1e6:.2f} to {self.end_us / 1e6:.2f} s, {self.style}"


class StudyDonor(models.Model):
    """The donor whose face a participant is given throughout a study; nobody else there ever gets it.

    refused_at: a reviewer wants another one next time. The row stays, so that the donor stays taken, also
    when it is forgotten whose it was.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    participant = models.ForeignKey(Participant, null=True, on_delete=models.SET_NULL, related_name="+")
    donor = models.CharField(max_length=16)
    given_at = models.DateTimeField(auto_now_add=True)
    refused_at = models.DateTimeField(null=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("study", "donor"), name="one_person_per_donor"),
            models.UniqueConstraint(
                fields=("study", "participant"),
                condition=models.Q(refused_at=None),
                name="one_donor_per_person",
            ),
        )

    def __str__(self) -> str:
        return self.donor


class Casting(models.Model):
    """What a job was told when it chose donors: the person's own, or auto, and those of others."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="casting")
    donor = models.CharField(max_length=16)
    taken = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.donor} beside {len(self.taken)} others"


class FaceContribution(models.Model):
    """What one participant gives to means of several faces, made of one recording of theirs, beside which
    its file lies. It is as personal as the recording. digest: as records of means name it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, related_name="+")
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=16)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"contribution {self.digest}"


class MeanMember(models.Model):
    """Somebody of whose face something is in a version whose face is a mean.

    at_rest: one of the k of whom the face at rest is made; the others show what mouths and expressions look
    like. Once the contribution is gone both are empty, and the version is never shown again. left_because:
    why it went; consent holds where their recording was replaced, or somebody said otherwise who is who.
    """

    class Left(models.TextChoices):
        CONSENT = "consent", "consent ended"
        REPLACED = "replaced", "the recording was replaced"
        CORRECTED = "corrected", "somebody said otherwise who is who"

    derivative = models.ForeignKey(Derivative, on_delete=models.CASCADE, related_name="members")
    participant = models.ForeignKey(Participant, null=True, on_delete=models.SET_NULL, related_name="+")
    contribution = models.ForeignKey(
        FaceContribution, null=True, on_delete=models.SET_NULL, related_name="members"
    )
    at_rest = models.BooleanField()
    left_because = models.CharField(max_length=9, choices=Left.choices, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("derivative", "contribution"), name="one_part_per_person"),
        )

    def __str__(self) -> str:
        return f"part of {self.derivative_id}"


class Review(models.Model):
    """A second person's decision on a version, with the reason. The newest counts."""

    class Decision(models.TextChoices):
        APPROVED = "approved", "Approve"
        REFUSED = "refused", "Refuse"

    derivative = models.ForeignKey(Derivative, on_delete=models.CASCADE, related_name="reviews")
    decision = models.CharField(max_length=8, choices=Decision.choices)
    reason = models.CharField(max_length=500)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-decided_at", "-pk")

    def __str__(self) -> str:
        return f"{self.decision} by {self.reviewer}"


def _share(words: str, help_text: str) -> models.FloatField[float, float]:
    return models.FloatField(
        words, validators=(MinValueValidator(0.0), MaxValueValidator(1.0)), help_text=help_text
    )


class ReleaseLimits(models.Model):
    """What a study asks of a version before it may be released, 0 to 1 each. Rows are added, never edited;
    the newest counts for versions that are measured from then on.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="release_limits")
    rank1_over_chance = _share(
        "Finds the person, above chance", "More faces than this above chance find their person: fail."
    )
    tar = _share(
        "Taken for the person", "More faces than this are as like the person as 1 % of strangers: fail."
    )
    informed_over_chance = _share(
        "Finds the person knowing the method", "More than this above what is found under a box: review."
    )
    similarity = _share("Mean likeness", "A larger mean cosine to the person: review.")
    detection_retained = _share("Face still found", "In a smaller share of frames: review.")
    agreement = _share("Classified alike", "In a smaller share of seconds, by the worse model: review.")
    correlation = _share("Movement", "A smaller share of the control's correlation in any channel: review.")
    reason = models.CharField(max_length=500, help_text="Why the study needs these limits.")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-set_at", "-pk")

    def __str__(self) -> str:
        return f"limits of {self.set_at:%Y-%m-%d %H:%M}"
