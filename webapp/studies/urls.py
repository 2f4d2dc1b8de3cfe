from django.urls import path

from webapp.studies import api, views

app_name = "studies"
urlpatterns = [
    path("studies/", views.study_list, name="list"),
    path("studies/<slug:slug>/", views.overview, name="overview"),
    path("studies/<slug:slug>/participants/", views.participants, name="participants"),
    path("studies/<slug:slug>/participants/new/", views.participant_new, name="participant_new"),
    path("studies/<slug:slug>/encounters/", views.encounters, name="encounters"),
    path("studies/<slug:slug>/encounters/new/", views.encounter_new, name="encounter_new"),
    path("api/v1/studies/", api.StudyList.as_view(), name="api_studies"),
    path("api/v1/studies/<slug:slug>/encounters/", api.EncounterList.as_view(), name="api_encounters"),
]
