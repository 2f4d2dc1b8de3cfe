from django.urls import path

from webapp.studies import (
    api,
    audit_views,
    encounter_views,
    member_views,
    participant_bulk_views,
    participant_views,
    protocol_views,
    views,
)

app_name = "studies"
urlpatterns = [
    path("studies/", views.study_list, name="list"),
    path("studies/new/", protocol_views.new, name="new"),
    path("studies/<slug:slug>/", views.overview, name="overview"),
    path("studies/<slug:slug>/protocol/", protocol_views.protocol, name="protocol"),
    path("studies/<slug:slug>/protocol/sites/", protocol_views.site_new, name="site_new"),
    path("studies/<slug:slug>/protocol/arms/", protocol_views.arm_new, name="arm_new"),
    path("studies/<slug:slug>/state/", protocol_views.state, name="state"),
    path("studies/<slug:slug>/members/", member_views.members, name="members"),
    path("studies/<slug:slug>/members/invite/", member_views.invite, name="invite"),
    path("studies/<slug:slug>/members/<int:pk>/", member_views.member, name="member"),
    path(
        "studies/<slug:slug>/invitations/<int:pk>/revoke/",
        member_views.invitation_revoke,
        name="invitation_revoke",
    ),
    path("invitations/<str:token>/", member_views.invitation, name="invitation"),
    path("studies/<slug:slug>/participants/", participant_views.participants, name="participants"),
    path("studies/<slug:slug>/participants/new/", participant_views.participant_new, name="participant_new"),
    path(
        "studies/<slug:slug>/participants/change/",
        participant_bulk_views.participants_change,
        name="participants_change",
    ),
    path(
        "studies/<slug:slug>/participants.csv",
        participant_bulk_views.participants_export,
        name="participants_export",
    ),
    path(
        "studies/<slug:slug>/participants/import/",
        participant_views.participant_import,
        name="participant_import",
    ),
    path("studies/<slug:slug>/protocol/attributes/", participant_views.attribute_new, name="attribute_new"),
    path("studies/<slug:slug>/audit/", audit_views.trail, name="audit"),
    path("studies/<slug:slug>/audit.csv", audit_views.export, name="audit_export"),
    path("studies/<slug:slug>/views/", encounter_views.view_save, name="view_save"),
    path(
        "studies/<slug:slug>/encounters/change/",
        encounter_views.encounters_change,
        name="encounters_change",
    ),
    path("studies/<slug:slug>/encounters/", encounter_views.encounters, name="encounters"),
    path("studies/<slug:slug>/encounters/new/", encounter_views.encounter_new, name="encounter_new"),
    path("api/v1/studies/", api.StudyList.as_view(), name="api_studies"),
    path("api/v1/studies/<slug:slug>/encounters/", api.EncounterList.as_view(), name="api_encounters"),
]
