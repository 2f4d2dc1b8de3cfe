from django.urls import path

from webapp.deidjobs import views

app_name = "deidjobs"
urlpatterns = [
    path("encounters/<uuid:pk>/deidentified/", views.versions, name="versions"),
    path("deidentified/<uuid:pk>/", views.derivative, name="derivative"),
    path("deidentified/<uuid:pk>/review/", views.review, name="review"),
    path("deidentified/<uuid:pk>/video", views.video, name="video"),
]
