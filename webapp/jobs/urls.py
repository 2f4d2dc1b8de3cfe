from django.urls import path

from webapp.jobs import views

app_name = "jobs"
urlpatterns = [
    path("jobs/", views.overview, name="overview"),
    path("jobs/bulk/", views.bulk_action, name="bulk"),
]
