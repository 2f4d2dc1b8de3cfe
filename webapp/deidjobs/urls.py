from django.urls import path

from webapp.deidjobs import (
    api,
    batch_views,
    cover_views,
    donor_views,
    lending_views,
    limit_views,
    span_api,
    span_views,
    views,
)

app_name = "deidjobs"
urlpatterns = [
    path("encounters/<uuid:pk>/deidentified/", views.versions, name="versions"),
    path("studies/<slug:slug>/jobs/deidentify/", batch_views.batch_new, name="batch_new"),
    path("studies/<slug:slug>/deidentified/", views.reviews, name="reviews"),
    path("studies/<slug:slug>/deidentified/faces/", lending_views.faces, name="faces"),
    path("studies/<slug:slug>/deidentified/limits/", limit_views.limits, name="limits"),
    path("deidentified/<uuid:pk>/", views.derivative, name="derivative"),
    path("deidentified/<uuid:pk>/review/", views.review, name="review"),
    path("deidentified/<uuid:pk>/video", views.video, name="video"),
    path("recordings/<uuid:pk>/hidden-frame/", donor_views.preview, name="preview"),
    path("api/v1/recordings/<uuid:pk>/moments/", api.Moments.as_view(), name="api_moments"),
    path("recordings/<uuid:pk>/spans/", span_views.spans, name="spans"),
    path("api/v1/recordings/<uuid:pk>/spans/", span_api.Spans.as_view(), name="api_spans"),
    path("api/v1/recordings/<uuid:pk>/sound/", span_api.SoundDrawn.as_view(), name="api_sound"),
    path("api/v1/recordings/<uuid:pk>/speech/", span_api.Speech.as_view(), name="api_speech"),
    path("deidentified/<uuid:pk>/donor/refuse/", donor_views.donor_refused, name="donor_refused"),
    path("deidentified/<uuid:pk>/covers/", cover_views.covers, name="covers"),
    path("deidentified/<uuid:pk>/covers/version/", cover_views.covered_version, name="covered_version"),
    path("api/v1/deidentified/<uuid:pk>/covers/", api.Covers.as_view(), name="api_covers"),
    path("api/v1/deidentified/<uuid:pk>/frames/", api.Frames.as_view(), name="api_frames"),
    path("api/v1/deidentified/<uuid:pk>/follow/", api.Following.as_view(), name="api_follow"),
]
