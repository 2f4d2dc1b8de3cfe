"""The ledger of long work, and the workers that do it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WAITING_FOR_CONSENT = "waiting_for_consent", "waiting for consent"


UNFINISHED = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING_FOR_CONSENT)


class Job(models.Model):
    """One piece of long work. Its state changes by conditional UPDATE alone; see services, running and
    sweeping.

    subject_id: the encounter that the work is about; apps to the right know its type. lease_token: drawn at
    each claim, so that a worker that lost its lease can write nothing any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    subject_id = models.UUIDField(null=True, db_index=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    purpose = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=24, choices=JobState.choices, default=JobState.QUEUED)
    progress = models.FloatField(default=0.0)
    message = models.CharField(max_length=200, blank=True)
    expected_end_at = models.DateTimeField(null=True)
    priority = models.SmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    cancel_requested = models.BooleanField(default=False)
    lease_token = models.UUIDField(null=True)
    worker = models.CharField(max_length=64, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    task_id = models.UUIDField(null=True)
    enqueued_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("state", "heartbeat_at")),
            models.Index(fields=("subject_id", "-created_at")),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id} {self.state}"


class WorkerHeartbeat(models.Model):
    """A worker process that was alive at beat_at."""

    worker = models.CharField(primary_key=True, max_length=64)
    host = models.CharField(max_length=200)
    process = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("-beat_at",)

    def __str__(self) -> str:
        return f"{self.worker} {self.beat_at:%Y-%m-%d %H:%M:%S}"
