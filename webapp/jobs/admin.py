from django.contrib import admin

from webapp.core.admin_site import ReadOnlyAdmin
from webapp.jobs.models import Job, WorkerHeartbeat


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    list_display = ("id", "kind", "state", "progress", "attempts", "created_at", "finished_at")
    list_filter = ("state", "kind")


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin[WorkerHeartbeat]):
    list_display = ("worker", "host", "process", "started_at", "beat_at")
