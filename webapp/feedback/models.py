"""What a doctor keeps about their own encounter, and how the patient rated it: for the doctor alone."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from webapp.studies.models import Encounter

_OWNER = settings.AUTH_USER_MODEL


class Reflection(models.Model):
    """The doctor's own view, written before any number is shown. An empty text means that they skipped it."""

    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="reflections")
    doctor = models.ForeignKey(_OWNER, on_delete=models.CASCADE, related_name="reflections")
    text = models.TextField(blank=True)
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-written_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("encounter", "doctor"), name="one_reflection_per_encounter_and_doctor"
            ),
        )

    def __str__(self) -> str:
        return f"reflection on {self.encounter_id}"


class Cue(models.TextChoices):
    """What the patient expressed, in the terms of VR-CoDES (Zimmermann et al. 2011)."""

    CUE = "cue", "Cue: a hint at something unpleasant"
    CONCERN = "concern", "Concern: named clearly"
    NEITHER = "neither", "Neither"


class Response(models.TextChoices):
    """What the doctor made of it: explicit or not, space given or reduced (Del Piccolo et al. 2011)."""

    EXPLICIT_SPACE = "explicit_space", "Explicit, gave space"
    IMPLICIT_SPACE = "implicit_space", "Not explicit, gave space"
    EXPLICIT_REDUCE = "explicit_reduce", "Explicit, reduced space"
    IMPLICIT_REDUCE = "implicit_reduce", "Not explicit, reduced space"


class Note(models.Model):
    """A private remark on the encounter or on one second of it, perhaps with a code."""

    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="private_notes")
    doctor = models.ForeignKey(_OWNER, on_delete=models.CASCADE, related_name="private_notes")
    second = models.IntegerField(null=True, blank=True)
    text = models.TextField(blank=True, max_length=4000)
    cue = models.CharField(max_length=10, choices=Cue.choices, blank=True)
    response = models.CharField(max_length=20, choices=Response.choices, blank=True)
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("second", "written_at")

    def __str__(self) -> str:
        return f"note on {self.encounter_id}"


class CareRating(models.Model):
    """One item of the CARE measure as the patient rated it: 1 poor to 5 excellent, 0 does not apply."""

    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="care_ratings")
    item = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(10)])
    rating = models.PositiveSmallIntegerField(validators=[MaxValueValidator(5)])
    rated_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("item",)
        constraints = (
            models.UniqueConstraint(fields=("encounter", "item"), name="one_rating_per_encounter_and_item"),
        )

    def __str__(self) -> str:
        return f"item {self.item}: {self.rating}"


class Comment(models.Model):
    """A remark on one second that whoever may see the encounter's results can read, and answer there."""

    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(_OWNER, on_delete=models.CASCADE, related_name="comments")
    second = models.PositiveIntegerField()
    text = models.TextField(max_length=4000)
    written_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("second", "written_at", "pk")

    def __str__(self) -> str:
        return f"comment on {self.encounter_id}"
