"""Sign-in, password, second factor, sessions and tokens: what a closed site needs of allauth, and our own.

What changes an account runs in a transaction with its audit event, see trail.py.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.db.transaction import atomic
from django.urls import path

from webapp.accounts import views

urlpatterns = [
    path("login/", atomic(account.login), name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", atomic(account.password_change), name="account_change_password"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("access/", views.access, name="account_access"),
    path("access/sessions/<int:pk>/end/", views.session_end, name="account_session_end"),
    path("access/tokens/new/", views.token_new, name="account_token_new"),
    path("access/tokens/<int:pk>/revoke/", views.token_revoke, name="account_token_revoke"),
    path("2fa/", mfa.index, name="mfa_index"),
    path("2fa/authenticate/", atomic(mfa.authenticate), name="mfa_authenticate"),
    path("2fa/reauthenticate/", atomic(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", atomic(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", atomic(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery-codes/generate/",
        atomic(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"
    ),
    path("2fa/passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("2fa/passkeys/add/", atomic(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path("2fa/passkeys/sign-in/", atomic(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path(
        "2fa/passkeys/reauthenticate/",
        atomic(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("2fa/passkeys/<int:pk>/rename/", atomic(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path("2fa/passkeys/<int:pk>/remove/", atomic(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
]
