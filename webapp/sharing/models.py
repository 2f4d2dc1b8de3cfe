"""Releases: packages for other researchers, what was in them, who got them, and what was called back.

What was in a package, who got it and what was called back are appended and never edited: they outlive the
recordings, as codes and hashes.
"""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from webapp.consent.models import Purpose
from webapp.core.wrapped_keys import WrappedKey
from webapp.jobs.models import Job
from webapp.sharing.states import NEVER_PACKED, ONCE_READY, PACKED, SAYS, ReleaseState
from webapp.studies.models import Encounter, Participant, Study


def new_code_key() -> str:
    return secrets.token_hex(32)


class Release(models.Model):
    """One version of what a study shares. Its state changes by conditional UPDATE alone.

    code_key: what the codes in this package are drawn from; nobody gets from them to the study's codes
    without it. left_out: how many recordings were left out, by the reason. message: why a build failed.
    stored_as: what the package is called where it lies; empty while there is none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="releases")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField()
    terms = models.TextField("terms of use")
    licence = models.TextField("text of the licence")
    state = models.CharField(max_length=10, choices=ReleaseState.choices, default=ReleaseState.DRAFT)
    message = models.CharField(max_length=500, blank=True)
    code_key = models.CharField(max_length=64, default=new_code_key)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="releases")
    left_out = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    made_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(null=True)
    stored_as = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-version",)
        constraints = (
            models.UniqueConstraint(fields=("study", "version"), name="one_release_per_study_and_version"),
        )

    def __str__(self) -> str:
        return f"release {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("sharing:release", args=[self.study.slug, self.version])

    @property
    def code(self) -> str:
        return f"release-{self.version}"

    @property
    def says(self) -> str:
        return SAYS[self.state]

    @property
    def is_packed(self) -> bool:
        return self.state in PACKED

    @property
    def was_packed(self) -> bool:
        """Return whether somebody may have got it."""
        return self.state in ONCE_READY

    @property
    def is_discardable(self) -> bool:
        return self.state in NEVER_PACKED

    @property
    def file_name(self) -> str:
        """Return what the package is called where it is taken to; it says nothing of anybody in it."""
        return f"{self.study.slug}-release-{self.version}.zip"


class ReleasePerson(models.Model):
    """A participant under the code that stands for them in one package."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="people")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="released_as")
    code = models.CharField(max_length=16)

    class Meta:
        ordering = ("code",)
        constraints = (
            models.UniqueConstraint(fields=("release", "participant"), name="one_code_per_released_person"),
            models.UniqueConstraint(fields=("release", "code"), name="one_person_per_release_code"),
        )

    def __str__(self) -> str:
        return self.code


class ReleaseItem(models.Model):
    """A video or a timeline in a package. source_id: the de-identified version or the analysis run that it
    was, which may be erased since. purposes: those without which it might not be shared when it was made;
    needed: those without which it may not be now.
    """

    class Kind(models.TextChoices):
        VIDEO = "video", "De-identified video"
        TIMELINE = "timeline", "Timeline"

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="items")
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, related_name="released_items")
    code = models.CharField(max_length=16)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    camera = models.CharField(max_length=10, blank=True)
    source_id = models.UUIDField()
    purposes = models.JSONField(default=list)
    path = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()

    class Meta:
        ordering = ("path",)
        constraints = (models.UniqueConstraint(fields=("release", "path"), name="one_item_per_path"),)

    def __str__(self) -> str:
        return self.path

    @property
    def is_recalled(self) -> bool:
        return hasattr(self, "recalled")

    @property
    def needed(self) -> list[str]:
        """Return the purposes; a doctor may have been shared before they were asked about being shown."""
        asked_since = Purpose.ANALYSE_DOCTOR in self.purposes and Purpose.SHOW_DOCTOR not in self.purposes
        return [*self.purposes, Purpose.SHOW_DOCTOR.value] if asked_since else self.purposes


class Recipient(models.Model):
    """Somebody who got a package, and under which agreement."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="recipients")
    organisation = models.CharField(max_length=200)
    email = models.EmailField("contact's e-mail address")
    purpose = models.CharField("what they use it for", max_length=500)
    agreement = models.CharField("reference of the agreement", max_length=120)
    given_on = models.DateField("given on")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("given_on", "pk")

    def __str__(self) -> str:
        return self.organisation


class Recall(models.Model):
    """That something in a package may no longer be used by anybody who got it."""

    class Reason(models.TextChoices):
        WITHDRAWAL = "withdrawal", "Consent withdrawn"
        RETENTION = "retention", "Time to keep it has ended"
        EXPIRY = "expiry", "Consent no longer valid"
        ERROR = "error", "Something in it is wrong"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="recalls")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    note = models.CharField(max_length=500, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return f"recall of {self.release}"


class RecalledItem(models.Model):
    """What a recall asks to destroy. Nothing is called back twice."""

    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="items")
    item = models.OneToOneField(ReleaseItem, on_delete=models.PROTECT, related_name="recalled")

    class Meta:
        ordering = ("item__path",)

    def __str__(self) -> str:
        return str(self.item)


class Acknowledgement(models.Model):
    """A recipient's word that what was called back is destroyed."""

    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="acknowledgements")
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="acknowledgements")
    acknowledged_on = models.DateField("destroyed on")
    note = models.CharField("how they told", max_length=200, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("acknowledged_on", "pk")
        constraints = (models.UniqueConstraint(fields=("recall", "recipient"), name="one_answer_per_recall"),)

    def __str__(self) -> str:
        return f"{self.recipient}, {self.acknowledged_on}"


class ReleaseKey(WrappedKey):
    """The key of one package; destroyed when the package is called back, so that no copy of it opens.

    complete: the package is encrypted with it; False while one that was stored plain may still lie so.
    """

    release = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="key")
    complete = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"key of {self.release}"

    @property
    def study_id(self) -> int | None:
        return self.release.study_id
