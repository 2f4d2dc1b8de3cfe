from django.contrib import admin

from webapp.analysis.models import AnalysisRun


@admin.register(AnalysisRun)
class AnalysisRunAdmin(admin.ModelAdmin[AnalysisRun]):
    list_display = ("id", "encounter", "model", "sync_offset_ms", "finished_at")
    list_filter = ("model",)
