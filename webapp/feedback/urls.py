from django.urls import path

from webapp.feedback import api, comment_views, views

app_name = "feedback"
urlpatterns = [
    path("feedback/", views.trends, name="trends"),
    path("feedback/notes/<int:pk>/delete/", views.note_delete, name="note_delete"),
    path("encounters/<uuid:pk>/feedback/", views.session, name="session"),
    path("encounters/<uuid:pk>/feedback/pdf/", views.pdf, name="pdf"),
    path("encounters/<uuid:pk>/feedback/reflection/", views.reflect, name="reflect"),
    path("encounters/<uuid:pk>/feedback/notes/", views.note, name="note"),
    path("encounters/<uuid:pk>/comments/", comment_views.answer, name="comment_answer"),
    path("comments/<int:pk>/", comment_views.change, name="comment_change"),
    path("comments/<int:pk>/delete/", comment_views.delete, name="comment_delete"),
    path("encounters/<uuid:pk>/care/", views.care_start, name="care_start"),
    path("care/<str:token>/", views.care, name="care"),
    path("api/v1/encounters/<uuid:pk>/feedback/", api.FeedbackTimeline.as_view(), name="api_timeline"),
]
