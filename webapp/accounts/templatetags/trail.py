"""The events of an account in words."""

from __future__ import annotations

from django import template

register = template.Library()
WORDS = {
    "account.signed_in": "Signed in",
    "account.password_changed": "Password changed",
    "account.second_factor_added": "Second factor added",
    "account.second_factor_removed": "Second factor removed",
    "account.second_factor_used": "Second factor used",
    "account.passkey_renamed": "Passkey renamed",
    "account.passkey_refused": "Passkey refused: its counter went back, so there may be a copy of it",
    "account.session_ended": "Session ended",
    "account.token_created": "Token made",
    "account.token_revoked": "Token revoked",
    "account.created_by_invitation": "Account made from an invitation",
    "webauthn": "passkey",
    "totp": "authenticator app",
    "recovery_codes": "recovery codes",
}


@register.filter
def account_event(name: str) -> str:
    return WORDS.get(name, name)
