from django.contrib import admin

from webapp.jobs.models import Job, WorkerHeartbeat


@admin.register(Job)
class JobAdmin(admin.ModelAdmin[Job]):
    list_display = ("id", "kind", "state", "progress", "attempts", "created_at", "finished_at")
    list_filter = ("state", "kind")


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(admin.ModelAdmin[WorkerHeartbeat]):
    list_display = ("worker", "host", "process", "started_at", "beat_at")
