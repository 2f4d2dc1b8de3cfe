from django.contrib import admin

from webapp.core.admin_site import AuditedAdmin
from webapp.studies.models import Encounter, Membership, Participant, Study


@admin.register(Study)
class StudyAdmin(AuditedAdmin[Study]):
    list_display = ("title", "slug", "protocol_number")
    search_fields = ("title", "slug", "protocol_number")


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin[Membership]):
    list_display = ("study", "user", "role")
    list_filter = ("study", "role")


@admin.register(Participant)
class ParticipantAdmin(AuditedAdmin[Participant]):
    list_display = ("code", "study", "kind")
    list_filter = ("study", "kind")


@admin.register(Encounter)
class EncounterAdmin(AuditedAdmin[Encounter]):
    list_display = ("code", "study", "doctor", "patient", "held_on")
    list_filter = ("study",)
