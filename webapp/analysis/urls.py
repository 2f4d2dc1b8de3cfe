from django.urls import path

from webapp.analysis import api, identity_views, job_views, views
from webapp.analysis.consumers import EncounterConsumer

app_name = "analysis"
urlpatterns = [
    path("encounters/<uuid:pk>/", views.encounter, name="encounter"),
    path("studies/<slug:slug>/jobs/", job_views.jobs, name="jobs"),
    path("studies/<slug:slug>/jobs/bulk/", job_views.bulk_action, name="jobs_bulk"),
    path("studies/<slug:slug>/jobs/batch/", job_views.batch_new, name="batch_new"),
    path("jobs/<uuid:pk>/", job_views.job, name="job"),
    path("api/v1/encounters/<uuid:pk>/", api.EncounterDetail.as_view(), name="api_encounter"),
    path("studies/<slug:slug>/rules/", views.rules, name="rules"),
    path("studies/<slug:slug>/identities/", identity_views.wish, name="identities"),
    path(
        "api/v1/runs/<uuid:pk>/identities/",
        identity_views.Identities.as_view(),
        name="api_identities",
    ),
    path("api/v1/encounters/<uuid:pk>/people/", api.PersonCorrectionCreation.as_view(), name="api_people"),
    path(
        "api/v1/person-corrections/<uuid:pk>/undo/",
        api.PersonCorrectionUndoing.as_view(),
        name="api_undo",
    ),
    path("api/v1/encounters/<uuid:pk>/clock/", api.ClockSetting.as_view(), name="api_clock"),
    path("api/v1/encounters/<uuid:pk>/resting-face/", api.RestingFace.as_view(), name="api_resting"),
    path(
        "api/v1/encounters/<uuid:pk>/resting-face/undo/",
        api.RestingFaceForgetting.as_view(),
        name="api_resting_undo",
    ),
    path("api/v1/encounters/<uuid:pk>/runs/", api.RunCreation.as_view(), name="api_runs"),
    path("api/v1/runs/<uuid:pk>/timeline/", api.RunTimeline.as_view(), name="api_timeline"),
    path("api/v1/runs/<uuid:pk>/timeline.csv", api.TimelineCsv.as_view(), name="timeline_csv"),
    path("api/v1/runs/<uuid:pk>/faces/", api.RunFaces.as_view(), name="api_faces"),
    path("api/v1/jobs/<uuid:pk>/cancel/", api.JobCancellation.as_view(), name="api_cancel"),
    path("api/v1/jobs/<uuid:pk>/retry/", api.JobRetry.as_view(), name="api_retry"),
]
websocket_urlpatterns = [path("ws/encounters/<uuid:pk>/", EncounterConsumer.as_asgi())]
