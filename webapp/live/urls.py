from django.urls import path

from webapp.live import api, views
from webapp.live.consumers import CameraConsumer, DashboardConsumer

app_name = "live"
urlpatterns = [
    path("encounters/<uuid:pk>/live/", views.start, name="start"),
    path("live/<uuid:pk>/", views.session, name="session"),
    path("live/<uuid:pk>/end/", views.end, name="end"),
    path("live/<uuid:pk>/camera/<str:camera>/", views.camera, name="camera"),
    path("live/<uuid:pk>/dashboard/", views.dashboard, name="dashboard"),
    path("api/v1/live/<uuid:pk>/silence/", api.Silence.as_view(), name="api_silence"),
    path("api/v1/live/suggestions/<int:pk>/answer/", api.SuggestionAnswer.as_view(), name="api_answer"),
]
websocket_urlpatterns = [
    path("ws/live/<uuid:pk>/", DashboardConsumer.as_asgi()),
    path("ws/live/<uuid:pk>/camera/<str:camera>/", CameraConsumer.as_asgi()),
]
