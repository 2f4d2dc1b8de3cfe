from django.contrib import admin

from webapp.analysis.models import AnalysisRun, ClockCorrection, PersonCorrection, RuleSet
from webapp.core.admin_site import ReadOnlyAdmin


@admin.register(AnalysisRun)
class AnalysisRunAdmin(ReadOnlyAdmin[AnalysisRun]):
    list_display = ("id", "encounter", "model", "sync_offset_ms", "finished_at")
    list_filter = ("model",)
    exclude = ("summary",)  # what faces showed is for those whom `shown_to` lets see it


@admin.register(PersonCorrection)
class PersonCorrectionAdmin(ReadOnlyAdmin[PersonCorrection]):
    list_display = ("id", "recording", "kind", "track", "made_at", "undone_at")


@admin.register(ClockCorrection)
class ClockCorrectionAdmin(ReadOnlyAdmin[ClockCorrection]):
    list_display = ("id", "encounter", "offset_ms", "made_at", "undone_at")


@admin.register(RuleSet)
class RuleSetAdmin(ReadOnlyAdmin[RuleSet]):
    list_display = ("study", "version", "made_by", "made_at")
