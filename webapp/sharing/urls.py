from django.urls import path

from webapp.sharing import api, release_views, views

app_name = "sharing"
RELEASES = "api/v1/studies/<slug:slug>/releases/"
PAGES = "studies/<slug:slug>/releases/"
ONE = f"{PAGES}<int:version>/"
urlpatterns = [
    path(PAGES, views.releases, name="releases"),
    path(f"{PAGES}new/", views.release_new, name="release_new"),
    path(f"{PAGES}plan.csv", views.plan_export, name="plan_export"),
    path(ONE, release_views.release, name="release"),
    path(f"{ONE}build/", release_views.build, name="build"),
    path(f"{ONE}cancel/", release_views.cancel, name="cancel"),
    path(f"{ONE}edit/", release_views.edit, name="edit"),
    path(f"{ONE}discard/", release_views.discard, name="discard"),
    path(f"{ONE}recipients/", release_views.recipient_new, name="recipient_new"),
    path(f"{ONE}recall/", release_views.recall, name="recall"),
    path(
        f"{ONE}recalls/<uuid:pk>/acknowledgements/",
        release_views.acknowledgement_new,
        name="acknowledgement_new",
    ),
    path(
        f"{ONE}recalls/<uuid:pk>/recipients/<int:recipient>/", release_views.recall_text, name="recall_text"
    ),
    path(RELEASES, api.ReleaseList.as_view(), name="api_releases"),
    path(f"{RELEASES}plan/", api.Plan.as_view(), name="api_plan"),
    path(f"{RELEASES}<int:version>/", api.ReleaseDetail.as_view(), name="api_release"),
    path(f"{RELEASES}<int:version>/build/", api.Building.as_view(), name="api_build"),
    path(f"{RELEASES}<int:version>/recipients/", api.RecipientList.as_view(), name="api_recipients"),
    path(f"{RELEASES}<int:version>/recalls/", api.RecallList.as_view(), name="api_recalls"),
    path(
        f"{RELEASES}<int:version>/recalls/<uuid:pk>/acknowledgements/",
        api.Acknowledging.as_view(),
        name="api_acknowledgements",
    ),
    path(f"{RELEASES}<int:version>/recall/", api.Recalling.as_view(), name="api_recall"),
    path(f"{RELEASES}<int:version>/package.zip", api.Package.as_view(), name="api_package"),
]
