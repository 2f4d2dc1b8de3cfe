from django.urls import path

from webapp.sharing import api

app_name = "sharing"
RELEASES = "api/v1/studies/<slug:slug>/releases/"
urlpatterns = [
    path(RELEASES, api.ReleaseList.as_view(), name="api_releases"),
    path(f"{RELEASES}plan/", api.Plan.as_view(), name="api_plan"),
    path(f"{RELEASES}<int:version>/", api.ReleaseDetail.as_view(), name="api_release"),
    path(f"{RELEASES}<int:version>/build/", api.Building.as_view(), name="api_build"),
    path(f"{RELEASES}<int:version>/recipients/", api.RecipientList.as_view(), name="api_recipients"),
    path(f"{RELEASES}<int:version>/recall/", api.Recalling.as_view(), name="api_recall"),
    path(f"{RELEASES}<int:version>/package.zip", api.Package.as_view(), name="api_package"),
]
