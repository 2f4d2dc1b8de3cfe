"""Sign-in, password, second factor, sessions and tokens: what a closed site needs of allauth, and our own."""

from allauth.account import views as account
from django.urls import include, path

from webapp.accounts import views

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("access/", views.access, name="account_access"),
    path("access/sessions/<int:pk>/end/", views.session_end, name="account_session_end"),
    path("access/tokens/new/", views.token_new, name="account_token_new"),
    path("access/tokens/<int:pk>/revoke/", views.token_revoke, name="account_token_revoke"),
    path("2fa/", include("allauth.mfa.urls")),
]
