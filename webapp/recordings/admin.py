from django.contrib import admin

from webapp.core.admin_site import ReadOnlyAdmin
from webapp.recordings.models import Recording, Upload


@admin.register(Recording)
class RecordingAdmin(ReadOnlyAdmin[Recording]):
    list_display = ("id", "encounter", "camera", "state", "created_at")
    list_filter = ("state", "camera")


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin[Upload]):
    list_display = ("id", "encounter", "camera", "offset", "length", "finished", "changed_at")
    list_filter = ("finished",)
