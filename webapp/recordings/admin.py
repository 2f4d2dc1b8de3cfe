from django.contrib import admin

from webapp.recordings.models import Recording, Upload


@admin.register(Recording)
class RecordingAdmin(admin.ModelAdmin[Recording]):
    list_display = ("id", "encounter", "camera", "state", "created_at")
    list_filter = ("state", "camera")


@admin.register(Upload)
class UploadAdmin(admin.ModelAdmin[Upload]):
    list_display = ("id", "encounter", "camera", "offset", "length", "finished", "changed_at")
    list_filter = ("finished",)
