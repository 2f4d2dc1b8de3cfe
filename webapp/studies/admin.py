from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from webapp.accounts.models import User
from webapp.core.admin_site import AuditedAdmin
from webapp.studies.models import Encounter, Membership, Participant, Study
from webapp.studies.services import remove_member


@admin.register(Study)
class StudyAdmin(AuditedAdmin[Study]):
    list_display = ("title", "slug", "protocol_number")
    search_fields = ("title", "slug", "protocol_number")


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin[Membership]):
    list_display = ("study", "user", "role")
    list_filter = ("study", "role")

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        assert isinstance(request.user, User)
        remove_member(actor=request.user, membership=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset:
            self.delete_model(request, membership)


@admin.register(Participant)
class ParticipantAdmin(AuditedAdmin[Participant]):
    list_display = ("code", "study", "kind")
    list_filter = ("study", "kind")


@admin.register(Encounter)
class EncounterAdmin(AuditedAdmin[Encounter]):
    list_display = ("code", "study", "doctor", "patient", "held_on")
    list_filter = ("study",)
