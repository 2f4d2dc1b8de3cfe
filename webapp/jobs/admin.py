from django.contrib import admin

from webapp.core.admin_site import ReadOnlyAdmin
from webapp.jobs.models import Batch, Job, Segment, WorkerHeartbeat


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    list_display = ("id", "kind", "state", "progress", "attempts", "created_at", "finished_at")
    list_filter = ("state", "kind")


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin[Segment]):
    list_display = ("id", "job", "label", "state", "attempts", "worker", "work_s", "finished_at")
    list_filter = ("state",)
    list_select_related = ("job",)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin[Batch]):
    list_display = ("title", "requested_by", "created_at", "seen_at")


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin[WorkerHeartbeat]):
    list_display = ("worker", "host", "process", "queues", "started_at", "beat_at")
