"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from webapp.core.docs import api_docs
from webapp.core.views import healthz
from webapp.studies.views import home

handler400 = "webapp.core.views.bad_request"
handler403 = "webapp.core.views.forbidden"
handler404 = "webapp.core.views.not_found"
handler500 = "webapp.core.views.server_error"

urlpatterns = [
    path("", include(([path("", home, name="home")], "core"))),
    path("healthz", healthz, name="healthz"),
    path("accounts/", include("webapp.accounts.urls")),
    path("", include("webapp.studies.urls")),
    path("", include("webapp.consent.urls")),
    path("", include("webapp.recordings.urls")),
    path("", include("webapp.analysis.urls")),
    path("", include("webapp.jobs.urls")),
    path("", include("webapp.live.urls")),
    path("", include("webapp.feedback.urls")),
    path("", include("webapp.deidjobs.urls")),
    path("", include("webapp.sharing.urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/docs/", api_docs, name="api_docs"),
    path("admin/", admin.site.urls),
]
