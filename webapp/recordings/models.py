"""One camera's file, from its first byte to a checked recording."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from webapp.core.wrapped_keys import WrappedKey
from webapp.studies.models import Encounter


class Camera(models.TextChoices):
    DOCTOR = "doctor", "Doctor"
    PATIENT = "patient", "Patient"


class RecordingState(models.TextChoices):
    CHECKING = "checking"
    READY = "ready"
    REFUSED = "refused"


class Recording(models.Model):
    """A file that arrived whole. What it says of itself is known once it is ready.

    original_name is for people to recognise; on disk the file is named by id alone. replaces: a ready
    recording of the same camera gives way to this one when its check succeeds.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="recordings")
    camera = models.CharField(max_length=10, choices=Camera.choices)
    state = models.CharField(max_length=10, choices=RecordingState.choices, default=RecordingState.CHECKING)
    message = models.CharField(max_length=500, blank=True)
    replaces = models.BooleanField(default=False)
    original_name = models.CharField(max_length=120)
    suffix = models.CharField(max_length=8)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)
    container = models.CharField(max_length=40, blank=True)
    codec = models.CharField(max_length=40, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    duration_us = models.BigIntegerField(null=True)
    frame_rate = models.CharField(
        max_length=24, blank=True, help_text="An exact fraction such as 30000/1001."
    )
    has_audio = models.BooleanField(default=False)
    playable = models.BooleanField(default=False, help_text="Browsers can play the file as it is.")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("camera", "-created_at")
        constraints = (
            models.UniqueConstraint(
                fields=("encounter", "camera"),
                condition=models.Q(state="ready"),
                name="one_ready_recording_per_camera",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_camera_display()}’s camera"


class MediaKey(WrappedKey):
    """The key of one recording.

    It belongs to the upload until that has arrived and then to the recording, and goes with it: from then on
    nobody reads the files, wherever there are copies of them. complete: every file of the recording is
    encrypted, so a plain one in its place is not taken for it.
    """

    upload = models.OneToOneField("Upload", null=True, on_delete=models.CASCADE, related_name="media_key")
    recording = models.OneToOneField(Recording, null=True, on_delete=models.CASCADE, related_name="media_key")
    complete = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(upload=None, recording__isnull=False)
                | models.Q(upload__isnull=False, recording=None),
                name="media_key_has_one_owner",
            ),
        )

    def __str__(self) -> str:
        return f"key {self.pk}"

    @property
    def study_id(self) -> int | None:
        owner = self.recording or self.upload
        return owner.encounter.study_id if owner is not None else None


class Upload(models.Model):
    """A file on its way. offset: bytes that are safely on disk; it moves forward under the lock alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="uploads")
    camera = models.CharField(max_length=10, choices=Camera.choices)
    original_name = models.CharField(max_length=120)
    suffix = models.CharField(max_length=8)
    length = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    replaces = models.BooleanField(default=False)
    lock_token = models.UUIDField(null=True)
    locked_until = models.DateTimeField(null=True)
    recording = models.OneToOneField(Recording, null=True, on_delete=models.SET_NULL, related_name="upload")
    finished = models.BooleanField(default=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("finished", "changed_at")),)

    def __str__(self) -> str:
        return f"{self.get_camera_display()}’s camera, {self.offset} of {self.length} bytes"


class UploadPart(models.Model):
    """A chunk of an upload that lies in a bucket as an object of its own. One without a row does not count.

    token: of the lock under which it was written; part of the object's name.
    """

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    start = models.BigIntegerField()
    size = models.BigIntegerField()
    token = models.UUIDField()

    class Meta:
        ordering = ("upload", "start")
        constraints = (models.UniqueConstraint(fields=("upload", "start"), name="one_part_per_place"),)

    def __str__(self) -> str:
        return f"{self.size} bytes at {self.start}"
