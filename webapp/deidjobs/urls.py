from django.urls import path

from webapp.deidjobs import batch_views, views

app_name = "deidjobs"
urlpatterns = [
    path("encounters/<uuid:pk>/deidentified/", views.versions, name="versions"),
    path("studies/<slug:slug>/jobs/deidentify/", batch_views.batch_new, name="batch_new"),
    path("studies/<slug:slug>/deidentified/", views.reviews, name="reviews"),
    path("deidentified/<uuid:pk>/", views.derivative, name="derivative"),
    path("deidentified/<uuid:pk>/review/", views.review, name="review"),
    path("deidentified/<uuid:pk>/video", views.video, name="video"),
]
