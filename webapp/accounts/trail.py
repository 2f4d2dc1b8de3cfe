"""What happens to an account is an audit event: signing in, a new password, second factors changed and used.

The views that change something run in a transaction (urls.py), so that change and event stand or fall
together.
"""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from django.db import transaction
from django.db.models.signals import post_delete, post_save

from webapp.accounts.models import User
from webapp.core import audit


def record_events() -> None:
    """Listen to sign-ins, and to the table of second factors: the library's own signals for recovery codes
    come after the commit.
    """
    user_logged_in.connect(_record_signed_in, dispatch_uid="signed_in")
    password_changed.connect(_record_password_changed, dispatch_uid="password_changed")
    post_save.connect(_record_added, sender=Authenticator, dispatch_uid="second_factor_added")
    post_delete.connect(_record_removed, sender=Authenticator, dispatch_uid="second_factor_removed")
    authenticator_used.connect(_record_used, dispatch_uid="second_factor_used")


def _record_signed_in(*, user: User, **_: Any) -> None:
    _record("signed_in", user)


def _record_password_changed(*, user: User, **_: Any) -> None:
    _record("password_changed", user)


def _record_added(*, instance: Authenticator, created: bool, **_: Any) -> None:
    if created:
        _record("second_factor_added", instance.user, type=instance.type)


def _record_removed(*, instance: Authenticator, **_: Any) -> None:
    _record("second_factor_removed", instance.user, type=instance.type)


def _record_used(*, user: User, authenticator: Authenticator, passwordless: bool, **_: Any) -> None:
    _record(
        "second_factor_used", user, type=authenticator.type, id=authenticator.pk, passwordless=passwordless
    )


def _record(event: str, user: User, **details: Any) -> None:
    with transaction.atomic():
        audit.record(actor=user, action=f"account.{event}", target=user, details=details)
