from django.contrib import admin

from webapp.core.admin_site import ReadOnlyAdmin
from webapp.deidjobs.models import Derivative, Review


@admin.register(Derivative)
class DerivativeAdmin(ReadOnlyAdmin[Derivative]):
    list_display = ("id", "recording", "method", "verdict", "finished_at")
    list_filter = ("method", "verdict")


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin[Review]):
    list_display = ("derivative", "decision", "reviewer", "decided_at")
