from django.contrib import admin

from webapp.core.admin_site import ReadOnlyAdmin
from webapp.live.models import LiveSession


@admin.register(LiveSession)
class LiveSessionAdmin(ReadOnlyAdmin[LiveSession]):
    list_display = ("id", "encounter", "mode", "started_at", "ended_at", "end_reason")
    list_filter = ("mode", "end_reason")
