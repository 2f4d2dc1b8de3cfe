from django.urls import path

from webapp.consent import board_views, erasure_views, views

app_name = "consent"
urlpatterns = [
    path("studies/<slug:slug>/consent/", views.home, name="home"),
    path("studies/<slug:slug>/consent/board/", board_views.board, name="board"),
    path("studies/<slug:slug>/consent/board.csv", board_views.board_export, name="board_export"),
    path("studies/<slug:slug>/consent-form/", views.text, name="text"),
    path("studies/<slug:slug>/consent-form/<int:pk>/", views.version, name="version"),
    path("studies/<slug:slug>/consents/<uuid:pk>.json", views.copy_json, name="copy_json"),
    path("studies/<slug:slug>/consents/<uuid:pk>.pdf", views.copy_pdf, name="copy_pdf"),
    path("studies/<slug:slug>/consents/<uuid:pk>/scan", views.scan, name="scan"),
    path("studies/<slug:slug>/participants/<str:code>/consent/", views.record, name="record"),
    path("studies/<slug:slug>/participants/<str:code>/withdraw/", erasure_views.withdraw, name="withdraw"),
    path("studies/<slug:slug>/erasures/", erasure_views.erasures, name="erasures"),
    path("studies/<slug:slug>/erasures/<uuid:pk>/", erasure_views.erasure, name="erasure"),
    path(
        "studies/<slug:slug>/erasures/<uuid:pk>/certificate.json",
        erasure_views.certificate,
        name="certificate",
    ),
]
