"""What a passkey must satisfy beyond the library: one challenge for one answer, this site's origin, a counter
that only grows, and no end of keys.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter, get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as webauthn
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from webapp.accounts.models import User
from webapp.core import audit

NAME_LENGTH = 60
MOST_PASSKEYS = 20
MOST_CHARACTERS = 16_384
#: What the library raises over an answer that no browser sends.
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError, struct.error)


class PasskeyAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.error_messages = DefaultMFAAdapter.error_messages | {
            "passkey_refused": "This passkey was not accepted. Nothing was changed; try again.",
            "too_many_passkeys": f"You have {MOST_PASSKEYS} passkeys; remove one first.",
        }

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        host = settings.PASSKEY_HOST or context.request.get_host().partition(":")[0]
        return {"id": host, "name": settings.MFA_TOTP_ISSUER}

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"


class _Answered(forms.Form):
    """Takes a passkey's answer once: accepted or not, its challenge is gone.

    accept: returns what the form hands on; raises ValidationError or one of MALFORMED.
    """

    accept: Callable[[dict[str, Any]], Any]

    def clean_credential(self) -> Any:
        answer = self.cleaned_data["credential"]
        try:
            return self.accept(answer)
        except MALFORMED:
            raise get_adapter().validation_error("passkey_refused") from None
        except ValidationError as error:
            if error.code != "incorrect_code":  # the library's word for everything that is wrong with a key
                raise
            raise get_adapter().validation_error("passkey_refused") from None
        finally:
            auth.clear_state()


class AddPasskeyForm(_Answered, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label="Name", max_length=NAME_LENGTH, required=False)
    passwordless = forms.BooleanField(
        label="Sign in with it alone, without the password",
        help_text="It then asks for your finger, face or PIN each time.",
        required=False,
    )
    field_order = ("name", "passwordless", "credential")

    def __init__(self, *args: Any, **values: Any) -> None:
        values.setdefault("initial", {}).setdefault("passwordless", True)
        super().__init__(*args, **values)

    def accept(self, answer: dict[str, Any]) -> dict[str, Any]:
        if len(self.data.get("credential", "")) > MOST_CHARACTERS:
            raise ValueError
        response = auth.parse_registration_response(answer).response
        _check_origin(context.request, response.client_data.origin)
        added = auth.complete_registration(answer)
        if self.cleaned_data["passwordless"] and not added.is_user_verified():
            raise ValueError
        if auth.get_authenticator_by_credential_id(self.user, added.credential_data.credential_id):
            raise ValueError
        return answer

    def clean(self) -> dict[str, Any]:
        if len(auth.get_credentials(self.user)) >= MOST_PASSKEYS:
            raise get_adapter().validation_error("too_many_passkeys")
        return self.cleaned_data


class EditPasskeyForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label="Name", max_length=NAME_LENGTH)

    def save(self) -> Authenticator:
        renamed: Authenticator = super().save()
        audit.record(
            actor=renamed.user, action="account.passkey_renamed", target=renamed, details={"id": renamed.pk}
        )
        return renamed


class _Authenticated(_Answered):
    def accept(self, answer: dict[str, Any]) -> Authenticator:
        response = auth.parse_authentication_response(answer).response
        _check_origin(context.request, response.client_data.origin)
        authenticator: Authenticator = webauthn.AuthenticateWebAuthnForm.clean_credential(self)
        if not _advance_counter(authenticator, response.authenticator_data.counter):
            raise ValueError
        return authenticator


class SecondFactorForm(_Authenticated, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """After the password."""


class SignInForm(_Authenticated, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    """Instead of the password."""


class ReauthenticateForm(_Authenticated, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Before something that needs a fresh look at who is there."""


def _check_origin(request: HttpRequest, origin: str) -> None:
    """Raise ValueError unless the browser signed for this very site; the library takes subdomains as well."""
    if origin not in {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}:
        raise ValueError


@transaction.atomic
def _advance_counter(authenticator: Authenticator, count: int) -> bool:
    """Remember how often the key has signed; a count that does not grow betrays a copy of the key.

    Keys that are kept in step between devices always say zero.
    """
    kept = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    before = kept.data.get("counter", kept.wrap().authenticator_data.counter)
    if count <= before and (count or before):
        audit.record(
            actor=kept.user,
            action="account.passkey_refused",
            target=kept.user,
            details={"because": "counter"},
        )
        return False
    kept.data["counter"] = count
    kept.save(update_fields=["data"])
    return True
