from django.urls import path

from webapp.recordings import api, views

app_name = "recordings"
urlpatterns = [
    path("recordings/<uuid:pk>/video", views.video, name="video"),
    path("recordings/<uuid:pk>/poster.jpg", views.poster, name="poster"),
    path("api/v1/uploads/", api.UploadCreation.as_view(), name="api_uploads"),
    path("api/v1/uploads/<uuid:pk>/", api.UploadProgress.as_view(), name="api_upload"),
    path(
        "api/v1/encounters/<uuid:pk>/uploads/", api.UnfinishedUploads.as_view(), name="api_unfinished_uploads"
    ),
]
