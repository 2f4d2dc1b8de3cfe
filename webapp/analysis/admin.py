from django.contrib import admin

from webapp.analysis.models import AnalysisRun
from webapp.core.admin_site import ReadOnlyAdmin


@admin.register(AnalysisRun)
class AnalysisRunAdmin(ReadOnlyAdmin[AnalysisRun]):
    list_display = ("id", "encounter", "model", "sync_offset_ms", "finished_at")
    list_filter = ("model",)
