from django.urls import path

from webapp.consent import views

app_name = "consent"
urlpatterns = [
    path("studies/<slug:slug>/consent-form/", views.text, name="text"),
    path("studies/<slug:slug>/participants/<str:code>/consent/", views.record, name="record"),
]
