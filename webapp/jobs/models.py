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
    PAUSED = "paused"


UNFINISHED = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING_FOR_CONSENT, JobState.PAUSED)


class SegmentState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"


SEGMENT_UNFINISHED = (SegmentState.QUEUED, SegmentState.RUNNING)


class Batch(models.Model):
    """Jobs that one person began with one click. It is done when all are queued and none is unfinished.

    study_id: the study's number; the studies app lies to the right. queued_at: when its last job was queued.
    seen_at: when the person looked at the result. told_at: when an e-mail about it was queued.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    study_id = models.BigIntegerField(db_index=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return self.title


class Leased(models.Model):
    """Work that one worker at a time holds.

    lease_token: drawn at each claim, so that a worker that lost its lease can write nothing any more.
    task_id, enqueued_at: the newest message about it in the task queue, and when that was due.
    """

    progress = models.FloatField(default=0.0)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    lease_token = models.UUIDField(null=True, db_index=True)
    worker = models.CharField(max_length=64, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    task_id = models.UUIDField(null=True)
    enqueued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Job(Leased):
    """One piece of long work. Its state changes by conditional UPDATE alone; see services, running, spreading
    and sweeping.

    subject_id: the encounter that the work is about; apps to the right know its type. A running job without a
    lease is spread: its segments are being worked on. spread_at, spread_from: when that began, and with how
    much progress. whole_s: seconds of recording that all its segments come to, at least.
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
    message = models.CharField(max_length=200, blank=True)
    expected_end_at = models.DateTimeField(null=True)
    priority = models.SmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    pause_requested = models.BooleanField(default=False)
    spread_at = models.DateTimeField(null=True)
    spread_from = models.FloatField(default=0.0)
    whole_s = models.FloatField(default=0.0)
    batch = models.ForeignKey(Batch, null=True, on_delete=models.SET_NULL, related_name="jobs")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("state", "heartbeat_at")),
            models.Index(fields=("subject_id", "-created_at")),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id} {self.state}"


class Segment(Leased):
    """A stretch of a job that one worker does in one go, and that may be done again without harm.

    name: what it is, once per job. input: everything that doing it needs. media_s: seconds of recording.
    work_s: how long the doing took.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="segments")
    name = models.CharField(max_length=120)
    label = models.CharField(max_length=120)
    position = models.PositiveIntegerField()
    input = models.JSONField(default=dict)
    media_s = models.FloatField(default=0.0)
    work_s = models.FloatField(null=True)
    state = models.CharField(max_length=12, choices=SegmentState.choices, default=SegmentState.QUEUED)

    class Meta:
        ordering = ("job", "position")
        constraints = (models.UniqueConstraint(fields=("job", "name"), name="one_segment_per_name"),)
        indexes = (models.Index(fields=("state", "finished_at"), name="segments_by_state"),)

    def __str__(self) -> str:
        return f"{self.label} {self.state}"


class WorkerHeartbeat(models.Model):
    """A worker process that was alive at beat_at. queues: what it takes from, empty for everything."""

    worker = models.CharField(primary_key=True, max_length=64)
    host = models.CharField(max_length=200)
    process = models.PositiveIntegerField()
    queues = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("-beat_at",)

    def __str__(self) -> str:
        return f"{self.worker} {self.beat_at:%Y-%m-%d %H:%M:%S}"
